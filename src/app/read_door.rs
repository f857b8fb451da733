//! Who may read what at this moment: a state of the shop, and the rights of the one who asks.

use std::sync::Arc;

use super::access::Access;
use super::monitor::ShopClock;
use super::read::{ReadError, Reading};
use crate::domain::{Asker, Permission, RunTime, Sight};
use crate::store::{CommitTime, Store};

/// Opens the one door for reads.
#[derive(Clone)]
pub(crate) struct ReadDoor {
    pub store: Arc<Store>,
    pub access: Arc<Access>,
    pub clock: ShopClock,
}

impl ReadDoor {
    /// Everything that is committed, as one who asks may see it.
    ///
    /// Promise 10: first the state is taken, then the rights. So rights that were taken away show nothing that came later.
    pub fn read(&self, asker: Asker) -> Result<Reading, ReadError> {
        let snapshot = self.store.snapshot()?;
        let permission = self.permission(asker).ok_or(ReadError::LoggedOut)?;
        Ok(Reading::new(snapshot, Arc::new(self.clock.sight(permission))))
    }

    /// What one who asks may do and see; `None` if he is to log in.
    pub fn permission(&self, asker: Asker) -> Option<Permission> {
        self.access.directory().permission(asker, self.run_time())
    }

    /// What one who follows the live feed sees; `None` if he is to log in.
    pub fn sight(&self, asker: Asker) -> Option<Sight> {
        Some(self.clock.sight(self.permission(asker).filter(Permission::is_member)?))
    }

    /// The shop's running time.
    pub fn run_time(&self) -> RunTime {
        self.store.run_time(CommitTime { at: self.clock.now(), uptime_seconds: self.clock.uptime_seconds() })
    }
}
