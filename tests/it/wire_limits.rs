//! Sizes of heads, at each limit and one over it, and what a head without an end costs.

use crate::harness::{Binary, Instance, request};
use crate::wire_heads::try_row;

const HEAD_BYTES_MAX: usize = 16 * 1024;
const TARGET_BYTES_MAX: usize = 8 * 1024;
const FIELDS_MAX: usize = 100;

/// A head of so many bytes.
fn head_of(bytes: usize) -> Vec<u8> {
    let rest = request("GET /health", &[("X", "")], b"").len();
    request("GET /health", &[("X", &"a".repeat(bytes - rest))], b"")
}

/// A head whose target has so many bytes.
fn target_of(start: &str, bytes: usize) -> Vec<u8> {
    let filler = "a".repeat(bytes - start.len());
    request(&format!("GET {start}{filler}"), &[], b"")
}

/// A head of so many fields.
fn fields_of(count: usize) -> Vec<u8> {
    request("GET /health", &vec![("X", "a"); count - 1], b"")
}

#[test]
fn each_limit_of_a_head_is_served_and_one_more_is_refused() {
    let server = Instance::start();
    // The buffer that heads are looked at in grows by doubling, so its sizes are edges too.
    for bytes in [1023, 1024, 1025, 2047, 2048, 2049, 4096, 8192, 16383] {
        assert_eq!(head_of(bytes).len(), bytes);
        try_row(server.address, (&head_of(bytes), &[200]), false);
    }
    let table = [
        (head_of(HEAD_BYTES_MAX), 200),
        (head_of(HEAD_BYTES_MAX + 1), 431),
        (head_of(HEAD_BYTES_MAX * 3), 431),
        (fields_of(FIELDS_MAX), 200),
        (fields_of(FIELDS_MAX + 1), 431),
        (target_of("/health?", TARGET_BYTES_MAX), 200),
        (target_of("/health?", TARGET_BYTES_MAX + 1), 414),
        (target_of("/health?", TARGET_BYTES_MAX * 2), 414),
        (target_of("http://x/health?", TARGET_BYTES_MAX), 200),
        (target_of("http://x/health?", TARGET_BYTES_MAX + 1), 414),
        // A method as long as a target is no method.
        (request(&format!("{} /", "A".repeat(8000)), &[], b""), 400),
    ];
    for (bytes, status) in table {
        try_row(server.address, (&bytes, &[status]), status != 200);
    }
}

#[test]
fn two_heads_of_the_largest_size_are_two_requests() {
    let server = Instance::start();
    let both = [head_of(HEAD_BYTES_MAX), head_of(HEAD_BYTES_MAX)].concat();
    try_row(server.address, (&both, &[200, 200]), false);
}

#[test]
fn a_head_without_an_end_is_refused_in_less_than_a_mebibyte() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    assert_eq!(server.ask("GET /health", &[], b"").status, 200);
    for (start, status) in [
        ("", 414),
        ("GET /", 414),
        ("GET /health HTTP/1.1\r\nHost: x\r\nX: ", 431),
        ("GET /health HTTP/1.1\r\nHost: x\r\n", 431),
    ] {
        let before = server.memory_kib("VmHWM");
        let mut wire = server.connect();
        wire.send(start);
        for _ in 0..64 {
            wire.send_while_taken(vec![b'a'; 1 << 20]);
        }
        let answer = wire.answer(false);
        assert_eq!((answer.status, answer.closes()), (status, true), "{start}");
        assert_eq!(wire.rest(), b"", "one answer");
        let grown = server.memory_kib("VmHWM") - before;
        assert!(grown < 1024, "{grown} KiB for {start:?}");
    }
    let (status, _) = server.stop();
    assert!(status.success());
}
