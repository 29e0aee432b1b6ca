//! Time: how long a connection may be idle, a head be on its way, a body be slow, a reader stalled.
//!
//! The limits are a second here. What is waited for is the end itself; a client that is slow on
//! purpose paces itself by waiting for an answer that must not come yet.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::harness::{Instance, PATIENCE, Wire};

/// A server whose limits are a second, and whose slowest body is 1,024 bytes in it.
fn start() -> Instance {
    Instance::start_with(|limits| {
        limits.idle_s = 1;
        limits.head_s = 1;
        limits.body_rate_window_s = 1;
        limits.body_rate_bytes_per_s = 1024;
        limits.reader_stalled_s = 1;
    })
}

/// Whether there is something to read, or the end, within `time`.
fn hears(wire: &Wire, time: Duration) -> bool {
    let socket = wire.socket();
    socket.set_read_timeout(Some(time)).unwrap();
    let heard = match socket.peek(&mut [0]) {
        Ok(_) => true,
        Err(e) => e.kind() != ErrorKind::WouldBlock,
    };
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    heard
}

/// Sends `bytes` one at a time until there is an answer, which must be within twice the limit.
fn drip(wire: &mut Wire, bytes: &[u8]) {
    let begun = Instant::now();
    let pace = Duration::from_millis(50);
    assert!(
        bytes.iter().any(|byte| {
            wire.send_while_taken([*byte]);
            hears(wire, pace)
        }),
        "it is over before the bytes are"
    );
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let server = start();
    let begun = Instant::now();
    assert_eq!(server.connect().rest(), b"");
    assert!(begun.elapsed() >= Duration::from_millis(900));
    let mut wire = server.connect();
    assert_eq!(wire.ask("GET /health", &[], b"").status, 200);
    assert_eq!(wire.rest(), b"");
    // Empty lines alone are nothing to be answered.
    let mut wire = server.connect();
    wire.send("\r\n\r\n");
    assert_eq!(wire.rest(), b"");
}

#[test]
fn a_head_that_is_not_whole_in_time_is_told_so_and_cut() {
    let server = start();
    let table: [&[u8]; 5] = [
        b"G",
        b"GET /",
        b"GET /health HTTP/1.1\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\n\r",
        b"\r\nGET /health HTTP/1.1\r\nHost",
    ];
    for bytes in table {
        let mut wire = server.connect();
        wire.send(bytes);
        let answer = wire.answer(false);
        assert_eq!((answer.status, answer.closes()), (408, true), "{bytes:?}");
        assert_eq!(wire.rest(), b"");
    }
    let mut wire = server.connect();
    let endless = [b"GET /health HTTP/1.1\r\nX: ", &[b'a'; 200][..]].concat();
    drip(&mut wire, &endless);
    assert_eq!(wire.answer(false).status, 408);
    assert_eq!(wire.rest(), b"");
}

#[test]
fn a_body_that_is_too_slow_is_told_so_and_cut() {
    let server = start();
    for framing in [
        "Content-Length: 100000\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nfff\r\n",
    ] {
        let head = format!("PUT /files/x HTTP/1.1\r\nHost: x\r\n{framing}");
        let mut silent = server.connect();
        silent.send(&head);
        assert_eq!(silent.answer(false).status, 408);
        assert_eq!(silent.rest(), b"");
        let mut slow = server.connect();
        slow.send(&head);
        drip(&mut slow, &[b'a'; 200]);
        assert_eq!(slow.answer(false).status, 408);
        assert_eq!(slow.rest(), b"");
    }
    assert!(server.tree().is_empty());
}

#[test]
fn a_body_that_is_slow_but_fast_enough_becomes_a_file() {
    let server = start();
    let mut wire = server.connect();
    let (pieces, piece) = (6, vec![b'a'; 2000]);
    let length = pieces * piece.len();
    wire.send(format!(
        "PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    ));
    // Each pause is shorter than the window, and the end of a window falls into some of them: what
    // had come before counts, however long nothing has come since.
    for _ in 0..pieces {
        assert!(!hears(&wire, Duration::from_millis(700)));
        wire.send(&piece);
    }
    assert_eq!(wire.answer(false).status, 201);
    assert_eq!(server.read("x").len(), length);
}

#[test]
fn a_reader_that_takes_nothing_is_cut() {
    let server = start();
    let length = 256 << 20;
    let file = std::fs::File::create(server.path("x")).unwrap();
    file.set_len(length).unwrap();
    let mut wire = server.connect();
    wire.send("GET /files/x HTTP/1.1\r\nHost: x\r\n\r\n");
    // The line is written when the transfer is over, in one way or another.
    let deadline = Instant::now() + PATIENCE;
    while server.log().is_empty() {
        assert!(Instant::now() < deadline, "it is still being served");
        std::thread::yield_now();
    }
    let taken = wire.rest().len() as u64;
    assert!(taken > 0 && taken < length, "{taken}");
}
