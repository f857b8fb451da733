//! The log, which never holds up the shop: lines go to a thread of their own, and when nobody takes them (a paused terminal, a
//! dead reader) they are dropped and counted instead of being waited for.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, TrySendError, bounded};

/// Lines that may wait to be written.
const LINES_MAX: usize = 4_096;
/// How long the end of the program waits for the last lines.
const FLUSH_WAIT_MAX: Duration = Duration::from_millis(500);

/// Starts the log on standard error; the level comes from `RUST_LOG`, `info` without it.
pub fn start() -> io::Result<Flush> {
    let (lines, written) = bounded::<Vec<u8>>(LINES_MAX);
    let dropped = Arc::new(AtomicU64::new(0));
    thread::Builder::new().name("log".into()).spawn({
        let dropped = Arc::clone(&dropped);
        move || {
            let mut output = io::stderr();
            for line in written {
                let _ = output.write_all(&line);
                let lost = dropped.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let _ = writeln!(output, "({lost} lines of the log were dropped: nobody was reading it)");
                }
            }
        }
    })?;
    let queue = LineQueue { lines: lines.clone(), dropped };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info"))
        .target(env_logger::Target::Pipe(Box::new(queue)))
        .write_style(env_logger::WriteStyle::Never)
        .init();
    Ok(Flush { lines })
}

/// Waits at its end until the last lines are written, for a moment.
pub struct Flush {
    lines: Sender<Vec<u8>>,
}

impl Drop for Flush {
    fn drop(&mut self) {
        let deadline = Instant::now() + FLUSH_WAIT_MAX;
        while !self.lines.is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Where the logger writes: each call is one whole line.
struct LineQueue {
    lines: Sender<Vec<u8>>,
    dropped: Arc<AtomicU64>,
}

impl Write for LineQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(one_line(line)) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line in which nothing but its end controls a terminal: what a client has sent can neither pass for a line of ours nor
/// hide one. Characters that control, and those that turn the direction of writing, are shown as `\u{202e}`.
fn one_line(line: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line));
    let mut safe = String::with_capacity(line.len());
    for character in text.chars() {
        if character.is_control() || turns_text(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe.push('\n');
    safe.into_bytes()
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
        let shown = String::from_utf8(one_line(line.as_bytes())).unwrap();
        assert_eq!(shown, "✅ Asha\\u{d}\\u{a}[ERROR] forged \\u{1b}[2J\\u{7f}\\u{9b}\\u{202e}cod\\u{2028}\\u{0} 💡\n");
        assert_eq!(one_line(b"\xff\n"), "\u{fffd}\n".as_bytes());
    }
}
