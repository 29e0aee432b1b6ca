//! Files that change while they are sent: an answer is what its head says, or the connection ends
//! inside it; no byte of another answer ever stands in its place.

use std::fs::OpenOptions;
use std::io::{Read, Write};

use crate::harness::{Instance, Wire, request};

/// More than the socket buffers of both sides can hold together.
const FILE_BYTES: u64 = 64 << 20;
/// Where the file ends after it has been cut: still more than that.
const CUT_BYTES: u64 = 40 << 20;

/// Puts a file of `x` there, and a small one of `y`.
fn fill(server: &Instance) {
    server.write("big", &vec![b'x'; FILE_BYTES as usize]);
    server.write("small", b"yyyyyyyy");
}

/// Reads the head of an answer and no more: what follows waits in the socket.
fn head(wire: &mut Wire) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        wire.socket().read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn a_file_that_shrinks_leaves_the_answer_short_and_ends_the_connection() {
    for (fields, status) in [
        (&[][..], "200"),
        (&[("Range", "bytes=1048576-")][..], "206"),
        (&[("Range", "bytes=0-9,1048576-")][..], "206"),
    ] {
        let server = Instance::start();
        fill(&server);
        let mut wire = server.connect();
        wire.send(request("GET /files/big", fields, b""));
        let head = head(&mut wire);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        let file = OpenOptions::new()
            .write(true)
            .open(server.path("big"))
            .unwrap();
        file.set_len(CUT_BYTES).unwrap();
        let body = wire.rest();
        assert!(wire.is_closed(), "{fields:?}");
        let sent = body.iter().filter(|byte| **byte == b'x').count() as u64;
        let skipped = if fields.is_empty() { 0 } else { 1 << 20 };
        assert!(
            sent.abs_diff(CUT_BYTES - skipped) <= 10,
            "{fields:?}: what was left of the file came, {sent} bytes"
        );
        if !head.contains("multipart") {
            assert_eq!(sent, body.len() as u64, "{fields:?}: and nothing else did");
        }
    }
}

#[test]
fn a_request_that_waits_behind_a_file_that_shrinks_is_never_answered() {
    let server = Instance::start();
    for length in [CUT_BYTES, 0] {
        fill(&server);
        let mut wire = server.connect();
        let both = [
            request("GET /files/big", &[], b""),
            request("GET /files/small", &[], b""),
        ];
        wire.send(both.concat());
        head(&mut wire);
        let file = OpenOptions::new()
            .write(true)
            .open(server.path("big"))
            .unwrap();
        file.set_len(length).unwrap();
        let body = wire.rest();
        assert!(wire.is_closed(), "{length}");
        assert!(
            (body.len() as u64) < FILE_BYTES,
            "{length}: the body is short"
        );
        assert!(
            body.iter().all(|byte| *byte == b'x'),
            "{length}: and only the file's"
        );
    }
}

#[test]
fn a_file_that_grows_is_sent_as_long_as_was_said() {
    let server = Instance::start();
    fill(&server);
    let mut wire = server.connect();
    let both = [
        request("GET /files/big", &[], b""),
        request("GET /files/small", &[], b""),
    ];
    wire.send(both.concat());
    let head = head(&mut wire);
    assert!(
        head.contains(&format!("Content-Length: {FILE_BYTES}\r\n")),
        "{head}"
    );
    let mut file = OpenOptions::new()
        .append(true)
        .open(server.path("big"))
        .unwrap();
    file.write_all(&[b'z'; 1 << 20]).unwrap();
    let mut body = vec![0; FILE_BYTES as usize];
    wire.socket().read_exact(&mut body).unwrap();
    assert!(body.iter().all(|byte| *byte == b'x'));
    let small = wire.answer(false);
    assert_eq!(
        (small.status, small.body.as_slice()),
        (200, &b"yyyyyyyy"[..])
    );
}
