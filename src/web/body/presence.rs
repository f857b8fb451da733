//! What a client of `/sync` says of where it is.

use std::borrow::Cow;

use serde::Deserialize;

use crate::domain::{Kind, RecordKey};
use crate::live::{Doing, TAB_BYTES_MAX};

/// A tab is at a record, or at none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PresenceMessage {
    pub tab: String,
    pub said: TabSays,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TabSays {
    /// It is at no record any more, or not at this one.
    Nothing(Option<RecordKey>),
    At {
        key: RecordKey,
        does: Doing,
        /// Those who edit it are to leave it to this one.
        takes: bool,
    },
}

impl PresenceMessage {
    /// Reads a message; `None` if it is another one, or cannot be read: whatever a client says ends no connection.
    pub fn read(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct MessageJson<'a> {
            #[serde(borrow)]
            r#type: Cow<'a, str>,
            id: Option<String>,
            #[serde(borrow)]
            does: Cow<'a, str>,
            tab: String,
            take: Option<bool>,
        }
        let message: MessageJson<'_> = serde_json::from_str(text).ok()?;
        let has_tab = (1..=TAB_BYTES_MAX).contains(&message.tab.len());
        if message.r#type != "presence" || !has_tab {
            return None;
        }
        let key = match &message.id {
            Some(id) => Some([Kind::Estimate, Kind::Order].into_iter().find_map(|kind| RecordKey::from_id(kind, id))?),
            None => None,
        };
        let said = match (&*message.does, key) {
            ("none", key) => TabSays::Nothing(key),
            (does, Some(key)) => TabSays::At { key, does: Doing::from_name(does)?, takes: message.take == Some(true) },
            (_, None) => return None,
        };
        Some(Self { tab: message.tab, said })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_tab_is_read_and_everything_else_is_passed_over() {
        let key = RecordKey::new(Kind::Order, 3);
        let read = |text: &str| PresenceMessage::read(&text.replace("ID", &key.id())).map(|message| message.said);
        let at = |does, takes| Some(TabSays::At { key, does, takes });
        for (said, expected) in [
            (r#"{"type":"presence","id":"ID","does":"view","tab":"t"}"#, at(Doing::View, false)),
            (r#" {"tab":"t","does":"idle","type":"presence","id":"ID","take":null} "#, at(Doing::Idle, false)),
            (r#"{"type":"presence","id":"ID","does":"edit","tab":"t","take":true,"more":[1]}"#, at(Doing::Edit, true)),
            (r#"{"type":"presence","id":"ID","does":"none","tab":"t"}"#, Some(TabSays::Nothing(Some(key)))),
            (r#"{"type":"presence","does":"none","tab":"t"}"#, Some(TabSays::Nothing(None))),
        ] {
            assert_eq!(read(said), expected, "{said}");
        }
        let long =
            format!(r#"{{"type":"presence","id":"ID","does":"view","tab":"{}"}}"#, "t".repeat(TAB_BYTES_MAX + 1));
        for foreign in [
            "",
            "ping",
            "[]",
            "{",
            r#"{"type":"presence"}"#,
            r#"{"type":"absence","id":"ID","does":"view","tab":"t"}"#,
            r#"{"type":"presence","id":"ID","does":"lock","tab":"t"}"#,
            r#"{"type":"presence","id":"ID","does":"view"}"#,
            r#"{"type":"presence","id":"ID","does":"view","tab":""}"#,
            r#"{"type":"presence","id":"ID","does":"view","tab":7}"#,
            r#"{"type":"presence","id":"ID","does":"view","tab":"t","take":"yes"}"#,
            r#"{"type":"presence","id":"ID","id":"ID","does":"view","tab":"t"}"#,
            r#"{"type":"presence","id":"EST-1","does":"view","tab":"t"}"#,
            r#"{"type":"presence","id":"EST-1","does":"none","tab":"t"}"#,
            r#"{"type":"presence","does":"view","tab":"t"}"#,
            &long,
        ] {
            assert_eq!(read(foreign), None, "{foreign}");
        }
    }
}
