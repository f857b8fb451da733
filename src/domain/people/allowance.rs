//! What a role allows and shows, and what that comes to for one who asks: rights, how far one sees, and limits.

use super::masks::Masks;
use super::right::{Right, Rights};
use crate::domain::Kind;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// What may be done.
    pub rights: Rights,
    /// Whose estimates are seen.
    pub estimates: Scope,
    /// Whose orders are seen.
    pub orders: Scope,
    /// Today and so many days before; `None` for all.
    pub days_back: Option<u16>,
    /// The discount that needs nobody, in hundredths of a percent.
    pub discount_max: u16,
    /// What of a record is not seen.
    pub masks: Masks,
}

impl Allowance {
    /// Everything.
    pub const ALL: Self = Self {
        rights: Rights::ALL,
        estimates: Scope::All,
        orders: Scope::All,
        days_back: None,
        discount_max: PERCENT_WHOLE,
        masks: Masks::NONE,
    };
    /// To look at one's own records, of which whoever may do nothing has none.
    pub const NONE: Self =
        Self { rights: Rights::NONE, estimates: Scope::Own, orders: Scope::Own, discount_max: 0, ..Self::ALL };

    /// What both allow.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self {
            rights: self.rights.intersect(other.rights),
            estimates: self.estimates.narrower(other.estimates),
            orders: self.orders.narrower(other.orders),
            days_back: match (self.days_back, other.days_back) {
                (Some(own), Some(other)) => Some(own.min(other)),
                (own, other) => own.or(other),
            },
            discount_max: self.discount_max.min(other.discount_max),
            masks: self.masks.union(other.masks),
        }
    }

    /// Whether it allows and shows no more than the other.
    pub fn is_within(self, other: Self) -> bool {
        self.within(other) == self
    }

    /// Whether this may be done.
    pub fn may(&self, right: Right) -> bool {
        self.rights.has(right)
    }

    /// Whose records of this kind are seen.
    pub fn scope(&self, kind: Kind) -> Scope {
        match kind {
            Kind::Estimate => self.estimates,
            Kind::Order => self.orders,
        }
    }

    /// Whether some records, or some of their fields, are not seen.
    pub fn is_cut(&self) -> bool {
        !self.masks.is_none() || self.is_limited()
    }

    /// Whether some records are not seen.
    pub fn is_limited(&self) -> bool {
        self.days_back.is_some() || self.estimates == Scope::Own || self.orders == Scope::Own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_allow_is_within_each_and_narrower_in_every_part() {
        let days = |days_back| Allowance { days_back, ..Allowance::ALL };
        let parts = [
            Allowance::ALL,
            Allowance::NONE,
            days(Some(0)),
            days(Some(7)),
            Allowance { rights: Rights::of(&[Right::Sell]), ..Allowance::ALL },
            Allowance { rights: Rights::of(&[Right::Sell, Right::People]), ..Allowance::ALL },
            Allowance { estimates: Scope::Own, ..Allowance::ALL },
            Allowance { orders: Scope::Own, ..Allowance::ALL },
            Allowance { discount_max: 1_000, ..Allowance::ALL },
            Allowance { masks: Masks { contact: true, ..Masks::NONE }, ..Allowance::ALL },
            Allowance { masks: Masks { amounts: true, ..Masks::NONE }, ..Allowance::ALL },
        ];
        for one in parts {
            assert!(one.is_within(Allowance::ALL) && one.is_within(one), "{one:?}");
            assert_eq!(Allowance::ALL.is_within(one), one == Allowance::ALL, "{one:?}");
            for other in parts {
                let both = one.within(other);
                assert!(both.is_within(one) && both.is_within(other), "{one:?} and {other:?}");
                assert_eq!(both, other.within(one));
            }
        }
        assert!(days(Some(0)).is_within(days(Some(7))) && !days(Some(7)).is_within(days(Some(0))));
        assert!(!days(None).is_within(days(Some(7))), "all days are more than some");
        let [sell, all] = [parts[4], Allowance::ALL];
        assert!(sell.may(Right::Sell) && !sell.may(Right::People) && all.may(Right::People));
    }

    #[test]
    fn a_view_is_cut_by_days_scopes_and_masks_and_by_no_right() {
        let few_rights = Allowance { rights: Rights::NONE, discount_max: 0, ..Allowance::ALL };
        assert!(!few_rights.is_cut());
        let masked = Allowance { masks: Masks { contact: true, ..Masks::NONE }, ..Allowance::ALL };
        assert!(masked.is_cut() && !masked.is_limited());
        for limited in
            [Allowance { days_back: Some(7), ..Allowance::ALL }, Allowance { orders: Scope::Own, ..Allowance::ALL }]
        {
            assert!(limited.is_cut() && limited.is_limited());
        }
        assert_eq!(
            (Allowance::NONE.scope(Kind::Estimate), Allowance::ALL.scope(Kind::Order)),
            (Scope::Own, Scope::All)
        );
    }
}
