//! Roles: what is allowed and shown, under a name.

use super::allowance::Allowance;
use super::masks::Masks;
use super::right::{Right, Rights};

/// What somebody may do and see, under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// From 1, never given twice.
    pub id: u32,
    /// For people.
    pub name: String,
    /// What it allows and shows.
    pub allows: Allowance,
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
        let role = |id, name: &str, allows| Self { id, name: name.to_string(), allows };
        let an_owners = Rights::of(&[Right::Settings, Right::People]);
        let manager = Allowance { rights: Rights::ALL.without(an_owners), ..Allowance::ALL };
        let seller = Allowance {
            rights: Rights::of(&[Right::Sell, Right::Estimate, Right::Convert, Right::Status]),
            days_back: Some(Self::FEW_DAYS),
            discount_max: Self::SELLER_DISCOUNT,
            ..Allowance::ALL
        };
        let viewer = Allowance {
            rights: Rights::of(&[Right::Figures]),
            days_back: Some(Self::FEW_DAYS),
            discount_max: 0,
            masks: Masks { contact: true, ..Masks::NONE },
            ..Allowance::ALL
        };
        [
            role(Self::OWNER, "Owner", Allowance::ALL),
            role(Self::MANAGER, "Manager", manager),
            role(Self::SELLER, "Seller", seller),
            role(Self::VIEWER, "Viewer", viewer),
        ]
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
