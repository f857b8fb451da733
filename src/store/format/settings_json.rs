//! The stored form of the settings: the JSON object that the API returns.

use serde::{Deserialize, Serialize};

use crate::domain::{Currency, PaperSize, Settings};
use crate::json;
use crate::store::error::StoreError;

/// What is written, in this order, and read back. A setting that an older release did not know has its default.
#[derive(Serialize, Deserialize)]
#[serde(default)]
struct SettingsForm {
    shop_name: String,
    shop_address: String,
    shop_phone: String,
    tax_number: String,
    currency: String,
    /// For readers alone: it follows from the currency.
    #[serde(skip_deserializing)]
    currency_decimals: u32,
    staff_names: Vec<String>,
    payment_modes: Vec<String>,
    cash_modes: Vec<String>,
    paper_size: String,
    footer_line: String,
    lock_minutes: u32,
    rev: u32,
}

impl Default for SettingsForm {
    fn default() -> Self {
        let mut form = Self::of(Settings::default(), Currency::INR);
        // None is chosen.
        form.currency.clear();
        form
    }
}

impl SettingsForm {
    fn of(settings: Settings, currency: Currency) -> Self {
        Self {
            shop_name: settings.shop_name,
            shop_address: settings.shop_address,
            shop_phone: settings.shop_phone,
            tax_number: settings.tax_number,
            currency: settings.currency.unwrap_or(currency).code().to_string(),
            currency_decimals: currency.decimals(),
            staff_names: settings.staff_names,
            payment_modes: settings.payment_modes,
            cash_modes: settings.cash_modes,
            paper_size: settings.paper_size.name().to_string(),
            footer_line: settings.footer_line,
            lock_minutes: settings.lock_minutes,
            rev: settings.rev,
        }
    }
}

/// The JSON of the settings. `currency` is the file's own, for a shop that has not chosen one.
pub(crate) fn settings_json(settings: &Settings, currency: Currency) -> Vec<u8> {
    json::to_vec(&SettingsForm::of(settings.clone(), currency))
}

/// Takes the settings back from their stored JSON.
pub(crate) fn settings_from(json: &[u8]) -> Result<Settings, StoreError> {
    let form: SettingsForm = serde_json::from_slice(json).map_err(|_| StoreError::Malformed("settings"))?;
    Ok(Settings {
        rev: form.rev,
        shop_name: form.shop_name,
        shop_address: form.shop_address,
        shop_phone: form.shop_phone,
        tax_number: form.tax_number,
        currency: Currency::from_code(&form.currency),
        staff_names: form.staff_names,
        payment_modes: form.payment_modes,
        cash_modes: form.cash_modes,
        paper_size: PaperSize::from_name(&form.paper_size).unwrap_or_default(),
        footer_line: form.footer_line,
        lock_minutes: form.lock_minutes,
    })
}

/// The same, so that settings that cannot be read neither close the shop nor stop a sale.
pub(crate) fn settings_or_default(json: &[u8]) -> Settings {
    settings_from(json).unwrap_or_else(|error| {
        log::error!("⚠️ {error}; the shop goes on with those of a new one until they are saved again");
        Settings::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were_stored() {
        let settings = Settings {
            rev: 7,
            shop_name: "Patil \"Electricals\"".into(),
            currency: Some(Currency::INR),
            staff_names: vec!["Ravi".into(), "Asha".into()],
            paper_size: PaperSize::Roll58,
            ..Settings::default()
        };
        let json = settings_json(&settings, Currency::INR);
        assert_eq!(settings_from(&json).unwrap(), settings);
        assert_eq!(settings_from(b"{}").unwrap(), Settings::default());
        assert!(settings_from(b"[").is_err());
    }
}
