//! A file that was put back or brought here, found at the start: whoever was let in by it does not go on by it.

use crate::app::access::Reached;
use crate::app::application::App;
use crate::domain::{Asker, AuditKind, AuditNote, DirectoryEdit, Person};
use crate::store::{StoreError, Transaction};

impl App {
    /// How far the database has come.
    pub(crate) fn reached(&self) -> Result<Reached, StoreError> {
        let reading = self.read(Asker::Machine).map_err(|_| StoreError::Unavailable)?;
        Ok(Reached { endings: self.directory().endings(), seq: reading.seq()?, audit: reading.audit_entries()? })
    }

    /// Notes that beside the database, at a start and at a proper end. A shop without people has nobody to shut out, and needs no such
    /// note unless another shop has left one.
    pub(crate) fn note_reached(&self) {
        let endings = &self.access().endings;
        if (self.directory().has_owner() || endings.known() != Reached::default())
            && let Ok(reached) = self.reached()
        {
            endings.note(reached);
        }
    }

    /// The file is older than what is known beside it: a copy was put back. In it those are let in who were shut out since.
    pub(crate) fn end_what_was_ended(&self) -> Result<(), StoreError> {
        log::warn!(
            "⚠️ The database is an older copy: whoever was logged in then has to log in again, and devices that were revoked since it was \
             made are to be revoked again"
        );
        let known = self.access().endings.known().endings.max(self.directory().endings());
        self.at_the_start(move |transaction| {
            end_all_sessions(transaction)?;
            transaction.edit_directory(DirectoryEdit::Endings(known + 1))?;
            note_restored(transaction, "an older copy of the database was put back")
        })
    }

    /// The PINs in the file were hashed with another pepper, or there are none yet: nobody could log in by them, and whoever has
    /// brought the file here does not go on with the sessions in it.
    pub(crate) fn take_new_pepper(&self, mark: [u8; 32]) -> Result<(), StoreError> {
        let directory = self.directory();
        if directory.has_owner() {
            log::warn!(
                "⚠️ The file with the pepper does not belong to this database, which was perhaps brought here as a copy. Nobody is \
                 logged in any more, and every PIN has to be set anew; an owner begins with the command `owner --reset`"
            );
        }
        self.at_the_start(move |transaction| {
            end_all_sessions(transaction)?;
            for person in directory.people().filter(|person| person.pin_hash.is_some()) {
                let person = Person { pin_hash: None, ..Person::clone(person) };
                transaction.edit_directory(DirectoryEdit::Person(person))?;
            }
            transaction.put_pepper_mark(&mark)?;
            note_restored(transaction, "the database came without the file with its pepper")
        })
    }

    fn at_the_start(
        &self,
        edits: impl FnOnce(&mut Transaction<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.run_errand(Box::new(edits)).map_err(|_| StoreError::Unavailable)
    }
}

fn end_all_sessions(transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
    for session in transaction.directory()?.sessions() {
        transaction.edit_directory(DirectoryEdit::NoSession(session.id))?;
    }
    Ok(())
}

fn note_restored(transaction: &mut Transaction<'_>, detail: &str) -> Result<(), StoreError> {
    // Before a shop has people there is nobody to tell.
    if !transaction.directory()?.has_owner() {
        return Ok(());
    }
    let detail = Some(detail.to_string());
    transaction.audit(AuditNote { person: 0, device: 0, address: None, kind: AuditKind::Restore, target: None, detail })
}
