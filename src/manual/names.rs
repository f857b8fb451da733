//! Names in the addresses of the manual that more than one file knows.

/// The contents page.
pub const CONTENTS: &str = "index";
