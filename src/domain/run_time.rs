//! A moment in the server's running time, which no clock setting changes.

/// For so long after a start the wall clock is not believed: on a machine without a clock chip the network has not set it yet.
const GRACE_SECONDS: u64 = 10 * 60;

/// When something was, so that it can be told later how long ago that is, however the clock was set in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunTime {
    /// Number of the run, from 1.
    pub run: u64,
    /// Seconds since its start.
    pub uptime_seconds: u64,
    /// What the wall clock showed.
    pub unix_micros: i64,
}

impl RunTime {
    /// Whether more than so many seconds have passed since then. After a restart it is the whole of the new run, or the wall
    /// clock once that can be believed.
    pub fn is_older_than(self, seconds: u64, now: Self) -> bool {
        if self.run == now.run {
            return now.uptime_seconds.saturating_sub(self.uptime_seconds) > seconds;
        }
        // It is older than this run, whatever the clock shows: on a machine without a clock chip each day may begin anew.
        now.uptime_seconds > seconds || (now.uptime_seconds > GRACE_SECONDS && self.is_past_on_the_wall(seconds, now))
    }

    /// The same where to end too early is better than too late: after a restart the wall clock counts at once.
    pub fn is_surely_over(self, seconds: u64, now: Self) -> bool {
        self.is_older_than(seconds, now) || (self.run != now.run && self.is_past_on_the_wall(seconds, now))
    }

    fn is_past_on_the_wall(self, seconds: u64, now: Self) -> bool {
        let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        now.unix_micros.saturating_sub(self.unix_micros) > micros
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    fn at(run: u64, uptime_seconds: u64, wall_seconds: i64) -> RunTime {
        RunTime { run, uptime_seconds, unix_micros: wall_seconds * 1_000_000 }
    }

    #[test]
    fn after_a_restart_what_must_end_in_time_ends_by_the_wall_clock_at_once() {
        let start = at(1, 0, 0);
        let back_tomorrow = at(2, 1, 25 * 3_600);
        assert!(start.is_surely_over(HOUR, back_tomorrow) && !start.is_older_than(HOUR, back_tomorrow));
        assert!(!start.is_surely_over(HOUR, at(1, HOUR, 9_999_999)), "a clock that is set ends nothing");
        assert!(start.is_surely_over(HOUR, at(1, HOUR + 1, 0)));
        assert!(start.is_surely_over(HOUR, at(2, HOUR + 1, -5)), "nor does one that is set back keep anything");
    }
}
