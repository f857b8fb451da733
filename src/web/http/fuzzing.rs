//! Spoilt bytes for tests: something valid, a few times changed. Only tests see this module.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestError, TestRunner};

/// Changes of one input.
const CHANGES: usize = 6;

/// One of `corpus`, with up to six changes.
pub fn spoilt(corpus: Vec<Vec<u8>>, tokens: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    changed(select(corpus), tokens)
}

/// An input with up to six changes: bytes flipped, taken away or doubled, and pieces of `tokens` put in.
pub fn changed(
    inputs: impl Strategy<Value = Vec<u8>>,
    tokens: &'static [&'static str],
) -> impl Strategy<Value = Vec<u8>> {
    let change = (0..5_u8, any::<Index>(), 0..64_usize, any::<u8>(), select(tokens));
    (inputs, vec(change, 0..=CHANGES)).prop_map(|(mut bytes, changes)| {
        for (kind, at, length, byte, token) in changes {
            let at = at.index(bytes.len() + 1);
            let end = bytes.len().min(at + length);
            match kind {
                0 => bytes.iter_mut().skip(at).take(1).for_each(|old| *old ^= byte),
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let doubled = bytes[at..end].to_vec();
                    bytes.splice(at..at, doubled);
                }
                3 => drop(bytes.splice(at..end, token.bytes())),
                _ => drop(bytes.splice(at..at, token.bytes())),
            }
        }
        bytes
    })
}

/// Runs `check` on so many inputs; the input of a failure is shown, as small as it could be made.
pub fn fuzz<S: Strategy>(cases: u32, inputs: &S, check: impl Fn(S::Value))
where
    S::Value: Debug,
{
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(inputs, |input| {
        check(input);
        Ok(())
    });
    if let Err(TestError::Fail(why, input)) = result {
        panic!("{why} for {input:?}");
    }
}
