//! What one may be allowed to do.

/// One thing that a role allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Right {
    /// Store a sale.
    Sell,
    /// Make, copy and edit estimates of one's own.
    Estimate,
    /// Make an order of an estimate.
    Convert,
    /// Edit what belongs to others, and hand a record over.
    EditOthers,
    /// Set the status of an order.
    Status,
    /// Delete an estimate that is still open.
    DeleteOpen,
    /// Delete or cancel what was sold; sell at a negative price.
    UndoSold,
    /// Give more discount than the role's limit.
    Discount,
    /// See the figures of the whole shop.
    Figures,
    /// Change the settings.
    Settings,
    /// Let people and devices in, and change what they may.
    People,
    /// Take out the audit, tables and backups.
    Export,
}

impl Right {
    /// All of them, in the order of their names in lists.
    pub const ALL: [Self; 12] = [
        Self::Sell,
        Self::Estimate,
        Self::Convert,
        Self::EditOthers,
        Self::Status,
        Self::DeleteOpen,
        Self::UndoSold,
        Self::Discount,
        Self::Figures,
        Self::Settings,
        Self::People,
        Self::Export,
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sell => "sell",
            Self::Estimate => "estimate",
            Self::Convert => "convert",
            Self::EditOthers => "edit_others",
            Self::Status => "status",
            Self::DeleteOpen => "delete_open",
            Self::UndoSold => "undo_sold",
            Self::Discount => "discount",
            Self::Figures => "figures",
            Self::Settings => "settings",
            Self::People => "people",
            Self::Export => "export",
        }
    }

    /// The right of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.name() == name)
    }

    /// Whether somebody who has it may lend it for one command: the shop itself is never changed by a nod.
    pub fn may_be_lent(self) -> bool {
        !matches!(self, Self::Settings | Self::People)
    }
}

/// Several rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights(u16);

impl Rights {
    /// None.
    pub const NONE: Self = Self(0);
    /// Every one.
    pub const ALL: Self = Self((1 << Right::ALL.len()) - 1);

    /// These.
    pub const fn of(rights: &[Right]) -> Self {
        let (mut bits, mut index) = (0, 0);
        while index < rights.len() {
            #[expect(
                clippy::indexing_slicing,
                reason = "a constant function has no iterators; the index is below the length"
            )]
            let right = rights[index];
            bits |= 1 << right as u8;
            index += 1;
        }
        Self(bits)
    }

    /// Whether this one is among them.
    pub fn has(self, right: Right) -> bool {
        self.0 & (1 << right as u8) != 0
    }

    /// Those that both have.
    #[must_use]
    pub fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// All of these but those.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |&right| self.has(right))
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().fold(0, |bits, right| bits | 1 << right as u8))
    }
}
