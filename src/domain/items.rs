//! The lines of a bill.

/// Lines of one record at most.
pub const ITEMS_MAX: usize = 1_000;

/// The lines of a bill exactly as the till sent them: a JSON array, passed through untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    json: Box<str>,
    count: u32,
}

impl Items {
    /// Takes a JSON array whose elements were checked one by one, and how many there are.
    pub fn new(json: impl Into<Box<str>>, count: u32) -> Self {
        Self { json: json.into(), count }
    }

    /// The JSON array.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// How many lines.
    pub fn count(&self) -> u32 {
        self.count
    }
}
