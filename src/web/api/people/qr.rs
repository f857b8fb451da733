//! QR codes of addresses, as the path of an SVG that the page draws.

use std::fmt::Write as _;

use qrcode::{Color, QrCode};
use serde::Serialize;

/// A QR code: a square of so many modules a side, its quiet zone of four included, and the dark ones.
#[derive(Serialize)]
pub(crate) struct QrJson {
    size: usize,
    /// The `d` of an SVG path in units of modules.
    path: String,
}

/// Modules around the code that stay light (ISO/IEC 18004).
const QUIET_MODULES: usize = 4;

impl QrJson {
    /// The code of a text; `None` if it is too long for one.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::new(text).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (place, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let (x, y) = (place % width + QUIET_MODULES, place / width + QUIET_MODULES);
                // Writing to memory does not fail.
                let _ = write!(path, "M{x} {y}h1v1h-1z");
            }
        }
        Some(Self { size: width + 2 * QUIET_MODULES, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_corners_and_its_quiet_zone() {
        let code = QrJson::of("http://192.168.1.20:8000/#pair=0123456789abcdef0123456789abcdef").unwrap();
        let last = code.size - QUIET_MODULES - 1;
        for (x, y) in [(QUIET_MODULES, QUIET_MODULES), (last, QUIET_MODULES), (QUIET_MODULES, last)] {
            assert!(code.path.contains(&format!("M{x} {y}h1v1h-1z")), "{x} {y}");
        }
        assert!(!code.path.contains("M3 ") && !code.path.contains(" 3h"), "the quiet zone");
        assert!(QrJson::of(&"x".repeat(5_000)).is_none());
    }
}
