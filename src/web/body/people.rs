//! The bodies of what is done about people. PINs and passwords are read as they are, and named in no fault.

use super::object::{At, FieldErrors, ObjectFields, Read, Reader};
use crate::app::{
    DeviceChange, DeviceRequest, LoginRequest, Named, NewCredential, OwnerRequest, PersonChange, RoleChange,
};
use crate::domain::{Currency, DeviceKind, Masks, PERCENT_WHOLE, Right, Rights, Scope};
use crate::web::http::Problem;

/// Days that a role may show.
const DAYS_BACK_MAX: u16 = 3_650;

/// Reads a body with `read`, and names every fault at once.
fn body<T>(text: &str, currency: Currency, read: impl FnOnce(&mut Reader<'_, '_>) -> Read<T>) -> Result<T, Problem> {
    let fields = ObjectFields::parse(text)?;
    let mut faults = FieldErrors::new();
    let value = read(&mut Reader::new(&fields, At::Body, &mut faults, currency));
    faults.finish(value)
}

pub(crate) fn read_owner(text: &str, currency: Currency) -> Result<OwnerRequest, Problem> {
    body(text, currency, |reader| {
        let code = reader.required("code", Reader::text);
        let name = reader.required("name", Reader::text);
        let credential = new_credential(reader);
        let device_name = reader.optional("device_name", Reader::text);
        let is_program = is_program(reader);
        Ok(OwnerRequest {
            code: code?,
            name: name?,
            credential: credential?,
            device_name: device_name?,
            is_program: is_program?,
        })
    })
}

pub(crate) fn read_login(text: &str, currency: Currency) -> Result<LoginRequest, Problem> {
    body(text, currency, |reader| {
        let person = reader.required("person", |reader, name, value| {
            if value.starts_with('"') {
                reader.text(name, value).map(Named::Name)
            } else {
                id(reader, name, value).map(Named::Id)
            }
        });
        let (pin, password) = (reader.optional("pin", Reader::text), reader.optional("password", Reader::text));
        let device_name = reader.optional("device_name", Reader::text);
        let is_program = is_program(reader);
        Ok(LoginRequest {
            person: person?,
            pin: pin?,
            password: password?,
            device_name: device_name?,
            is_program: is_program?,
        })
    })
}

/// What a device says that asks to be let in.
pub(crate) struct PairBody {
    pub name: Option<String>,
    pub invite: Option<String>,
    pub is_program: bool,
}

pub(crate) fn read_pair(text: Option<&str>, currency: Currency) -> Result<PairBody, Problem> {
    body(text.unwrap_or("{}"), currency, |reader| {
        let name = reader.optional("name", Reader::text);
        let invite = reader.optional("invite", Reader::text);
        let is_program = is_program(reader);
        Ok(PairBody { name: name?, invite: invite?, is_program: is_program? })
    })
}

/// What somebody says who lets a device in.
pub(crate) struct ConfirmBody {
    pub code: Option<String>,
    pub name: String,
    pub role: Option<u32>,
}

pub(crate) fn read_confirm(text: &str, currency: Currency) -> Result<ConfirmBody, Problem> {
    body(text, currency, |reader| {
        let code = reader.optional("code", Reader::text);
        let name = reader.required("name", Reader::text);
        let role = reader.optional("role", id);
        Ok(ConfirmBody { code: code?, name: name?, role: role? })
    })
}

/// A change of a person, and what he has now if he changes it himself.
pub(crate) struct PersonBody {
    pub change: PersonChange,
    pub current: Option<String>,
}

pub(crate) fn read_person(text: &str, currency: Currency) -> Result<PersonBody, Problem> {
    body(text, currency, |reader| {
        let name = reader.optional("name", Reader::text);
        let role = reader.optional("role", id);
        let is_active = reader.optional("is_active", Reader::boolean);
        let credential = new_credential(reader);
        let current = reader.optional("current", Reader::text);
        let change = PersonChange { name: name?, role: role?, is_active: is_active?, credential: credential? };
        Ok(PersonBody { change, current: current? })
    })
}

pub(crate) fn read_role(text: &str, currency: Currency) -> Result<RoleChange, Problem> {
    body(text, currency, |reader| {
        let name = reader.optional("name", Reader::text);
        let rights = reader.optional("rights", |reader, field, value| {
            let names = reader.names(field, value)?;
            let rights: Option<Rights> = names.iter().map(|name| Right::from_name(name)).collect();
            rights.ok_or_else(|| {
                let known: Vec<&str> = Right::ALL.into_iter().map(Right::name).collect();
                reader.fault(field, "enum", format!("must be of {}", known.join(", ")))
            })
        });
        let masks = reader.optional("masks", |reader, field, value| {
            let names = reader.names(field, value)?;
            let masks = names.iter().try_fold(Masks::NONE, |all, name| Some(all.union(Masks::from_name(name)?)));
            masks.ok_or_else(|| reader.fault(field, "enum", "must be of contact, amounts"))
        });
        let scope = reader.optional("scope", |reader, field, value| {
            let not_scopes = "must be an object with estimates and orders, each own or all";
            let Ok(fields) = ObjectFields::parse(value) else {
                return Err(reader.fault(field, "dict_type", not_scopes));
            };
            let one = |name: &str| match fields.get(name) {
                None if fields.is_null(name) => None,
                None => Some(None),
                Some(value) => Scope::from_name(value.trim_matches('"')).map(Some),
            };
            one("estimates").zip(one("orders")).ok_or_else(|| reader.fault(field, "enum", not_scopes))
        });
        let days_back = if reader.fields.is_null("days_back") {
            Ok(Some(None))
        } else {
            reader.optional("days_back", |reader, field, value| {
                let days = value.parse().ok().filter(|&days| days <= DAYS_BACK_MAX);
                let msg = format!("must be a whole number from 0 to {DAYS_BACK_MAX}, or null for all");
                days.map(Some).ok_or_else(|| reader.fault(field, "int_range", msg))
            })
        };
        let discount_max = reader.optional("discount_max", |reader, field, value| {
            let percent = reader.percent(field, value)?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage is 0 to 100")]
            Ok(((percent * 100.0).round() as u16).min(PERCENT_WHOLE))
        });
        let scope = scope?;
        Ok(RoleChange {
            name: name?,
            rights: rights?,
            estimates: scope.and_then(|(estimates, _)| estimates),
            orders: scope.and_then(|(_, orders)| orders),
            days_back: days_back?,
            discount_max: discount_max?,
            masks: masks?,
        })
    })
}

pub(crate) fn read_device(text: &str, currency: Currency) -> Result<DeviceRequest, Problem> {
    body(text, currency, |reader| {
        let name = reader.required("name", Reader::text);
        let kind = reader.required("kind", |reader, field, value| {
            let kind = DeviceKind::from_name(&reader.text(field, value)?);
            kind.ok_or_else(|| reader.fault(field, "enum", "must be program or door"))
        });
        let role = reader.required("role", id);
        let person = reader.optional("person", id);
        Ok(DeviceRequest { name: name?, kind: kind?, role: role?, person: person? })
    })
}

pub(crate) fn read_device_change(text: &str, currency: Currency) -> Result<DeviceChange, Problem> {
    body(text, currency, |reader| {
        let name = reader.optional("name", Reader::text);
        let role = if reader.fields.is_null("role") {
            Ok(Some(None))
        } else {
            reader.optional("role", |reader, field, value| id(reader, field, value).map(Some))
        };
        Ok(DeviceChange { name: name?, role: role? })
    })
}

/// A nod: who, by what, for which key.
pub(crate) struct NodBody {
    pub person: u32,
    pub pin: Option<String>,
    pub password: Option<String>,
    pub key: String,
}

pub(crate) fn read_nod(text: &str, currency: Currency) -> Result<NodBody, Problem> {
    body(text, currency, |reader| {
        let person = reader.required("person", id);
        let (pin, password) = (reader.optional("pin", Reader::text), reader.optional("password", Reader::text));
        let key = reader.required("for", Reader::text);
        Ok(NodBody { person: person?, pin: pin?, password: password?, key: key? })
    })
}

/// To whom a record is given.
pub(crate) fn read_new_owner(text: &str, currency: Currency) -> Result<u32, Problem> {
    body(text, currency, |reader| reader.required("person", id))
}

/// Whether a code for an owner is wanted though there is one.
pub(crate) fn read_owner_code(text: Option<&str>, currency: Currency) -> Result<bool, Problem> {
    body(text.unwrap_or("{}"), currency, |reader| Ok(reader.optional("reset", Reader::boolean)?.unwrap_or(false)))
}

fn new_credential(reader: &mut Reader<'_, '_>) -> Read<NewCredential> {
    let (pin, password) = (reader.optional("pin", Reader::text), reader.optional("password", Reader::text));
    Ok(NewCredential { pin: pin?, password: password? })
}

fn is_program(reader: &mut Reader<'_, '_>) -> Read<bool> {
    Ok(reader.optional("program", Reader::boolean)?.unwrap_or(false))
}

fn id(reader: &mut Reader<'_, '_>, field: &str, value: &str) -> Read<u32> {
    value.parse().map_err(|_| reader.fault(field, "int_parsing", "must be a number as the lists name it"))
}
