//! Goal: no bytes make the reader of requests panic, take more than its bounds, or see other requests when they arrive in other
//! pieces. Method: valid requests, spoilt, read whole, byte by byte and in random pieces, with a fixed budget.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::any;

use super::*;
use crate::web::http::{fuzz, spoilt};

const CASES: u32 = 10_000;

const TOKENS: [&str; 20] = [
    "\r\n",
    "\n",
    "\r",
    "\0",
    "0\r\n\r\n",
    "0\r\n",
    "5\r\n",
    ";a=b",
    "-1",
    "0x5",
    "ffffffffffffffff\r\n",
    "10000000000000005\r\n",
    "X: y\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    " ",
    "٣",
    "00000000000000000000000000",
    "abcdefghijklmnopqrstuvwxyz",
];

fn corpus() -> Vec<Vec<u8>> {
    let get = "GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";
    [
        format!("POST /a HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n{get}"),
        format!("POST /a HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\nX: y\r\n\r\n{get}"),
        format!("POST /a HTTP/1.1\r\nHost: shop\r\nContent-Length: 12\r\n\r\nhello, world{get}{get}"),
        format!("\r\n{get}{get}"),
    ]
    .map(String::into_bytes)
    .into()
}

/// Bytes that arrive in given pieces, and then the end.
struct Script(VecDeque<Vec<u8>>);

impl ByteSource for Script {
    fn read_within(&mut self, _: Duration, into: &mut [u8]) -> io::Result<usize> {
        let Some(mut piece) = self.0.pop_front() else { return Ok(0) };
        let length = piece.len().min(into.len());
        into[..length].copy_from_slice(&piece[..length]);
        let rest = piece.split_off(length);
        if !rest.is_empty() {
            self.0.push_front(rest);
        }
        Ok(length)
    }
}

/// A request as it was read: method and target, and its body.
type SeenRequest = (String, Vec<u8>);

/// Every request in the pieces, and whether what follows them was refused.
fn read(pieces: VecDeque<Vec<u8>>) -> (Vec<SeenRequest>, bool) {
    let budget = MemoryBudget::default();
    let mut reader = RequestReader { source: Script(pieces), buffer: Buffer::default(), clock: Awake::start() };
    let mut requests = Vec::new();
    loop {
        let head = match reader.next_head() {
            Ok(head) => head,
            Err(end) => return (requests, matches!(end, NoRequest::Broken(_))),
        };
        let body = match reader.body(head.framing, &budget) {
            Ok(body) => body.bytes,
            Err(end) => return (requests, matches!(end, NoRequest::Broken(_))),
        };
        assert!(body.len() <= BODY_BYTES_MAX && reader.buffer.bytes.capacity() <= 2 * (HEAD_BYTES_MAX + READ_BYTES));
        requests.push((format!("{} {}", head.method, head.target()), body));
    }
}

fn in_pieces(bytes: &[u8], lengths: &[usize]) -> VecDeque<Vec<u8>> {
    let mut rest = bytes;
    let mut pieces = VecDeque::new();
    for length in lengths.iter().cycle() {
        let (piece, others) = rest.split_at(rest.len().min(*length));
        pieces.push_back(piece.to_vec());
        rest = others;
        if rest.is_empty() {
            return pieces;
        }
    }
    pieces
}

#[test]
fn the_same_bytes_are_the_same_requests_however_they_arrive() {
    fuzz(CASES, &(spoilt(corpus(), &TOKENS), vec(1..40_usize, 1..8)), |(bytes, lengths)| {
        let whole = read(in_pieces(&bytes, &[usize::MAX]));
        assert_eq!(read(in_pieces(&bytes, &[1])), whole);
        assert_eq!(read(in_pieces(&bytes, &lengths)), whole);
    });
}

#[test]
fn every_body_survives_its_chunks() {
    let body = vec(any::<u8>(), 0..3_000);
    fuzz(2_000, &(body, vec(1..700_usize, 1..6), vec(1..1_500_usize, 1..6)), |(body, sizes, lengths)| {
        let mut sent = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in in_pieces(&body, &sizes).into_iter().filter(|chunk| !chunk.is_empty()) {
            sent.extend(format!("{:X}\r\n", chunk.len()).bytes().chain(chunk).chain(*b"\r\n"));
        }
        sent.extend(b"0\r\n\r\n");
        assert_eq!(read(in_pieces(&sent, &lengths)), (vec_of(body), false));
    });
}

fn vec_of(body: Vec<u8>) -> Vec<SeenRequest> {
    Vec::from([("POST /a".to_string(), body)])
}

#[test]
fn a_body_is_not_waited_for_when_the_memory_for_all_is_taken() {
    let budget = MemoryBudget::default();
    let mut others = Vec::new();
    loop {
        let mut reservation = budget.reservation();
        if reservation.cover(BODY_BYTES_MAX).is_err() {
            break;
        }
        others.push(reservation);
    }
    let body_of = |length: usize| {
        let mut reader = RequestReader {
            source: Script(in_pieces(&vec![b'x'; length], &[4_096])),
            buffer: Buffer::default(),
            clock: Awake::start(),
        };
        reader.body(Framing::Length(length), &budget).map(|body| body.bytes.len())
    };
    assert!(matches!(body_of(4_000), Ok(4_000)), "a sale");
    assert!(matches!(body_of(BODY_BYTES_MAX), Err(NoRequest::Broken(problem)) if problem.status == 503));
    drop(others);
    assert!(matches!(body_of(BODY_BYTES_MAX), Ok(BODY_BYTES_MAX)));
}
