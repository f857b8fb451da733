//! Whether reads of this open file have failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::ReadOnlyTable;

use crate::store::error::StoreError;

/// Whether a read of this open file has failed: after that redb reads nothing from the disk any more, so that the file must
/// be opened again.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadHealth {
    has_failed: Arc<AtomicBool>,
}

impl ReadHealth {
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }

    pub fn watch<T>(&self, read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.note(read())
    }

    pub fn note<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(result, Err(StoreError::Database(_))) {
            self.has_failed.store(true, Ordering::Release);
        }
        result
    }
}

pub(crate) type Bytes = ReadOnlyTable<u64, &'static [u8]>;
