//! Goal: whatever the lengths of its records, a client gets the whole body, and no broken one looks whole.

use std::io::Read;

use flate2::read::GzDecoder;
use proptest::collection::vec;
use proptest::prelude::Just;
use proptest::prop_oneof;
use proptest::test_runner::{Config, TestRunner};

use super::*;

/// A list of records of these lengths.
struct Lengths<'a> {
    lengths: std::slice::Iter<'a, usize>,
    /// Fails when it has given them all.
    is_broken: bool,
}

impl<'a> Lengths<'a> {
    fn of(lengths: &'a [usize], is_broken: bool) -> Self {
        Self { lengths: lengths.iter(), is_broken }
    }

    fn joined(lengths: &[usize]) -> Vec<u8> {
        lengths.iter().flat_map(|&length| Self::record(length)).collect()
    }

    fn record(length: usize) -> impl Iterator<Item = u8> {
        (0..length).map(move |at| u8::try_from((at * 31 + length) % 251).unwrap())
    }
}

impl BodySource for Lengths<'_> {
    fn append(&mut self, bytes: &mut Vec<u8>, until: usize) -> io::Result<bool> {
        while bytes.len() < until {
            match self.lengths.next() {
                Some(&length) => bytes.extend(Self::record(length)),
                None if self.is_broken => return Err(io::Error::other("the disk says no")),
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// Keeps each write by itself.
#[derive(Default)]
struct Writes(Vec<Vec<u8>>);

impl Write for &mut Writes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

fn printed(end: BodyEnd, source: &mut dyn BodySource) -> (io::Result<()>, Vec<Vec<u8>>) {
    let mut writes = Writes::default();
    let result = print(&mut writes, HEAD.to_vec(), end, source);
    (result, writes.0)
}

/// The body behind the head, as a client takes it apart; whether the last chunk was there.
fn unchunked(printed: &[u8]) -> (Vec<u8>, bool) {
    let mut rest = printed.strip_prefix(HEAD).unwrap();
    let mut body = Vec::new();
    while !rest.is_empty() {
        let line = rest.windows(2).position(|pair| pair == LINE_END).unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        let (chunk, behind) = rest[line + 2..].split_at(size);
        body.extend_from_slice(chunk);
        rest = behind.strip_prefix(LINE_END).unwrap();
        if size == 0 {
            return (body, rest.is_empty());
        }
    }
    (body, false)
}

#[test]
fn a_body_in_chunks_is_all_of_its_records_whatever_their_lengths() {
    let length = prop_oneof![
        Just(0),
        1..2_000_usize,
        CHUNK_BYTES - 3..CHUNK_BYTES + 3,
        CHUNK_BYTES + LAST_RECORD_BYTES..3 * CHUNK_BYTES,
    ];
    let mut runner = TestRunner::new(Config::with_cases(64));
    let result = runner.run(&vec(length, 0..40), |lengths| {
        let expected = Lengths::joined(&lengths);
        let (result, writes) = printed(BodyEnd::Chunked, &mut Lengths::of(&lengths, false));
        result.unwrap();
        assert_eq!(unchunked(&writes.concat()), (expected.clone(), true));
        // What is ordinary goes out in one write for each chunk.
        assert!(writes.len() <= expected.len() / CHUNK_BYTES + 1, "{} writes", writes.len());

        let (result, writes) = printed(BodyEnd::Connection, &mut Lengths::of(&lengths, false));
        result.unwrap();
        assert_eq!(writes.concat().strip_prefix(HEAD).unwrap(), expected);

        let mut source = Lengths::of(&lengths, false);
        let (result, writes) = printed(BodyEnd::Chunked, &mut Packed::new(&mut source));
        result.unwrap();
        let (packed, is_whole) = unchunked(&writes.concat());
        let mut unpacked = Vec::new();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!((unpacked, is_whole), (expected.clone(), true));

        let (start, rest) = lengths.split_at(lengths.len() / 2);
        let mut begun = Begun { start: Lengths::joined(start), rest: Lengths::of(rest, false) };
        let (result, writes) = printed(BodyEnd::Chunked, &mut begun);
        result.unwrap();
        assert_eq!(unchunked(&writes.concat()), (expected, true));
        Ok(())
    });
    result.unwrap();
}

#[test]
fn a_body_that_breaks_off_has_no_last_chunk() {
    for count in [0, 1, 100, 5_000] {
        let lengths = vec![100; count];
        for is_packed in [false, true] {
            let mut source = Lengths::of(&lengths, true);
            let (result, writes) = if is_packed {
                printed(BodyEnd::Chunked, &mut Packed::new(&mut source))
            } else {
                printed(BodyEnd::Chunked, &mut source)
            };
            assert!(result.is_err());
            let sent = writes.concat();
            assert!(sent.is_empty() || !unchunked(&sent).1, "{count} records look whole");
        }
    }
}

/// What waits for a slow reader is one chunk, however long the list.
#[test]
fn a_chunk_is_not_longer_than_what_is_written_at_once() {
    let (result, writes) = printed(BodyEnd::Chunked, &mut Lengths::of(&vec![700; 10_000], false));
    result.unwrap();
    assert!(writes.iter().all(|write| write.len() <= WRITE_BYTES), "one write for each chunk");
}
