//! What a QR code has to look like: the modules of a text, to be held against those that were drawn.

use qrcode::{Color, QrCode};

/// Modules around a code that stay light (ISO/IEC 18004).
const QUIET_MODULES: usize = 4;

pub const DARK: char = '#';
pub const LIGHT: char = '.';

/// The rows of the code of a text, its quiet zone included.
pub fn modules(text: &str) -> Vec<String> {
    let code = QrCode::new(text).unwrap();
    let size = code.width() + 2 * QUIET_MODULES;
    let is_dark = |x: usize, y: usize| {
        let is_inside = |place: usize| (QUIET_MODULES..size - QUIET_MODULES).contains(&place);
        is_inside(x) && is_inside(y) && code[(x - QUIET_MODULES, y - QUIET_MODULES)] == Color::Dark
    };
    (0..size).map(|y| (0..size).map(|x| if is_dark(x, y) { DARK } else { LIGHT }).collect()).collect()
}

/// The rows of a code that is drawn in half blocks, two rows a line.
pub fn modules_of_blocks(lines: &[&str]) -> Vec<String> {
    let row = |line: &str, dark: [char; 2]| -> String {
        line.chars().map(|block| if dark.contains(&block) { DARK } else { LIGHT }).collect()
    };
    lines.iter().flat_map(|line| [row(line, ['▀', '█']), row(line, ['▄', '█'])]).collect()
}
