//! The log, which never holds up the shop: lines go to a thread of their own, and when nobody takes them (a paused terminal, a
//! dead reader) they are dropped and counted instead of being waited for.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

/// Lines that may wait to be written.
const LINES_MAX: usize = 4_096;
/// Lines gather for so long and are written together, so that a busy shop does not switch threads for each.
const GATHER: Duration = Duration::from_millis(5);
/// How long the end of the program waits for the last lines.
const FLUSH_WAIT_MAX: Duration = Duration::from_millis(500);

/// Numbers about the lines on their way.
#[derive(Default)]
struct Counts {
    unwritten: AtomicUsize,
    dropped: AtomicU64,
}

/// Lines that were dropped since the start.
static DROPPED_LINES: AtomicU64 = AtomicU64::new(0);

/// How many lines of the log were dropped since the start, because nobody took them.
pub fn dropped_lines() -> u64 {
    DROPPED_LINES.load(Ordering::Relaxed)
}

/// Starts the log on standard error; the level comes from `RUST_LOG`, `info` without it.
pub fn start() -> io::Result<Flush> {
    let (lines, waiting) = bounded::<Vec<u8>>(LINES_MAX);
    let counts = Arc::new(Counts::default());
    thread::Builder::new().name("log".into()).spawn({
        let counts = Arc::clone(&counts);
        move || write(&waiting, &counts)
    })?;
    let queue = LineQueue { lines, counts: Arc::clone(&counts) };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info"))
        .target(env_logger::Target::Pipe(Box::new(queue)))
        .init();
    Ok(Flush { counts })
}

fn write(waiting: &Receiver<Vec<u8>>, counts: &Counts) {
    let mut output = io::stderr();
    while let Ok(first) = waiting.recv() {
        thread::sleep(GATHER);
        let (mut text, mut lines) = (one_line(&first).into_owned(), 1);
        while lines < LINES_MAX
            && let Ok(line) = waiting.try_recv()
        {
            text.extend_from_slice(&one_line(&line));
            lines += 1;
        }
        let dropped = counts.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            text.extend(format!("({dropped} lines of the log were dropped: nobody was reading it)\n").into_bytes());
        }
        if output.write_all(&text).is_err() {
            DROPPED_LINES.fetch_add(lines as u64, Ordering::Relaxed);
        }
        counts.unwritten.fetch_sub(lines, Ordering::Release);
    }
}

/// Waits at its end until the last lines are written, for a moment.
pub struct Flush {
    counts: Arc<Counts>,
}

impl Drop for Flush {
    fn drop(&mut self) {
        let deadline = Instant::now() + FLUSH_WAIT_MAX;
        while self.counts.unwritten.load(Ordering::Acquire) > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Where the logger writes: each call is one whole line.
struct LineQueue {
    lines: Sender<Vec<u8>>,
    counts: Arc<Counts>,
}

impl Write for LineQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.counts.unwritten.fetch_add(1, Ordering::AcqRel);
        if let Err(TrySendError::Full(_)) = self.lines.try_send(line.to_vec()) {
            self.counts.unwritten.fetch_sub(1, Ordering::AcqRel);
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            DROPPED_LINES.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line in which nothing but its end controls a terminal: what a client has sent can neither pass for a line of ours nor
/// hide one. Characters that control, and those that turn the direction of writing, are shown as `\u{202e}`.
fn one_line(line: &[u8]) -> Cow<'_, [u8]> {
    let is_harmless = |text: &str| !text.chars().any(|character| character.is_control() || turns_text(character));
    let end = line.strip_suffix(b"\n");
    if end.is_some_and(|text| std::str::from_utf8(text).is_ok_and(is_harmless)) {
        return Cow::Borrowed(line);
    }
    let text = String::from_utf8_lossy(end.unwrap_or(line));
    let mut safe = String::with_capacity(line.len());
    for character in text.chars() {
        if character.is_control() || turns_text(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe.push('\n');
    Cow::Owned(safe.into_bytes())
}

/// Line ends and direction marks of Unicode (UAX #9).
fn turns_text(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_stays_one_line_that_controls_nothing() {
        let line = "✅ Asha\r\n[ERROR] forged \u{1b}[2J\u{7f}\u{9b}\u{202e}cod\u{2028}\0 💡\n";
        let shown = String::from_utf8(one_line(line.as_bytes()).into_owned()).unwrap();
        assert_eq!(shown, "✅ Asha\\u{d}\\u{a}[ERROR] forged \\u{1b}[2J\\u{7f}\\u{9b}\\u{202e}cod\\u{2028}\\u{0} 💡\n");
        assert_eq!(one_line(b"\xff\n").as_ref(), "\u{fffd}\n".as_bytes());
    }
}
