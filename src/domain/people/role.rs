//! Roles: rights, how far one sees, and limits, under a name.

use super::masks::Masks;
use super::right::{Right, Rights};

/// Hundredths of a percent in a whole.
pub const PERCENT_WHOLE: u16 = 10_000;

/// Whose records one sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One's own.
    Own,
    /// Everybody's.
    All,
}

impl Scope {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::All => "all",
        }
    }

    /// The scope of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Own, Self::All].into_iter().find(|scope| scope.name() == name)
    }

    /// What both allow.
    #[must_use]
    pub fn narrower(self, other: Self) -> Self {
        if self == Self::Own { self } else { other }
    }
}

/// What somebody may do and see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// From 1, never given twice.
    pub id: u32,
    /// For people.
    pub name: String,
    /// What it allows.
    pub rights: Rights,
    /// Whose estimates it shows.
    pub estimates: Scope,
    /// Whose orders it shows.
    pub orders: Scope,
    /// Today and so many days before; `None` for all.
    pub days_back: Option<u16>,
    /// The discount that needs nobody, in hundredths of a percent.
    pub discount_max: u16,
    /// What of a record it does not show.
    pub masks: Masks,
}

impl Role {
    /// The role of the owner: everything, for ever.
    pub const OWNER: u32 = 1;
    /// The role of a manager.
    pub const MANAGER: u32 = 2;
    /// The role of a seller.
    pub const SELLER: u32 = 3;
    /// The role of one who only looks.
    pub const VIEWER: u32 = 4;

    /// Hundredths of a percent that a seller may give without a nod.
    const SELLER_DISCOUNT: u16 = 1_000;
    /// Days that sellers and viewers look back.
    const FEW_DAYS: u16 = 7;

    /// The roles that each shop begins with.
    pub fn built_in() -> [Self; 4] {
        let owner = Self {
            id: Self::OWNER,
            name: "Owner".to_string(),
            rights: Rights::ALL,
            estimates: Scope::All,
            orders: Scope::All,
            days_back: None,
            discount_max: PERCENT_WHOLE,
            masks: Masks::NONE,
        };
        let manager = Self {
            id: Self::MANAGER,
            name: "Manager".to_string(),
            rights: Rights::ALL.without(Rights::of(&[Right::Settings, Right::People])),
            ..owner.clone()
        };
        let seller = Self {
            id: Self::SELLER,
            name: "Seller".to_string(),
            rights: Rights::of(&[Right::Sell, Right::Estimate, Right::Convert, Right::Status]),
            days_back: Some(Self::FEW_DAYS),
            discount_max: Self::SELLER_DISCOUNT,
            ..owner.clone()
        };
        let viewer = Self {
            id: Self::VIEWER,
            name: "Viewer".to_string(),
            rights: Rights::of(&[Right::Figures]),
            days_back: Some(Self::FEW_DAYS),
            discount_max: 0,
            masks: Masks { contact: true, ..Masks::NONE },
            ..owner.clone()
        };
        [owner, manager, seller, viewer]
    }

    /// Whether every shop has it.
    pub fn is_built_in(id: u32) -> bool {
        (Self::OWNER..=Self::VIEWER).contains(&id)
    }

    /// Whether whoever has it can change what others may, so that its PINs are longer.
    pub fn is_trusted(id: u32) -> bool {
        matches!(id, Self::OWNER | Self::MANAGER)
    }
}
