//! Who is told to reload, in the log: an owner who has put an older copy back should see it, once for each device, and a device
//! that comes again and again does not fill the disk.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines about the same address.
const LINE_EVERY: Duration = Duration::from_secs(60);
/// Addresses that are kept apart; further ones share the lines of one.
const RESET_ADDRESSES_MAX: usize = 256;

/// Who asks, as far as the log wants to know.
#[derive(Clone, Copy)]
pub(crate) struct Visitor<'a> {
    /// Where he is; behind a proxy on this machine, as that says.
    pub address: IpAddr,
    /// Whether the connection comes from this machine, perhaps from a proxy on it.
    pub is_from_here: bool,
    /// Whether he is let in until the shop has an owner: he is on this machine, or every device is.
    pub is_trusted: bool,
    pub resets: &'a Resets,
}

/// The last line about each address.
#[derive(Debug, Default)]
pub(crate) struct Resets(Mutex<HashMap<Option<IpAddr>, Told>>);

#[derive(Debug)]
struct Told {
    at: Instant,
    /// How often it came since, without a line.
    more: u64,
}

impl Visitor<'_> {
    /// Notes that a client that had everything up to `since` is told to reload, by a database that is at `seq` now.
    pub fn note_reset(self, since: u64, seq: u64) {
        let Self { address, resets, .. } = self;
        if let Some(before) = resets.note(address, Instant::now()) {
            let before =
                if before > 0 { format!(" It came {before} times more since the last line.") } else { String::new() };
            log::warn!(
                "⚠️ A client at {address} that had everything up to {since} is told to reload: this database, now at {seq}, \
                 does not know the run in which that was so. It may be an older copy.{before}"
            );
        }
    }
}

impl Resets {
    /// Whether a line is due, and how often there was none since the last one.
    fn note(&self, address: IpAddr, now: Instant) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = |last: &Told| now.saturating_duration_since(last.at) >= LINE_EVERY;
        if told.len() >= RESET_ADDRESSES_MAX && !told.contains_key(&Some(address)) {
            told.retain(|_, last| !is_due(last));
        }
        let is_known = told.len() < RESET_ADDRESSES_MAX || told.contains_key(&Some(address));
        let address = is_known.then_some(address);
        match told.get_mut(&address) {
            Some(last) if !is_due(last) => {
                last.more += 1;
                None
            }
            last => {
                let before = last.map_or(0, |last| last.more);
                told.insert(address, Told { at: now, more: 0 });
                Some(before)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    #[test]
    fn an_address_has_one_line_a_minute_and_the_next_one_says_how_often_it_came() {
        let (resets, start) = (Resets::default(), Instant::now());
        assert_eq!(resets.note(address(1), start), Some(0));
        assert_eq!(resets.note(address(2), start), Some(0));
        for second in 1..60 {
            assert_eq!(resets.note(address(1), start + Duration::from_secs(second)), None);
        }
        assert_eq!(resets.note(address(1), start + LINE_EVERY), Some(59));
        assert_eq!(resets.note(address(1), start + LINE_EVERY), None);
    }

    #[test]
    fn a_crowd_of_addresses_shares_the_lines_of_one_and_takes_no_more_room() {
        let (resets, start) = (Resets::default(), Instant::now());
        let lines = (0..10_000).filter(|&number| resets.note(address(number), start).is_some()).count();
        assert_eq!(lines, RESET_ADDRESSES_MAX + 1);
        assert!(resets.0.lock().unwrap().len() <= RESET_ADDRESSES_MAX + 1);
        assert_eq!(resets.note(address(20_000), start + LINE_EVERY), Some(0), "the old ones are forgotten");
        assert_eq!(resets.note(address(20_001), start + LINE_EVERY), Some(0));
    }
}
