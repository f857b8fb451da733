//! What one sees of the shop's records: whether a record at all, and which of its fields (promise 10). Every answer with
//! records in it goes through here, stored answers of commands too.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;

use super::masking::{masked, masked_answer, unlinked};
use crate::app::monitor::ShopClock;
use crate::domain::{Actor, Estimate, Kind, Masks, Permission, RecordKey, Scope, Timestamp, fold, search_text};
use crate::store::Record;

/// Between the run and the view in an epoch.
pub(crate) const VIEW_MARK: char = '~';

/// The eyes of one who asks, for the length of a request.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    permission: Permission,
    /// The first microsecond that is seen; what counts before it is not.
    since_micros: i64,
    /// The shop day that this was counted from, where days count.
    today: Option<String>,
    is_cut: bool,
}

impl Sight {
    pub fn new(permission: Permission, clock: &ShopClock) -> Self {
        let today = permission.allows.days_back.map(|_| clock.now().to_day());
        let since_micros = match (permission.allows.days_back, &today) {
            (Some(days), Some(today)) => first_micros(clock, today, days),
            _ => i64::MIN,
        };
        let is_cut = permission.allows.is_cut();
        Self { permission, since_micros, today, is_cut }
    }

    /// Those that see everything.
    pub fn of_everything() -> Self {
        Self { permission: Permission::everything(), since_micros: i64::MIN, today: None, is_cut: false }
    }

    pub fn permission(&self) -> &Permission {
        &self.permission
    }

    /// Whether something is not seen.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    pub fn masks(&self) -> Masks {
        self.permission.allows.masks
    }

    /// The first microsecond that is seen.
    pub fn since_micros(&self) -> i64 {
        self.since_micros
    }

    /// Whether a record, or its tombstone, is seen.
    pub fn sees(&self, kind: Kind, record: &Record<'_>) -> bool {
        !self.is_cut || self.sees_parts(kind, record.owner, record.counted_at(), || sale_by(record.json))
    }

    /// Whether a record of which this is known is one's own, or everybody's are seen.
    pub fn sees_parts(
        &self,
        kind: Kind,
        owner: Option<Actor>,
        counted_at: Timestamp,
        sale_by: impl FnOnce() -> Option<String>,
    ) -> bool {
        counted_at.unix_micros >= self.since_micros
            && (self.permission.allows.scope(kind) == Scope::All || self.permission.owns(owner, sale_by))
    }

    /// The JSON of a record that is seen, without what is not. `is_link_seen` says whether the record that it is linked to is.
    pub fn show<'a>(&self, json: &'a [u8], is_link_seen: impl FnOnce() -> bool) -> Cow<'a, [u8]> {
        if !self.is_cut {
            return Cow::Borrowed(json);
        }
        let masks = self.masks();
        let shown =
            if masks.is_none() { Cow::Borrowed(json) } else { Cow::Owned(masked(json, masks).unwrap_or_else(nothing)) };
        if is_link_seen() { shown } else { Cow::Owned(unlinked(&shown).unwrap_or_else(nothing)) }
    }

    /// The answer to a command, without what is not seen.
    pub fn show_answer(&self, body: Vec<u8>, is_link_seen: bool) -> Vec<u8> {
        if self.masks().is_none() && is_link_seen { body } else { masked_answer(&body, self.masks(), is_link_seen) }
    }

    /// The text in which one searches who sees no phone numbers: they are not in it.
    pub fn searched_text(key: RecordKey, json: &[u8]) -> Option<String> {
        #[derive(Deserialize)]
        struct Searched<'a> {
            #[serde(borrow)]
            customer_name: Cow<'a, str>,
            #[serde(borrow, default)]
            status: Option<Cow<'a, str>>,
            #[serde(default)]
            is_converted_to_order: bool,
        }
        let searched: Searched<'_> = serde_json::from_slice(json).ok()?;
        let status = match (key.kind, &searched.status) {
            (Kind::Order, status) => status.as_deref().unwrap_or_default(),
            (Kind::Estimate, _) if searched.is_converted_to_order => Estimate::STATUS_CONVERTED,
            (Kind::Estimate, _) => Estimate::STATUS_OPEN,
        };
        Some(search_text(key, status, &searched.customer_name, ""))
    }

    /// Names what is seen: clients that see the same in the same form have the same name. Empty for everything.
    pub fn view(&self) -> Vec<u8> {
        if !self.is_cut {
            return Vec::new();
        }
        let Permission { person, allows, .. } = &self.permission;
        let own = |scope: Scope| scope == Scope::Own;
        let mut view = format!(
            "{}{}{:?}{:?}",
            u8::from(own(allows.estimates)),
            u8::from(own(allows.orders)),
            allows.masks.names(),
            allows.days_back.zip(self.today.as_deref()),
        );
        if allows.is_limited() {
            let _ = write!(view, "{:?}", self.permission.actor());
            if let Some(person) = person {
                view.push_str(&fold(&person.name));
            }
        }
        view.into_bytes()
    }
}

/// An object that says nothing: what cannot be cut is not shown.
fn nothing() -> Vec<u8> {
    b"{}".to_vec()
}

fn first_micros(clock: &ShopClock, today: &str, days: u16) -> i64 {
    let first = clock.day_before(today, days.into()).and_then(|day| clock.day(&day));
    // Where the calendar ends, nothing is old.
    first.map_or(i64::MIN, |(start, _)| start)
}

/// The name that stands in a record.
pub(crate) fn sale_by(json: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct SaleBy<'a> {
        #[serde(borrow)]
        sale_by: Cow<'a, str>,
    }
    serde_json::from_slice::<SaleBy<'_>>(json).ok().map(|record| record.sale_by.into_owned())
}
