//! What every connection shares: the shop, who may ask, memory, and whether the server is stopping.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::http::MemoryBudget;
use super::security::{OriginPolicy, Resets};
use crate::app::Lifecycle;
use crate::deflate::MessageInflater;
use crate::domain::Directory;

/// What every connection shares.
pub(crate) struct Shared {
    pub lifecycle: Arc<Lifecycle>,
    pub origin_policy: OriginPolicy,
    pub budget: MemoryBudget,
    pub resets: Resets,
    /// Reads compressed messages, one at a time for all connections: clients say little, and one for each would be the most of what
    /// an idle client costs.
    pub inflater: Mutex<MessageInflater>,
    /// Whether other devices may do everything until the shop has an owner.
    pub is_lan_trusted: bool,
    is_stopping: AtomicBool,
}

impl Shared {
    pub fn new(lifecycle: Arc<Lifecycle>, origin_policy: OriginPolicy, is_lan_trusted: bool) -> Self {
        Self {
            lifecycle,
            origin_policy,
            budget: MemoryBudget::default(),
            resets: Resets::default(),
            inflater: Mutex::default(),
            is_lan_trusted,
            is_stopping: AtomicBool::new(false),
        }
    }

    /// Everybody who may come in at this moment; nobody while the shop is closed.
    pub fn directory(&self) -> Arc<Directory> {
        self.lifecycle.app().map(|app| app.directory()).unwrap_or_default()
    }

    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
    }
}
