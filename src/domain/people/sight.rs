//! What one sees of the shop's records: whether a record at all, and which of its fields (promise 10). Every answer with
//! records in it goes through here, stored answers of commands too, and every frame.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::allowance::Scope;
use super::masking::{masked, masked_answer, unlinked};
use super::masks::Masks;
use super::permission::Permission;
use crate::domain::{Action, Actor, Belonging, Change, Estimate, Kind, RecordKey, Timestamp, fold, search_text};

/// Before the name of what is seen, in an epoch.
pub const VIEW_MARK: char = '~';

/// How much of a change one sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glimpse {
    /// Nothing: the record was not seen before either.
    Nothing,
    /// That the record is not seen any more.
    Hidden,
    /// The record as it is now, or that it is gone.
    Shown {
        /// Whether the record that it is linked to is seen, too.
        is_link_seen: bool,
    },
}

/// The days that are seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenDays {
    /// The shop day from which they are counted back.
    pub today: String,
    /// The first microsecond of the first of them.
    pub since_micros: i64,
}

/// The eyes of one who asks, or who follows the live feed.
#[derive(Debug, Clone)]
pub struct Sight {
    permission: Permission,
    /// `None` if all are seen.
    days: Option<SeenDays>,
    is_cut: bool,
}

impl Sight {
    /// What this permission shows; `days` if it shows some days only.
    pub fn new(permission: Permission, days: Option<SeenDays>) -> Self {
        let is_cut = permission.allows.is_cut();
        Self { permission, days, is_cut }
    }

    /// Those that see everything.
    pub fn of_everything() -> Self {
        Self { permission: Permission::everything(), days: None, is_cut: false }
    }

    /// Of what it comes.
    pub fn permission(&self) -> &Permission {
        &self.permission
    }

    /// Whether something is not seen.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// What of a record is not seen.
    pub fn masks(&self) -> Masks {
        self.permission.allows.masks
    }

    /// The first microsecond that is seen; what counts before it is not.
    pub fn since_micros(&self) -> i64 {
        self.days.as_ref().map_or(i64::MIN, |days| days.since_micros)
    }

    /// Whether a record, or its tombstone, of which this is known is seen.
    pub fn sees(
        &self,
        kind: Kind,
        owner: Option<Actor>,
        counted_at: Timestamp,
        sale_by: impl FnOnce() -> Option<String>,
    ) -> bool {
        !self.is_cut
            || (counted_at.unix_micros >= self.since_micros()
                && (self.permission.allows.scope(kind) == Scope::All || self.permission.owns(owner, sale_by)))
    }

    /// The same of a record of which just this is known.
    pub fn sees_belonging(&self, kind: Kind, Belonging { owner, counted_at, sale_by }: &Belonging) -> bool {
        self.sees(kind, *owner, *counted_at, || sale_by.as_deref().map(str::to_string))
    }

    /// How much of a change is seen.
    pub fn glimpse(&self, change: &Change) -> Glimpse {
        let name_in_it = || change.record.as_deref().and_then(sale_by);
        let Belonging { owner, counted_at, .. } = change.belonging;
        let kind = change.key.kind;
        if self.sees(kind, owner, counted_at, name_in_it) {
            // One that was changed again before anybody was told is shown by that change.
            let is_shown = change.record.is_some() || change.action == Action::Delete;
            return if is_shown { Glimpse::Shown { is_link_seen: self.sees_link(change) } } else { Glimpse::Nothing };
        }
        let was_seen = change.owner_before.is_some_and(|before| {
            let before = Some(before).filter(|before| *before != Actor::NOBODY);
            self.sees(kind, before, counted_at, name_in_it)
        });
        if was_seen { Glimpse::Hidden } else { Glimpse::Nothing }
    }

    fn sees_link(&self, change: &Change) -> bool {
        let Some(linked) = change.linked else { return true };
        if !self.is_cut {
            return true;
        }
        change.linked_belonging.as_ref().is_some_and(|belonging| self.sees_belonging(linked.kind, belonging))
    }

    /// The JSON of a record that is seen, without what is not. `is_link_seen` says whether the record that it is linked to is.
    pub fn show<'a>(&self, json: &'a [u8], is_link_seen: impl FnOnce() -> bool) -> Cow<'a, [u8]> {
        if self.is_cut { cut(json, self.masks(), is_link_seen()) } else { Cow::Borrowed(json) }
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

    /// Names what is seen, to be put behind the name of the run: those who see the same have the same name. Empty for everything.
    pub fn name(&self) -> String {
        if !self.is_cut {
            return String::new();
        }
        let hash: [u8; 32] = Sha256::digest(self.described()).into();
        let short: [u8; 8] = hash.first_chunk().copied().unwrap_or_default();
        format!("{VIEW_MARK}{:016x}", u64::from_be_bytes(short))
    }

    fn described(&self) -> String {
        let Permission { person, device, allows, .. } = &self.permission;
        let own = |scope: Scope| scope == Scope::Own;
        let today = self.days.as_ref().map(|days| days.today.as_str());
        let mut described = format!(
            "{}{}{:?}{:?}",
            u8::from(own(allows.estimates)),
            u8::from(own(allows.orders)),
            allows.masks.names(),
            allows.days_back.zip(today),
        );
        if own(allows.estimates) || own(allows.orders) {
            let _ = match (person, device) {
                (Some(person), _) => write!(described, "{}{}", person.id, fold(&person.name)),
                (None, device) => write!(described, "{:?}", device.as_ref().map(|device| device.id)),
            };
        }
        described
    }
}

/// The JSON of a record without what is masked, and without its link if that is not seen. What cannot be cut is not shown.
pub fn cut(json: &[u8], masks: Masks, is_link_seen: bool) -> Cow<'_, [u8]> {
    let nothing = || b"{}".to_vec();
    let shown =
        if masks.is_none() { Cow::Borrowed(json) } else { Cow::Owned(masked(json, masks).unwrap_or_else(nothing)) };
    if is_link_seen { shown } else { Cow::Owned(unlinked(&shown).unwrap_or_else(nothing)) }
}

/// The name that stands in a record.
pub fn sale_by(json: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct SaleBy<'a> {
        #[serde(borrow)]
        sale_by: Cow<'a, str>,
    }
    serde_json::from_slice::<SaleBy<'_>>(json).ok().map(|record| record.sale_by.into_owned())
}
