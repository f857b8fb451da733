//! What a commit has changed is shown: settings, rights, and after a fault what it has left in the file unshown.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};

use super::group_commit::{BATCH_COMMANDS_MAX, CommitState, Tools};
use crate::domain::{Change, Directory};
use crate::live::{Ruling, close_code};
use crate::store::{ChangeStep, CommitTime, belonging};

/// Of what a fault has left unshown, bytes that are read at once.
const RECOVERY_BYTES_MAX: usize = 1 << 20;

impl CommitState {
    pub(super) fn show_settings(&self, rev: u32, json: Arc<[u8]>) {
        self.settings_rev.store(rev, Ordering::Release);
        self.tools.feed.publish_settings(json);
    }

    /// From here on everybody is judged by it.
    pub(super) fn show_directory(&self, directory: &Arc<Directory>) {
        self.tools.access.show(Arc::clone(directory));
        self.review(directory);
    }

    /// Judges live connections: those end who are not let in any more, and others see what they may now.
    pub(super) fn review(&self, directory: &Directory) {
        let Tools { store, feed, clock, .. } = &self.tools;
        let now = CommitTime { at: clock.now(), uptime_seconds: clock.uptime_seconds() };
        let run_time = store.run_time(now);
        self.day.store(clock.day_number(), Ordering::Release);
        feed.review(|asker| match directory.permission(asker, run_time) {
            None => Ruling::Out(close_code::LOG_IN, "log in again"),
            Some(permission) if !permission.is_member() => {
                Ruling::Out(close_code::NOT_ALLOWED, "there is nothing to see here any more")
            }
            Some(permission) => Ruling::Sees(Arc::new(clock.sight(permission))),
        });
    }

    /// Midnight, or a clock that was set: who sees some days only sees others now.
    pub(super) fn look_at_day(&self, _commit_lock: &MutexGuard<'_, ()>) {
        if self.day.load(Ordering::Acquire) != self.tools.clock.day_number() {
            self.review(&self.tools.access.directory());
        }
    }

    /// After a fault the file may hold a commit that was never shown. Opens the file and shows what is in it, before
    /// anything else is committed. Promise 6: nothing is skipped. True when the feed is level with the file.
    pub(super) fn bring_feed_up(&self) -> bool {
        loop {
            let Tools { store, feed, last_stored, .. } = &self.tools;
            let seq = feed.last_published();
            let missed = store.snapshot().and_then(|snapshot| {
                let (mut changes, read_to) =
                    snapshot.changes_after(seq, BATCH_COMMANDS_MAX, RECOVERY_BYTES_MAX, latest_or_given_away)?;
                for change in &mut changes {
                    if let Some(linked) = change.linked {
                        change.linked_belonging = snapshot.record(linked, belonging)?;
                    }
                }
                Ok(((changes, read_to), snapshot.seq()?))
            });
            let Ok(((changes, read_to), head)) = missed else { return false };
            // Promise 10: whoever is out by what the fault has left gets nothing of what came with it.
            let Ok(directory) = store.snapshot().and_then(|snapshot| snapshot.directory()) else { return false };
            self.show_directory(&Arc::new(directory));
            last_stored.note(&changes);
            feed.publish(changes);
            feed.advance(read_to);
            if read_to >= head {
                // They are not in the log; the fault may have left new ones that nobody has seen.
                let Ok((rev, json)) = store.snapshot().and_then(|snapshot| snapshot.settings()) else { return false };
                if rev != self.settings_rev.load(Ordering::Acquire) {
                    self.show_settings(rev, json.into());
                }
                self.is_feed_behind.store(false, Ordering::Release);
                return true;
            }
        }
    }
}

/// The latest state of a record; and that it was given away before that, since those who saw it until then are told at that place.
fn latest_or_given_away(step: &ChangeStep<'_>) -> Option<Change> {
    if step.is_latest() {
        return Some(step.change());
    }
    step.owner_before().map(|_| Change { record: None, ..step.change() })
}
