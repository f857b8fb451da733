//! The stored form of persons, roles, devices, sessions and the code for an owner: JSON, since they are few and grow fields.

use serde::{Deserialize, Serialize};

use super::run::hex;
use crate::domain::{
    Allowance, Device, DeviceKind, Masks, OwnerCode, Person, Right, Role, RunTime, Scope, Session, Timestamp, TokenHash,
};
use crate::json;
use crate::store::error::StoreError;

/// A row of the table of persons.
#[derive(Serialize, Deserialize)]
struct PersonRow {
    name: String,
    role: u32,
    is_active: bool,
    #[serde(default)]
    pin_hash: Option<String>,
    #[serde(default)]
    password_hash: Option<String>,
    #[serde(default)]
    is_removed: bool,
}

#[derive(Serialize, Deserialize)]
struct RoleRow {
    name: String,
    rights: Vec<String>,
    estimates: String,
    orders: String,
    days_back: Option<u16>,
    /// Hundredths of a percent.
    discount_max: u16,
    masks: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct DeviceRow {
    name: String,
    kind: String,
    #[serde(default)]
    previous: Option<u32>,
    #[serde(default)]
    maker: Option<u32>,
    role: Option<u32>,
    person: Option<u32>,
    token_hash: String,
    made_at_micros: i64,
    made_at_offset: i32,
    address: Option<String>,
    #[serde(default)]
    is_revoked: bool,
}

#[derive(Serialize, Deserialize)]
struct SessionRow {
    device: u32,
    person: u32,
    token_hash: String,
    is_by_password: bool,
    begun: Begun,
}

#[derive(Serialize, Deserialize)]
struct OwnerCodeRow {
    hash: String,
    begun: Begun,
    tries_left: u8,
    /// A code that an earlier release made has as many here as elsewhere.
    #[serde(default)]
    tries_left_here: Option<u8>,
    is_reset: bool,
}

#[derive(Serialize, Deserialize)]
struct Begun {
    run: u64,
    uptime_seconds: u64,
    unix_micros: i64,
}

impl From<RunTime> for Begun {
    fn from(RunTime { run, uptime_seconds, unix_micros }: RunTime) -> Self {
        Self { run, uptime_seconds, unix_micros }
    }
}

impl From<Begun> for RunTime {
    fn from(Begun { run, uptime_seconds, unix_micros }: Begun) -> Self {
        Self { run, uptime_seconds, unix_micros }
    }
}

pub(crate) fn person_row(person: &Person) -> Vec<u8> {
    let Person { name, role, is_active, pin_hash, password_hash, is_removed, .. } = person.clone();
    json::to_vec(&PersonRow { name, role, is_active, pin_hash, password_hash, is_removed })
}

pub(crate) fn person_from(id: u32, row: &[u8]) -> Result<Person, StoreError> {
    let PersonRow { name, role, is_active, pin_hash, password_hash, is_removed } = read(row, "person")?;
    Ok(Person { id, name, role, is_active, pin_hash, password_hash, is_removed })
}

pub(crate) fn role_row(role: &Role) -> Vec<u8> {
    let Role { name, allows, .. } = role;
    json::to_vec(&RoleRow {
        name: name.clone(),
        rights: allows.rights.iter().map(|right| right.name().to_string()).collect(),
        estimates: allows.estimates.name().to_string(),
        orders: allows.orders.name().to_string(),
        days_back: allows.days_back,
        discount_max: allows.discount_max,
        masks: allows.masks.names().into_iter().map(str::to_string).collect(),
    })
}

/// A right, a scope or a mask that a later release knows is not guessed at: the row cannot be read, and nobody gets in by it.
pub(crate) fn role_from(id: u32, row: &[u8]) -> Result<Role, StoreError> {
    let malformed = || StoreError::Malformed("role");
    let row: RoleRow = read(row, "role")?;
    let masks = row.masks.iter().try_fold(Masks::NONE, |all, name| Some(all.union(Masks::from_name(name)?)));
    let allows = Allowance {
        rights: row.rights.iter().map(|name| Right::from_name(name)).collect::<Option<_>>().ok_or_else(malformed)?,
        estimates: Scope::from_name(&row.estimates).ok_or_else(malformed)?,
        orders: Scope::from_name(&row.orders).ok_or_else(malformed)?,
        days_back: row.days_back,
        discount_max: row.discount_max,
        masks: masks.ok_or_else(malformed)?,
    };
    Ok(Role { id, name: row.name, allows })
}

pub(crate) fn device_row(device: &Device) -> Vec<u8> {
    json::to_vec(&DeviceRow {
        name: device.name.clone(),
        kind: device.kind.name().to_string(),
        previous: device.previous,
        maker: device.maker,
        role: device.role,
        person: device.person,
        token_hash: hex(&device.token_hash),
        made_at_micros: device.made_at.unix_micros,
        made_at_offset: device.made_at.offset_seconds,
        address: device.address.clone(),
        is_revoked: device.is_revoked,
    })
}

pub(crate) fn device_from(id: u32, row: &[u8]) -> Result<Device, StoreError> {
    let row: DeviceRow = read(row, "device")?;
    Ok(Device {
        id,
        name: row.name,
        kind: DeviceKind::from_name(&row.kind).ok_or(StoreError::Malformed("device"))?,
        previous: row.previous,
        maker: row.maker,
        role: row.role,
        person: row.person,
        token_hash: hash_from(&row.token_hash, "device")?,
        made_at: Timestamp { unix_micros: row.made_at_micros, offset_seconds: row.made_at_offset },
        address: row.address,
        is_revoked: row.is_revoked,
    })
}

pub(crate) fn session_row(session: &Session) -> Vec<u8> {
    json::to_vec(&SessionRow {
        device: session.device,
        person: session.person,
        token_hash: hex(&session.token_hash),
        is_by_password: session.is_by_password,
        begun: session.begun.into(),
    })
}

pub(crate) fn session_from(id: u64, row: &[u8]) -> Result<Session, StoreError> {
    let SessionRow { device, person, token_hash, is_by_password, begun } = read(row, "session")?;
    let token_hash = hash_from(&token_hash, "session")?;
    Ok(Session { id, device, person, token_hash, is_by_password, begun: begun.into() })
}

pub(crate) fn owner_code_row(code: &OwnerCode) -> Vec<u8> {
    let OwnerCode { hash, begun, tries_left, tries_left_here, is_reset } = code;
    json::to_vec(&OwnerCodeRow {
        hash: hex(hash),
        begun: (*begun).into(),
        tries_left: *tries_left,
        tries_left_here: Some(*tries_left_here),
        is_reset: *is_reset,
    })
}

pub(crate) fn owner_code_from(row: &[u8]) -> Result<OwnerCode, StoreError> {
    let OwnerCodeRow { hash, begun, tries_left, tries_left_here, is_reset } = read(row, "code for an owner")?;
    let tries_left_here = tries_left_here.unwrap_or(tries_left);
    let hash = hash_from(&hash, "code for an owner")?;
    Ok(OwnerCode { hash, begun: begun.into(), tries_left, tries_left_here, is_reset })
}

fn read<'a, T: Deserialize<'a>>(row: &'a [u8], what: &'static str) -> Result<T, StoreError> {
    serde_json::from_slice(row).map_err(|_| StoreError::Malformed(what))
}

fn hash_from(text: &str, what: &'static str) -> Result<TokenHash, StoreError> {
    let mut hash = TokenHash::default();
    let pairs = text.as_bytes().as_chunks::<2>();
    // The parser of numbers takes a sign.
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if pairs.0.len() != hash.len() || !pairs.1.is_empty() || !is_hex {
        return Err(StoreError::Malformed(what));
    }
    for (byte, pair) in hash.iter_mut().zip(pairs.0) {
        let pair = std::str::from_utf8(pair).map_err(|_| StoreError::Malformed(what))?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| StoreError::Malformed(what))?;
    }
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: RunTime = RunTime { run: 3, uptime_seconds: 40, unix_micros: 5 };
    const HASH: TokenHash = [0xA5; 32];

    fn person() -> Person {
        Person {
            id: 7,
            name: "Asha \"A\"".to_string(),
            role: 2,
            is_active: true,
            pin_hash: Some("$argon2id$x".to_string()),
            password_hash: None,
            is_removed: false,
        }
    }

    fn device() -> Device {
        Device {
            id: 4,
            name: "Till 1".to_string(),
            kind: DeviceKind::Door,
            previous: Some(2),
            maker: Some(7),
            role: Some(3),
            person: None,
            token_hash: HASH,
            made_at: Timestamp { unix_micros: 9, offset_seconds: 19_800 },
            address: Some("192.168.1.7".to_string()),
            is_revoked: true,
        }
    }

    #[test]
    fn rows_come_back_as_they_were_stored() {
        assert_eq!(person_from(7, &person_row(&person())).unwrap(), person());
        for role in Role::built_in() {
            assert_eq!(role_from(role.id, &role_row(&role)).unwrap(), role);
        }
        assert_eq!(device_from(4, &device_row(&device())).unwrap(), device());
        let session = Session { id: 9, device: 4, person: 7, token_hash: HASH, is_by_password: true, begun: BEGUN };
        assert_eq!(session_from(9, &session_row(&session)).unwrap(), session);
        let code = OwnerCode::new(HASH, BEGUN, true).tried(false);
        assert_eq!(owner_code_from(&owner_code_row(&code)).unwrap(), code);
    }

    #[test]
    fn what_is_not_understood_lets_nobody_in() {
        let text = |row: Vec<u8>| String::from_utf8(row).unwrap();
        let [owner, ..] = Role::built_in();
        for (from, to) in [("\"sell\"", "\"fly\""), ("\"all\"", "\"most\""), ("\"masks\":[]", "\"masks\":[\"eyes\"]")] {
            let row = text(role_row(&owner)).replacen(from, to, 1);
            assert!(role_from(1, row.as_bytes()).is_err(), "{row}");
        }
        for (from, to) in [("a5a5", "a5"), ("a5a5", "+5a5"), ("\"door\"", "\"window\"")] {
            let row = text(device_row(&device())).replacen(from, to, 1);
            assert!(device_from(4, row.as_bytes()).is_err(), "{row}");
        }
        assert!(person_from(1, b"[]").is_err() && session_from(1, b"{}").is_err() && owner_code_from(b"").is_err());
    }
}
