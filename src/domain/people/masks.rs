//! The fields of a record that a role does not show.

/// Groups of fields that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Masks {
    /// How to reach the customer.
    pub contact: bool,
    /// What things cost.
    pub amounts: bool,
}

impl Masks {
    /// Nothing is left out.
    pub const NONE: Self = Self { contact: false, amounts: false };

    /// Whether nothing is left out.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// What either leaves out.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self { contact: self.contact || other.contact, amounts: self.amounts || other.amounts }
    }

    /// The names of the groups, as roles have them.
    pub fn names(self) -> Vec<&'static str> {
        let named = [(self.contact, "contact"), (self.amounts, "amounts")];
        named.into_iter().filter_map(|(is_masked, name)| is_masked.then_some(name)).collect()
    }

    /// The group of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "contact" => Some(Self { contact: true, ..Self::NONE }),
            "amounts" => Some(Self { amounts: true, ..Self::NONE }),
            _ => None,
        }
    }
}
