//! The vocabulary between the web and the shop: commands in, verdicts out.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;

use super::idempotency::Idempotency;
use crate::domain::{
    Asker, Conversion, Currency, Kind, MadeAt, Money, RecordKey, Sale, SaleDraft, SettingsPatch, Timestamp,
};
use crate::platform::Address;

/// One thing that a user does. Everything in it was checked by itself; what depends on stored records is decided when
/// it is committed.
#[derive(Debug, Clone)]
pub enum Command {
    /// Store a new estimate.
    CreateEstimate(Box<Sale>),
    /// Replace what an estimate says; not once it is converted.
    EditEstimate(RecordKey, Box<Sale>),
    /// Store a copy of an estimate under a new number.
    DuplicateEstimate(RecordKey),
    /// Remove an estimate; not once it is converted.
    DeleteEstimate(RecordKey),
    /// Make an order from an estimate, once.
    ConvertEstimate(RecordKey, Conversion),
    /// Store a sale, and mark the estimate that it came from.
    CreateSale(Box<SaleDraft>),
    /// Set the status of an order.
    SetOrderStatus(RecordKey, String),
    /// Remove an order, and the estimate that it came from.
    DeleteOrder(RecordKey),
    /// Give a record to the person of this number.
    HandOver(RecordKey, u32),
    /// Change the settings of the shop.
    SaveSettings(Box<SettingsPatch>),
}

impl Command {
    /// The record that it is about, if there is one before.
    pub(crate) fn record(&self) -> Option<RecordKey> {
        match self {
            Self::EditEstimate(key, _)
            | Self::DuplicateEstimate(key)
            | Self::DeleteEstimate(key)
            | Self::ConvertEstimate(key, _)
            | Self::SetOrderStatus(key, _)
            | Self::DeleteOrder(key)
            | Self::HandOver(key, _) => Some(*key),
            Self::CreateEstimate(_) | Self::CreateSale(_) | Self::SaveSettings(_) => None,
        }
    }

    /// Whether it needs room on the disk. A deletion is how room is made.
    pub(crate) fn needs_room(&self) -> bool {
        !matches!(self, Self::DeleteEstimate(_) | Self::DeleteOrder(_))
    }
}

/// A command and how it is to be answered.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What to do.
    pub command: Command,
    /// Who gave it. What he may do is decided when it is carried out; a new record is his.
    pub asker: Asker,
    /// From which address, for the audit.
    pub from: Option<Address>,
    /// When it was given, for one that makes a record.
    pub made_at: MadeAt,
    /// How a repetition of this command is recognised; `None` when each one counts.
    pub idempotency: Option<Idempotency>,
    /// Do it only if the record still has one of these revisions.
    pub expected_revs: Option<Vec<u32>>,
    /// How the verdict looks on the wire. Pure, so that the stored answer is the answer.
    pub render: fn(&Verdict, Currency) -> Answer,
}

/// The bytes of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Revision of the record it speaks of, if it does.
    pub rev: Option<u32>,
    /// JSON.
    pub body: Vec<u8>,
}

impl Answer {
    /// The record that it speaks of, if it names one.
    pub(crate) fn record(&self) -> Option<RecordKey> {
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow, default)]
            estimate_id: Option<Cow<'a, str>>,
            #[serde(borrow, default)]
            order_id: Option<Cow<'a, str>>,
        }
        /// A record that has changed in the meantime stands inside.
        #[derive(Deserialize)]
        struct Outer<'a> {
            #[serde(borrow)]
            current: Named<'a>,
        }
        let outer = serde_json::from_slice::<Outer<'_>>(&self.body).map(|outer| outer.current);
        let named: Named<'_> = outer.or_else(|_| serde_json::from_slice(&self.body)).ok()?;
        let order = named.order_id.and_then(|id| RecordKey::from_id(Kind::Order, &id));
        order.or_else(|| RecordKey::from_id(Kind::Estimate, &named.estimate_id?))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(6 + self.body.len());
        bytes.extend_from_slice(&self.status.to_le_bytes());
        bytes.extend_from_slice(&self.rev.unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (status, rest) = bytes.split_first_chunk()?;
        let (rev, body) = rest.split_first_chunk()?;
        Some(Self {
            status: u16::from_le_bytes(*status),
            rev: Some(u32::from_le_bytes(*rev)).filter(|&rev| rev != 0),
            body: body.to_vec(),
        })
    }
}

/// What became of a command.
pub type Verdict = Result<Outcome, Refusal>;

/// What a new record is answered with.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// Its name.
    pub key: RecordKey,
    /// For whom.
    pub customer_name: String,
    /// How much.
    pub total: Money,
    /// When.
    pub created_at: Timestamp,
    /// What the caller should know besides, in sentences.
    pub notes: Vec<String>,
}

/// What a conversion is answered with.
#[derive(Debug, Clone)]
pub struct ConversionReceipt {
    /// The new order.
    pub order: Receipt,
    /// The estimate that it came from.
    pub estimate: RecordKey,
    /// How it was paid.
    pub payment_mode: String,
    /// How much of it the shop keeps.
    pub amount_paid: Money,
    /// What was given back.
    pub change: Money,
}

/// A command that was carried out.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A new estimate.
    EstimateCreated(Receipt),
    /// An estimate was edited; its revision and JSON.
    EstimateEdited(RecordKey, u32, Arc<[u8]>),
    /// An estimate is gone.
    EstimateDeleted,
    /// An estimate became an order.
    EstimateConverted(ConversionReceipt),
    /// A new sale.
    SaleCreated(Receipt),
    /// The status of an order, and the order's revision.
    StatusSet(String, u32),
    /// An order is gone.
    OrderDeleted {
        /// Whether the estimate that it came from went with it.
        with_estimate: bool,
    },
    /// A record is somebody else's now: its name, revision and JSON, and his number and name.
    HandedOver(RecordKey, u32, Arc<[u8]>, (u32, String)),
    /// The settings were saved; their revision and JSON.
    SettingsSaved(u32, Arc<[u8]>),
}

/// A command that cannot be carried out as things stand. Nothing was stored.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// There is no such estimate.
    NoSuchEstimate,
    /// There is no such order.
    NoSuchOrder,
    /// There is no such person.
    NoSuchPerson,
    /// Promise 4: one estimate, one order.
    AlreadyConverted,
    /// A converted estimate goes with its order only.
    ConvertedCannotBeDeleted,
    /// What was sold is not edited behind the order's back.
    ConvertedCannotBeEdited,
    /// The record was changed since the caller read it: its current revision and JSON, so that both can be shown.
    Stale(u32, Arc<[u8]>),
    /// Four billion records of one kind.
    SeriesFull,
    /// The stored record cannot be read; it is left as it is.
    Unreadable,
    /// The command was carried out before, and the answer that was stored for it cannot be read.
    AnswerUnreadable,
}
