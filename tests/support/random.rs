//! Chance for tests: the same seed gives the same draws, so that a failure can be tried again.

use std::ops::Range;

/// Xorshift64* (Marsaglia, Vigna): tiny, and good enough to choose where a connection is cut.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds must not begin alike, and zero would stay zero for ever.
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.draw() % (range.end - range.start)
    }

    pub fn one_in(&mut self, count: u64) -> bool {
        self.within(0..count) == 0
    }

    /// A position in a list of this length.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.within(0..length as u64)).unwrap()
    }

    fn draw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        // The low bits are the weak ones.
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }
}
