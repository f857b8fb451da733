//! What the owner should know while the shop goes on: the clock is wrong, the disk is nearly full. Found by looking once a
//! second, and whenever somebody asks; said in the log when it begins and when it ends.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use super::clock::ShopClock;
use super::disk_space::DiskSpace;
use crate::domain::Change;
use crate::platform::log_writer;
use crate::store::JournalCounts;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Free space of so many reserves is worth a word before it is used up.
const LOW_RESERVES: u64 = 4;

/// A clock that is set back by less is not worth a word.
const BEHIND_MICROS: i64 = 60 * SECOND_MICROS;
/// Shops close for months; a clock that is further ahead than this is taken for a wrong one.
const AHEAD_MICROS: i64 = 366 * 24 * 3_600 * SECOND_MICROS;
/// 2025-01-01. No clock that is right shows less.
const CLOCK_MICROS_MIN: i64 = 1_735_689_600 * SECOND_MICROS;
const SECOND_MICROS: i64 = 1_000_000;

/// Something that the owner should know while the shop goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// For programs: `disk_full`, `disk_low`, `clock_behind`, `clock_ahead`, `clock_unset`, `log_dropped`,
    /// `journal_missing`.
    pub code: &'static str,
    /// For the owner: what it is, what it means, what to do.
    pub message: String,
}

/// Looks after clock and disk until it is dropped.
pub(crate) struct Monitor {
    check: Arc<Check>,
    /// Dropped with the watch, which ends its thread.
    _thread: Sender<()>,
}

struct Check {
    clock: ShopClock,
    space: Arc<DiskSpace>,
    last_stored: Arc<LastStored>,
    journal: Arc<JournalCounts>,
    seen: Mutex<Seen>,
}

/// The time of the last stored change, for those who may not ask the file.
#[derive(Debug)]
pub(crate) struct LastStored(AtomicI64);

impl LastStored {
    pub fn new(micros: Option<i64>) -> Self {
        Self(AtomicI64::new(micros.unwrap_or(i64::MIN)))
    }

    pub fn note(&self, changes: &[Change]) {
        if let Some(last) = changes.last() {
            self.0.store(last.at.unix_micros, Ordering::Relaxed);
        }
    }

    fn micros(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|micros| *micros != i64::MIN)
    }
}

struct Seen {
    judge: ClockJudge,
    warnings: Vec<Warning>,
}

impl Monitor {
    pub fn start(
        clock: ShopClock,
        space: Arc<DiskSpace>,
        last_stored: Arc<LastStored>,
        journal: Arc<JournalCounts>,
    ) -> std::io::Result<Self> {
        let judge = ClockJudge::new(last_stored.micros(), clock.uptime());
        let seen = Mutex::new(Seen { judge, warnings: Vec::new() });
        let check = Arc::new(Check { clock, space, last_stored, journal, seen });
        check.look();
        let (ending, ended) = bounded::<()>(0);
        thread::Builder::new().name("watch".into()).spawn({
            let check = Arc::clone(&check);
            move || {
                while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(LOOK_EVERY) {
                    check.look();
                }
            }
        })?;
        Ok(Self { check, _thread: ending })
    }

    /// What is to be said now.
    pub fn warnings(&self) -> Vec<Warning> {
        self.check.look()
    }
}

impl Check {
    fn look(&self) -> Vec<Warning> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, last) = (self.clock.now().unix_micros, self.last_stored.micros());
        let fault = seen.judge.judge(now, self.clock.uptime(), last);
        let warnings: Vec<Warning> = [
            disk_warning(&self.space),
            fault.map(|fault| fault.into_warning(now, &self.clock)),
            log_warning(log_writer::dropped_lines()),
            journal_warning(&self.journal),
        ]
        .into_iter()
        .flatten()
        .collect();
        let has = |list: &[Warning], code| list.iter().any(|warning| warning.code == code);
        for warning in warnings.iter().filter(|warning| !has(&seen.warnings, warning.code)) {
            log::warn!("⚠️ {}", warning.message);
        }
        for warning in seen.warnings.iter().filter(|warning| !has(&warnings, warning.code)) {
            log::info!("The warning {} is over", warning.code);
        }
        seen.warnings.clone_from(&warnings);
        warnings
    }
}

fn disk_warning(space: &DiskSpace) -> Option<Warning> {
    let (free, reserve) = (space.free_bytes()?, space.reserve_bytes());
    let mib = |bytes: u64| bytes >> 20;
    if free <= reserve {
        return Some(Warning {
            code: "disk_full",
            message: format!(
                "The disk of this server is full: {} MiB are free, and the last {} MiB are kept back. New sales and estimates \
                 are refused until there is room; reading and deleting go on. Delete what is not needed on that disk.",
                mib(free),
                mib(reserve)
            ),
        });
    }
    (free <= reserve.saturating_mul(LOW_RESERVES)).then(|| Warning {
        code: "disk_low",
        message: format!(
            "The disk of this server is getting full: {} MiB are free. From {} MiB on, new sales and estimates are refused. \
             Delete what is not needed on that disk.",
            mib(free),
            mib(reserve)
        ),
    })
}

fn log_warning(lines: u64) -> Option<Warning> {
    (lines > 0).then(|| Warning {
        code: "log_dropped",
        message: format!("{lines} lines of the log were lost since the start, because nobody took them."),
    })
}

fn journal_warning(journal: &JournalCounts) -> Option<Warning> {
    let has_none = journal.bytes.load(Ordering::Relaxed) == 0;
    has_none.then(|| Warning {
        code: "journal_missing",
        message: "There was no room for the journal beside the database, so each sale costs the disk more writes, and \
                  damage to the newest pages is not put right. Delete what is not needed on that disk; the journal is begun as \
                  soon as there is room."
            .to_string(),
    })
}

/// What is wrong with the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClockFault {
    /// It shows less than the last stored change.
    Behind { last: i64 },
    /// It shows a time before this program was written.
    Unset,
    /// It shows far more than what was to be expected.
    Ahead { expected: i64 },
}

/// Tells a wrong clock from a right one by the last stored change, and by the time that has passed since the clock was last
/// believed.
#[derive(Debug)]
struct ClockJudge {
    /// The last time that was believed, and the uptime then.
    believed: Option<(i64, Duration)>,
}

impl ClockJudge {
    /// At the start all that is known is that the last stored change is over.
    fn new(last_stored: Option<i64>, uptime: Duration) -> Self {
        Self { believed: last_stored.filter(|&last| last >= CLOCK_MICROS_MIN).map(|last| (last, uptime)) }
    }

    fn judge(&mut self, now: i64, uptime: Duration, last_stored: Option<i64>) -> Option<ClockFault> {
        if let Some(last) = last_stored.filter(|&last| now < last.saturating_sub(BEHIND_MICROS)) {
            return Some(ClockFault::Behind { last });
        }
        if now < CLOCK_MICROS_MIN {
            return Some(ClockFault::Unset);
        }
        // The clock that a machine without a clock chip gets from the network jumps ahead, and rightly so: that is why only
        // a time that was believed counts here.
        if let Some((believed, at)) = self.believed {
            let passed = i64::try_from(uptime.saturating_sub(at).as_micros()).unwrap_or(i64::MAX);
            let expected = believed.saturating_add(passed);
            if now > expected.saturating_add(AHEAD_MICROS) {
                return Some(ClockFault::Ahead { expected });
            }
        }
        self.believed = Some((now, uptime));
        None
    }
}

impl ClockFault {
    fn into_warning(self, now: i64, clock: &ShopClock) -> Warning {
        let shown = clock.minute(now);
        match self {
            Self::Behind { last } => {
                let last = clock.minute(last);
                Warning {
                    code: "clock_behind",
                    message: format!(
                        "The clock of this computer is behind: it shows {shown}, and the last change was stored at {last}. \
                         Until the clock has passed that time, everything new carries it; order and numbers stay right. \
                         Set the clock. If it is right now, it was ahead before: then only the backup from before that \
                         day, with the later sales entered again, brings the right times back."
                    ),
                }
            }
            Self::Unset => Warning {
                code: "clock_unset",
                message: format!(
                    "The clock of this computer is not set: it shows {shown}, and everything new carries that time; order \
                     and numbers stay right. Set the clock, or connect this computer to the internet."
                ),
            },
            Self::Ahead { expected } => Warning {
                code: "clock_ahead",
                message: format!(
                    "The clock of this computer shows {shown}, where about {} was to be expected. If that is wrong, set the \
                     clock before the next sale: stored times never run backwards, so all later sales would carry this \
                     time until the clock has passed it. If it is right, there is nothing to do; this notice ends with \
                     the next start of the server.",
                    clock.minute(expected)
                ),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 in microseconds.
    const TODAY: i64 = 1_795_392_000 * SECOND_MICROS;
    const DAY: i64 = 24 * 3_600 * SECOND_MICROS;
    const YEAR: i64 = 365 * DAY;

    fn judged(last_at_start: Option<i64>, looks: &[(i64, u64, Option<i64>)]) -> Vec<Option<ClockFault>> {
        let mut judge = ClockJudge::new(last_at_start, Duration::ZERO);
        looks.iter().map(|&(now, uptime, last)| judge.judge(now, Duration::from_secs(uptime), last)).collect()
    }

    #[test]
    fn a_right_clock_is_believed() {
        assert_eq!(judged(None, &[(TODAY, 0, None), (TODAY + DAY, 5, Some(TODAY))]), [None, None]);
        // Shut over the holidays; a step of the network's clock; a night asleep.
        let last = Some(TODAY - 200 * DAY);
        assert_eq!(
            judged(
                last,
                &[(TODAY, 0, last), (TODAY - 30 * SECOND_MICROS, 1, Some(TODAY)), (TODAY + DAY, 2, Some(TODAY))]
            ),
            [None, None, None]
        );
    }

    #[test]
    fn a_clock_that_starts_in_1970_is_unset_until_the_network_sets_it() {
        let last = Some(SECOND_MICROS * 60);
        assert_eq!(
            judged(None, &[(SECOND_MICROS, 0, None), (SECOND_MICROS * 61, 60, last), (TODAY, 61, last)]),
            [Some(ClockFault::Unset), Some(ClockFault::Unset), None]
        );
        assert_eq!(judged(last, &[(TODAY, 0, last)]), [None], "sales of such a day are no reason to doubt the next");
    }

    #[test]
    fn a_clock_that_is_two_years_back_is_behind_until_it_is_set() {
        let last = Some(TODAY);
        assert_eq!(
            judged(last, &[(TODAY - 2 * YEAR, 0, last), (TODAY + DAY, 9, last)]),
            [Some(ClockFault::Behind { last: TODAY }), None]
        );
    }

    #[test]
    fn a_clock_that_is_ten_years_ahead_is_doubted_whatever_is_stored_and_behind_when_it_is_set_right() {
        let (future, last) = (TODAY + 10 * YEAR, Some(TODAY));
        let looks = [(TODAY, 0, last), (future, 1, last), (future, 2, Some(future)), (TODAY, 3, Some(future))];
        let ahead = |seconds: i64| Some(ClockFault::Ahead { expected: TODAY + seconds * SECOND_MICROS });
        assert_eq!(judged(last, &looks), [None, ahead(1), ahead(2), Some(ClockFault::Behind { last: future })]);
        assert_eq!(judged(last, &[(future, 0, last)]), [ahead(0)], "also at the start");
        assert_eq!(judged(last, &[(future, 0, last), (TODAY + DAY, 1, last)]), [ahead(0), None], "nothing was sold");
    }

    #[test]
    fn a_disk_is_low_before_it_is_full() {
        let code = |free| disk_warning(&DiskSpace::reading(64 << 20, move || free)).map(|warning| warning.code);
        assert_eq!(code(Some(64 << 20)), Some("disk_full"));
        assert_eq!(code(Some(65 << 20)), Some("disk_low"));
        assert_eq!(code(Some(1 << 30)), None);
        assert_eq!(code(None), None);
    }
}
