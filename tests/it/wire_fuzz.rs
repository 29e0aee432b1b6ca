//! Seeded fuzz of the head gate: it never panics, and no head gets two answers.

use fastrand::Rng;
use livedrop::config::Limits;
use livedrop::http::head::{Framing, Head, HeadLimits};

use crate::harness::Instance;

/// Heads to begin with: ordinary ones, and ones that are refused for one reason.
const SEEDS: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /files/a%20b?c=d HTTP/1.1\r\nHost: [::1]:80\r\nRange: bytes=0-1\r\n\r\n",
    "PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n",
    "PUT /files/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST /upload HTTP/1.0\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "GET http://h/x HTTP/1.1\r\nHost: x\r\nCookie: \u{e4}; a=b\r\n\r\n",
    "GET /\u{e4} HTTP/1.1\r\nHost: x\r\nX:\r\nX-Y_Z: \t1 2\t \r\n\r\n",
];

/// Pieces that matter to whoever splits a head.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b"\0",
    b"\x7f",
    b"\xff",
    b"\xc3\xa4",
    b"Host: y\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: upgrade\r\n",
    b"Connection: x-upgrade, y\r\n",
    b"Expect: 100-continue\r\n",
    b"X: a\r\n b\r\n",
    b"HTTP/1.0",
    b"HTTP/1.1",
    b"HTTP/2.0",
    b",",
    b"+",
    b"00",
    b"http://",
    b"%",
    b"#",
    b"?",
    b"*",
];

fn limits() -> HeadLimits {
    let limits = Limits::default();
    HeadLimits {
        bytes_max: limits.head_bytes_max,
        fields_max: limits.head_fields_max,
        target_bytes_max: limits.target_bytes_max,
    }
}

/// A seed with a few changes; it ends with an empty line, as the gate has it.
fn mutated(random: &mut Rng) -> Vec<u8> {
    let mut head = random.choice(SEEDS).unwrap().as_bytes().to_vec();
    for _ in 0..random.usize(0..4) {
        let at = random.usize(0..=head.len());
        let end = (at + random.usize(0..8)).min(head.len());
        match random.u8(0..5) {
            0 => head.insert(at, random.u8(..)),
            1 => drop(head.drain(at..end)),
            2 => drop(head.splice(at..at, random.choice(PIECES).unwrap().iter().copied())),
            3 => head[at..end]
                .iter_mut()
                .for_each(|b| *b ^= 1 << random.u8(0..8)),
            _ => {
                let line = random.choice(SEEDS).unwrap().as_bytes();
                let from = random.usize(0..line.len());
                drop(head.splice(at..at, line[from..].iter().copied()));
            }
        }
    }
    // What stands behind the first empty line is not of this head.
    match memchr::memmem::find(&head, b"\r\n\r\n") {
        Some(end) => head.truncate(end + 4),
        None => head.extend_from_slice(b"\r\n\r\n"),
    }
    head
}

#[test]
fn two_hundred_thousand_mutated_heads_never_panic_and_keep_their_promises() {
    let mut random = Rng::with_seed(9112);
    let limits = limits();
    let mut accepted = 0;
    for _ in 0..200_000 {
        let bytes = mutated(&mut random);
        let Ok(head) = Head::parse(&bytes, &limits) else {
            continue;
        };
        accepted += 1;
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(head.length(), bytes.len());
        let is_path = head.target().starts_with('/') || head.target() == "*";
        assert!(
            is_path && !head.target().contains(['\r', '\n', ' ', '\0']),
            "{text:?}"
        );
        let line = text.lines().next().unwrap_or_default();
        assert_eq!(head.is_1_1, line.ends_with(" HTTP/1.1"), "{text:?}");
        let host = head.field("Host");
        assert!(host.is_some() || !head.is_1_1, "{text:?}");
        // A second reading, as simple as can be.
        let lengths: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.trim())
            .collect();
        match head.framing {
            Framing::Length(n) => assert_eq!(lengths[0].parse(), Ok(n), "{text:?}"),
            Framing::Chunked => assert!(lengths.is_empty(), "{text:?}"),
            Framing::Empty => assert!(lengths.iter().all(|v| v.parse() == Ok(0)), "{text:?}"),
        }
        assert!(lengths.len() <= 1, "{text:?}");
    }
    // Enough of both, or the mutations are too wild or too tame.
    assert!((40_000..160_000).contains(&accepted), "{accepted}");
}

#[test]
fn mutated_heads_have_at_most_one_answer_and_never_stop_the_server() {
    let server = Instance::start();
    let mut random = Rng::with_seed(9113);
    for _ in 0..3000 {
        let bytes = mutated(&mut random);
        let text = String::from_utf8_lossy(&bytes);
        let mut wire = server.connect();
        let at = random.usize(0..=bytes.len());
        wire.send_while_taken(&bytes[..at]);
        wire.send_while_taken(&bytes[at..]);
        wire.end();
        let rest = wire.rest();
        // Each but the interim ones has a date.
        let answers = memchr::memmem::find_iter(&rest, b"\r\nDate: ").count();
        assert!(answers <= 1, "{text:?}: {}", String::from_utf8_lossy(&rest));
        // Only a head that has begun in empty lines may have none.
        let begins = !bytes.starts_with(b"\r\n");
        assert!(answers == 1 || !begins, "{at} {text:?}");
    }
    let status = server.get("/api/status").json();
    assert_eq!(status["panics"], 0);
}
