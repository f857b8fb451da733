//! The shop as the network finds it: being opened, open, or closed for a reason that the owner can mend. The one place that
//! holds this state; whoever needs the open shop asks [`Lifecycle::app`] once and gets it, or why not.
//!
//! ```text
//! Opening ──► open (until the program stops)
//!    │ ▲
//!    ▼ │ again after a rest, until it works
//!  Failed            Refused: the options do not fit the file, and only the person who starts the program can help
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::access::Secrets;
use super::application::{App, AppError};
use crate::app::monitor::{DiskSpace, ShopClock};
use crate::platform;
use crate::store::{Attempt, OpenError, Store, StoreOptions};

/// Between two attempts to open a file that cannot be used, at least.
const RETRY_REST: Duration = Duration::from_secs(1);
/// An attempt may read the whole file. This many times as long as it took it rests...
const RETRY_REST_OF_ATTEMPT: u32 = 4;
/// ...but no longer than this.
const RETRY_REST_MAX: Duration = Duration::from_secs(30);
/// How often a long check is written to the log.
const LOG_EVERY: Duration = Duration::from_secs(5);

/// Why the shop is not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unavailable {
    /// The file is being read and checked; so much of it is done.
    Opening {
        /// 0 to 99.
        percent: u8,
    },
    /// The file cannot be used at the moment. It is tried again until it can.
    Failed(Failure),
    /// The options do not fit the data: a sentence for the person who started the program.
    Refused(String),
}

/// Why the file cannot be used, for the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong, with the path.
    pub sentence: String,
    /// What to do about it.
    pub remedy: String,
    /// The database file.
    pub file: PathBuf,
}

/// The shop, open or not.
pub struct Lifecycle {
    clock: ShopClock,
    app: OnceLock<Arc<App>>,
    state: Mutex<LifecycleState>,
    is_settled: Condvar,
    /// Where programs on this machine reach the server, and where other devices do if it has a name for them.
    addresses: OnceLock<(String, Option<String>)>,
}

struct LifecycleState {
    closed: Unavailable,
    is_stopping: bool,
}

impl Lifecycle {
    /// A shop that is not open yet.
    pub fn new(clock: ShopClock) -> Self {
        let state = LifecycleState { closed: Unavailable::Opening { percent: 0 }, is_stopping: false };
        Self {
            clock,
            app: OnceLock::new(),
            state: Mutex::new(state),
            is_settled: Condvar::new(),
            addresses: OnceLock::new(),
        }
    }

    /// A shop that is open already: tests put ones here whose disk fails.
    pub fn around(app: Arc<App>) -> Self {
        let lifecycle = Self::new(app.clock().clone());
        let _ = lifecycle.app.set(app);
        lifecycle
    }

    /// Notes where programs on this machine reach the server, and under which base URL other devices do if it has a name for
    /// them. To be called before the shop is opened.
    pub fn note_addresses(&self, here: String, elsewhere: Option<String>) {
        let _ = self.addresses.set((here, elsewhere));
    }

    /// Opens the shop on a thread of its own, however long it takes, and again until it works. `on_change` is called there
    /// after every change of the state, and every second while the file is checked; what it is now, [`Self::app`] says.
    pub fn open(
        self: &Arc<Self>,
        options: StoreOptions,
        reserve_bytes: u64,
        on_change: impl Fn(&Lifecycle) + Send + Sync + 'static,
    ) -> std::io::Result<()> {
        let opener = Opener {
            lifecycle: Arc::clone(self),
            options,
            reserve_bytes,
            on_change: Arc::new(on_change),
            has_seen_file: false,
        };
        thread::Builder::new().name("opener".into()).spawn(move || opener.run()).map(|_| ())
    }

    /// The open shop, or why it is not open. Once open it stays so.
    pub fn app(&self) -> Result<&Arc<App>, Unavailable> {
        self.app.get().ok_or_else(|| self.state().closed.clone())
    }

    /// The shop's time.
    pub fn clock(&self) -> &ShopClock {
        &self.clock
    }

    /// Waits until the first attempt to open is over, for so long at most.
    pub fn wait_for_opening(&self, time: Duration) {
        let is_opening = |state: &mut LifecycleState| {
            matches!(state.closed, Unavailable::Opening { .. }) && !state.is_stopping && self.app.get().is_none()
        };
        drop(self.is_settled.wait_timeout_while(self.state(), time, is_opening));
    }

    /// Lets nobody wait any longer, and closes the file if it is open.
    pub fn stop(&self) {
        self.state().is_stopping = true;
        self.is_settled.notify_all();
        if let Some(app) = self.app.get() {
            app.stop();
        }
    }

    fn state(&self) -> MutexGuard<'_, LifecycleState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, closed: Unavailable) {
        self.state().closed = closed;
        self.is_settled.notify_all();
    }

    /// Lets the public in, unless the program has begun to stop.
    fn let_in(&self, app: App) {
        let state = self.state();
        if state.is_stopping {
            app.stop();
        } else {
            let _ = self.app.set(Arc::new(app));
        }
        drop(state);
        self.is_settled.notify_all();
    }

    /// Rests between two attempts; true if the program stops meanwhile.
    fn rest(&self, time: Duration) -> bool {
        let (state, _) = self
            .is_settled
            .wait_timeout_while(self.state(), time, |state| !state.is_stopping)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_stopping
    }
}

/// Opens the file, again and again.
struct Opener {
    lifecycle: Arc<Lifecycle>,
    options: StoreOptions,
    reserve_bytes: u64,
    on_change: Arc<dyn Fn(&Lifecycle) + Send + Sync>,
    /// There was a file, so a missing one is not made anew.
    has_seen_file: bool,
}

impl Opener {
    fn run(mut self) {
        let mut told: Option<Failure> = None;
        loop {
            let started = Instant::now();
            let closed = match self.attempt(told.is_some()) {
                Ok(app) => {
                    log::info!("{} is open after {:.1} s", self.file(), started.elapsed().as_secs_f64());
                    self.lifecycle.let_in(app);
                    return self.tell();
                }
                Err(closed) => closed,
            };
            // Who knows what was there when nobody could look.
            self.has_seen_file |= !platform::is_missing(&self.options.file()).unwrap_or(false);
            self.lifecycle.set(closed.clone());
            let Unavailable::Failed(failure) = closed else { return self.tell() };
            if told.as_ref() != Some(&failure) {
                log::error!("⚠️ {} {}", failure.sentence, failure.remedy);
                told = Some(failure);
                self.tell();
            }
            let rest = (started.elapsed() * RETRY_REST_OF_ATTEMPT).clamp(RETRY_REST, RETRY_REST_MAX);
            if self.lifecycle.rest(rest) {
                return;
            }
        }
    }

    fn tell(&self) {
        (self.on_change)(&self.lifecycle);
    }

    fn file(&self) -> String {
        self.options.file().display().to_string()
    }

    /// One attempt. While a failure is shown, the next attempts go on behind it.
    fn attempt(&self, is_repeated: bool) -> Result<App, Unavailable> {
        if !is_repeated {
            let bytes = std::fs::metadata(self.options.file()).map_or(0, |file| file.len());
            log::info!("Opening and checking {} ({} KiB)", self.file(), bytes >> 10);
        }
        let attempt = Attempt { may_create: !self.has_seen_file, on_progress: self.on_progress(is_repeated) };
        // A damaged file must not end the server through a fault of the code that reads it either.
        let opened = catch_unwind(AssertUnwindSafe(|| Store::attempt(&self.options, attempt))).unwrap_or_else(|_| {
            let reason = "reading it fails".to_string();
            Err(OpenError::Damaged { path: self.options.file(), reason })
        });
        let store = opened.map_err(|error| self.closed_by(&error))?;
        let space = DiskSpace::of(self.folder_of_file(), self.reserve_bytes);
        let addresses = self.lifecycle.addresses.get();
        let (here, elsewhere) = addresses.map_or(("", None), |(here, elsewhere)| (here.as_str(), elsewhere.as_deref()));
        let secrets = Secrets::beside(&self.options.directory, here, elsewhere).map_err(AppError::Secrets);
        let app = secrets.and_then(|secrets| App::start_with(store, self.lifecycle.clock.clone(), space, &secrets));
        app.map_err(|error| self.failed(&error))
    }

    /// Where the file really is: its name may be a link to one on another disk, and that disk is the one that fills up.
    fn folder_of_file(&self) -> PathBuf {
        let file = std::fs::canonicalize(self.options.file()).ok();
        file.and_then(|file| file.parent().map(PathBuf::from)).unwrap_or_else(|| self.options.directory.clone())
    }

    fn closed_by(&self, error: &OpenError) -> Unavailable {
        if error.is_about_options() {
            return Unavailable::Refused(format!("{error} {}", error.remedy()));
        }
        Unavailable::Failed(Failure {
            sentence: error.to_string(),
            remedy: error.remedy().to_string(),
            file: self.options.file(),
        })
    }

    fn failed(&self, error: &AppError) -> Unavailable {
        let remedy = "It is tried again by itself.".to_string();
        Unavailable::Failed(Failure { sentence: error.to_string(), remedy, file: self.options.file() })
    }

    /// Shows how far the check is, and writes it to the log now and then.
    fn on_progress(&self, is_repeated: bool) -> Box<dyn Fn(u8) + Send + Sync> {
        let (lifecycle, on_change, file) = (Arc::clone(&self.lifecycle), Arc::clone(&self.on_change), self.file());
        let started = Instant::now();
        let logged = Mutex::new(started);
        Box::new(move |percent| {
            if !is_repeated {
                lifecycle.set(Unavailable::Opening { percent });
                on_change(&lifecycle);
            }
            let mut logged = logged.lock().unwrap_or_else(PoisonError::into_inner);
            if logged.elapsed() >= LOG_EVERY {
                *logged = Instant::now();
                log::info!("Still checking {file}: {percent} %, {} s", started.elapsed().as_secs());
            }
        })
    }
}
