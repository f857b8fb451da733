//! The stored form of the settings: the JSON object that the API returns.

use serde::Deserialize;

use crate::domain::{Currency, PaperSize, Settings};
use crate::json::Object;
use crate::store::error::StoreError;

/// What is read back. A setting that an older release did not know has its default.
#[derive(Deserialize)]
#[serde(default)]
struct SettingsForm {
    rev: u32,
    shop_name: String,
    shop_address: String,
    shop_phone: String,
    tax_number: String,
    currency: String,
    staff_names: Vec<String>,
    payment_modes: Vec<String>,
    cash_modes: Vec<String>,
    paper_size: String,
    footer_line: String,
}

impl Default for SettingsForm {
    fn default() -> Self {
        let Settings { rev, payment_modes, cash_modes, .. } = Settings::default();
        let empty = String::new;
        Self {
            rev,
            shop_name: empty(),
            shop_address: empty(),
            shop_phone: empty(),
            tax_number: empty(),
            currency: empty(),
            staff_names: Vec::new(),
            payment_modes,
            cash_modes,
            paper_size: empty(),
            footer_line: empty(),
        }
    }
}

/// The JSON of the settings. `currency` is the file's own, for a shop that has not chosen one.
pub(crate) fn settings_json(settings: &Settings, currency: Currency) -> Vec<u8> {
    let names = |names: &[String]| serde_json::to_vec(names).unwrap_or_else(|_| b"[]".to_vec());
    let mut bytes = Vec::new();
    let mut object = Object::open(&mut bytes);
    object
        .text("shop_name", &settings.shop_name)
        .text("shop_address", &settings.shop_address)
        .text("shop_phone", &settings.shop_phone)
        .text("tax_number", &settings.tax_number)
        .plain("currency", settings.currency.unwrap_or(currency).code())
        .integer("currency_decimals", u64::from(currency.decimals()))
        .raw("staff_names", &names(&settings.staff_names))
        .raw("payment_modes", &names(&settings.payment_modes))
        .raw("cash_modes", &names(&settings.cash_modes))
        .plain("paper_size", settings.paper_size.name())
        .text("footer_line", &settings.footer_line)
        .integer("rev", u64::from(settings.rev));
    object.close();
    bytes
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
