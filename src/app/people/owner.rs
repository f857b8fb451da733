//! The first owner, and the way back in: a code that only somebody at the shop's own machine can ask for.

use super::credentials::NewCredential;
use super::errand::{Requester, Stop, errand, note_stranger};
use super::login::LoggedIn;
use super::names::checked_name;
use super::refusal::AccessRefusal;
use super::within::{Newcomer, begin_session, device_at_hand, end_sessions};
use crate::app::access::{owner_code, sha256, token};
use crate::app::application::App;
use crate::domain::{Actor, Asker, AuditKind, DirectoryEdit, OwnerCode, Person, Role};
use crate::store::Transaction;

/// What somebody says who uses the code.
pub struct OwnerRequest {
    /// The code, as it was typed.
    pub code: String,
    /// How the owner is called.
    pub name: String,
    /// By which he logs in from now on.
    pub credential: NewCredential,
    /// What this device is to be called.
    pub device_name: Option<String>,
    /// Whether it is a program, which keeps its token itself.
    pub is_program: bool,
}

impl App {
    /// Makes a code for an owner, in place of the one before. Only for programs on the shop's own machine.
    pub fn issue_owner_code(&self, caller: Requester, is_reset: bool) -> Result<String, AccessRefusal> {
        if caller.asker != Asker::Machine {
            return Err(AccessRefusal::Forbidden(crate::domain::Right::People));
        }
        let code = owner_code()?;
        let hash = sha256(&code);
        errand(self, move |transaction| {
            if transaction.directory()?.has_owner() && !is_reset {
                let why = "This shop has an owner. For an owner who cannot log in any more, a code for a new PIN is made with --reset.";
                return Err(AccessRefusal::Conflict(why.to_string()).into());
            }
            let code = OwnerCode::new(hash, transaction.run_time(), is_reset);
            caller.audit(transaction, AuditKind::Owner, "", Some("a code was made".to_string()))?;
            Ok(transaction.edit_directory(DirectoryEdit::OwnerCode(Some(code)))?)
        })?;
        Ok(code)
    }

    /// Makes the owner of a code, or gives one that there is new credentials. Of two at once one wins.
    pub fn make_owner(&self, caller: Requester, request: OwnerRequest) -> Result<LoggedIn, AccessRefusal> {
        let OwnerRequest { code, name, credential, device_name, is_program } = request;
        let name = checked_name(&name)?;
        let device_name = checked_name(device_name.as_deref().unwrap_or(&name))?;
        if credential.is_empty() {
            return Err(AccessRefusal::Invalid("pin", "or password must be given".to_string()));
        }
        credential.check(Role::OWNER)?;
        let (hash, is_here) = (sha256(&plain(&code)), caller.from.is_loopback());
        // Before anything is computed for him.
        if let Err(refusal) = errand(self, move |transaction| check_code(transaction, hash, is_here))? {
            note_stranger(self, caller);
            return Err(refusal);
        }
        let is_by_password = credential.pin.is_none();
        let hashed = credential.hash(self, true)?;
        let (device_token, person_token) = (token()?, token()?);
        let pepper_mark = self.access().pepper_mark();
        errand(self, move |transaction| {
            if let Err(refusal) = check_code(transaction, hash, is_here)? {
                return Err(refusal.into());
            }
            let directory = transaction.directory()?;
            let person = match directory.person_named(&name) {
                None => {
                    let id = directory.next_person();
                    Person {
                        id,
                        name: name.clone(),
                        role: Role::OWNER,
                        is_active: true,
                        pin_hash: hashed.pin,
                        password_hash: hashed.password,
                        is_removed: false,
                    }
                }
                Some(owner) if owner.role == Role::OWNER => {
                    let mut owner = Person::clone(owner);
                    owner.is_active = true;
                    owner.pin_hash = hashed.pin.or(owner.pin_hash);
                    owner.password_hash = hashed.password.or(owner.password_hash);
                    owner
                }
                Some(_) => {
                    let why = format!(
                        "{name} is no owner. Choose another name, or give {name} that role after you have logged in."
                    );
                    return Err(AccessRefusal::Conflict(why).into());
                }
            };
            let owners: Vec<u32> = directory.owners().map(|owner| owner.id).collect();
            let id = person.id;
            // First, as far as it may be refused: then the code is still good, and nothing was done. How many devices there are does not
            // matter: it is the way back in.
            let newcomer =
                Newcomer { name: device_name, is_program, token: device_token, maker: None, unseen: Vec::new() };
            let (device, device_token) = device_at_hand(transaction, caller, newcomer)?;
            transaction.edit_directory(DirectoryEdit::OwnerCode(None))?;
            transaction.put_pepper_mark(&pepper_mark)?;
            transaction.edit_directory(DirectoryEdit::Person(person))?;
            end_sessions(transaction, |session| owners.contains(&session.person))?;
            let session = begin_session(transaction, device, id, &person_token, is_by_password)?;
            caller.audit_as(transaction, Actor { person: id, device }, AuditKind::Owner, name, None)?;
            Ok(LoggedIn { device_token, person_token, asker: Asker::Known { device, session: Some(session) } })
        })
    }
}

/// A code as it was made: people type blanks and small letters.
fn plain(code: &str) -> String {
    code.chars().filter(|char| !char.is_whitespace() && *char != '-').flat_map(char::to_uppercase).collect()
}

/// Whether it is the code. A wrong one is counted, and that is stored, so the refusal is no error of the errand.
fn check_code(
    transaction: &mut Transaction<'_>,
    hash: [u8; 32],
    is_here: bool,
) -> Result<Result<(), AccessRefusal>, Stop> {
    let directory = transaction.directory()?;
    let now = transaction.run_time();
    let Some(code) = directory.owner_code().filter(|code| code.is_good(is_here, now)) else {
        return Ok(Err(AccessRefusal::Over));
    };
    if code.hash == hash {
        return Ok(Ok(()));
    }
    let next = code.tried(is_here);
    transaction.edit_directory(DirectoryEdit::OwnerCode(Some(next)))?;
    Ok(Err(AccessRefusal::WrongCode))
}
