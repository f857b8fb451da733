//! The web page: a document, style sheets, an icon and native JavaScript modules, embedded as they stand in this
//! folder. There is no build step: what stands here is what is served, line by line, but for the comments.
//!
//! | folder | holds | imports |
//! |---|---|---|
//! | `kit` | elements, widgets, dialogs, icons, words, numbers and times as people read them | |
//! | `data` | records, commands, amounts, rights, the store of what is known, what the browser keeps | `kit` |
//! | `net` | the API, the session, the feed (WebSocket, long polling), the outbox, the database | `data`, `kit` |
//! | `screens` | the frame, the screens, and what a person does on them | all above |
//! | `style` | what each part looks like, on screens (sent as one file) and on paper | |
//!
//! `index.html` is the document, `main.js` makes the parts and ties them together, `sw.js` is the service worker that
//! keeps a copy of the page, and `closed.html` stands in its place while the shop cannot be opened.
//!
//! The server decides what somebody may do and see; the page leaves out what would be refused (`data/people.js`).
//!
//! Architecture invariants: imports run one way, without a circle (`tests/tidy_page.rs`); one module fetches (besides
//! the service worker), one opens the socket, one opens the browser's database; nothing is inline, and text never
//! becomes markup (the tests of `assets`).

mod assets;
mod served;

pub use assets::{Asset, CLOSED, FOLDER, HTML, INDEX, assets, worker};
