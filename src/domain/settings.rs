//! What the owner says about the shop: it stands on receipts and in the forms of every till.

use super::money::Currency;
use super::records::Order;

/// Names in one list, such as the staff.
pub const NAMES_MAX: usize = 100;
/// Characters of one of them.
pub const NAME_CHARS_MAX: usize = 64;

/// The paper that receipts are printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PaperSize {
    /// Sheets.
    #[default]
    A4,
    /// A roll 80 mm wide.
    Roll80,
    /// A roll 58 mm wide.
    Roll58,
}

impl PaperSize {
    /// Every size.
    pub const ALL: [Self; 3] = [Self::A4, Self::Roll80, Self::Roll58];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::A4 => "A4",
            Self::Roll80 => "80mm",
            Self::Roll58 => "58mm",
        }
    }

    /// Reads its name, in either case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.name().eq_ignore_ascii_case(name.trim()))
    }
}

/// After so many minutes without input a till locks, unless the shop says otherwise.
pub const LOCK_MINUTES_DEFAULT: u32 = 10;
/// After how many it may lock.
pub const LOCK_MINUTES_RANGE: std::ops::RangeInclusive<u32> = 1..=240;

/// The settings of a shop.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// From 1, which stands for settings that were never saved, plus 1 with each change.
    pub rev: u32,
    /// On top of every receipt.
    pub shop_name: String,
    /// Below it; may have several lines.
    pub shop_address: String,
    /// As typed.
    pub shop_phone: String,
    /// The number that the law wants on a receipt.
    pub tax_number: String,
    /// In which amounts are shown; its decimals are those of the file. `None` for the file's own.
    pub currency: Option<Currency>,
    /// Who may be named as the one who made a sale.
    pub staff_names: Vec<String>,
    /// How customers pay; never empty.
    pub payment_modes: Vec<String>,
    /// Which of these are cash, so that what is handed over beyond the total is given back at once.
    pub cash_modes: Vec<String>,
    /// What receipts are printed on.
    pub paper_size: PaperSize,
    /// At the end of every receipt.
    pub footer_line: String,
    /// After so many minutes without input a till asks who is there.
    pub lock_minutes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rev: 1,
            shop_name: String::new(),
            shop_address: String::new(),
            shop_phone: String::new(),
            tax_number: String::new(),
            currency: None,
            staff_names: Vec::new(),
            payment_modes: ["Cash", "UPI", "Card"].map(str::to_string).to_vec(),
            cash_modes: vec![Order::PAYMENT_MODE_DEFAULT.to_string()],
            paper_size: PaperSize::default(),
            footer_line: String::new(),
            lock_minutes: LOCK_MINUTES_DEFAULT,
        }
    }
}

/// What a device wants to change; `None` leaves a setting as it is, so that a client which does not know one keeps it.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields of Settings")]
pub struct SettingsPatch {
    pub shop_name: Option<String>,
    pub shop_address: Option<String>,
    pub shop_phone: Option<String>,
    pub tax_number: Option<String>,
    pub currency: Option<Currency>,
    pub staff_names: Option<Vec<String>>,
    pub payment_modes: Option<Vec<String>>,
    pub cash_modes: Option<Vec<String>>,
    pub paper_size: Option<PaperSize>,
    pub footer_line: Option<String>,
    /// See [`Settings::lock_minutes`].
    pub lock_minutes: Option<u32>,
}

impl Settings {
    /// The settings after a change: the next revision, or the same one if nothing is different.
    #[must_use]
    pub fn with(&self, patch: &SettingsPatch) -> Self {
        fn chosen<T: Clone>(new: Option<&T>, old: &T) -> T {
            new.unwrap_or(old).clone()
        }
        let mut next = Self {
            rev: self.rev,
            shop_name: chosen(patch.shop_name.as_ref(), &self.shop_name),
            shop_address: chosen(patch.shop_address.as_ref(), &self.shop_address),
            shop_phone: chosen(patch.shop_phone.as_ref(), &self.shop_phone),
            tax_number: chosen(patch.tax_number.as_ref(), &self.tax_number),
            currency: patch.currency.or(self.currency),
            staff_names: chosen(patch.staff_names.as_ref(), &self.staff_names),
            payment_modes: chosen(patch.payment_modes.as_ref(), &self.payment_modes),
            cash_modes: chosen(patch.cash_modes.as_ref(), &self.cash_modes),
            paper_size: patch.paper_size.unwrap_or(self.paper_size),
            footer_line: chosen(patch.footer_line.as_ref(), &self.footer_line),
            lock_minutes: patch.lock_minutes.unwrap_or(self.lock_minutes),
        };
        if next != *self {
            next.rev += 1;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_keeps_what_it_does_not_name_and_counts_only_if_it_changes_something() {
        let settings = Settings { footer_line: "Thank you".into(), ..Settings::default() };
        let patch = SettingsPatch { shop_name: Some("Patil Electricals".into()), ..SettingsPatch::default() };
        let next = settings.with(&patch);
        assert_eq!(
            (next.rev, next.shop_name.as_str(), next.footer_line.as_str()),
            (2, "Patil Electricals", "Thank you")
        );
        assert_eq!(next.with(&patch), next);
    }

    #[test]
    fn paper_sizes_are_read_by_their_names() {
        for size in PaperSize::ALL {
            assert_eq!(PaperSize::from_name(&size.name().to_lowercase()), Some(size));
        }
        assert_eq!(PaperSize::from_name("letter"), None);
    }
}
