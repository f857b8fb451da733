//! The manual: Markdown pages of this folder, embedded and rendered as HTML, so that a shop without internet has them
//! at `/help`. The same files read well in the repository.
//!
//! `names` has what more than one file calls a page, `pages` is the one list of the pages in the order in which one
//! reads them, `render` makes a document of each. This module imports nothing of the server.
//! `tests/system/operations/help.rs` holds that every page is served and every link leads somewhere.

mod names;
mod pages;
mod render;

pub use names::CONTENTS;
pub use pages::{Document, STYLE, STYLE_NAME, documents, missing};
