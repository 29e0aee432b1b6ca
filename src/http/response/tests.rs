//! Bodies out of files, over a pair of sockets: what is sent when the file is not what it was.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::{Read, Seek, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::thread;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::net::sockopt::tcp_cork;

use super::*;
use crate::http::slice::{BLOCK_BYTES, LARGE_BYTES};
use crate::sys::Descriptor;

const DELIVERY: Delivery = Delivery {
    head_only: false,
    close: false,
    is_1_1: true,
};

fn file_of(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file.rewind().unwrap();
    file
}

/// Sends `length` bytes of a file as an answer; gives what came of it and what arrived.
fn sent(content: &[u8], length: u64, flags: OFlags) -> (io::Result<Sent>, Vec<u8>) {
    let (here, mut there) = UnixStream::pair().unwrap();
    fcntl_setfl(&here, fcntl_getfl(&here).unwrap() | flags).unwrap();
    let reader = thread::spawn(move || {
        let mut arrived = Vec::new();
        there.read_to_end(&mut arrived).unwrap();
        arrived
    });
    let socket = Socket::new(Descriptor::new(here.as_raw_fd()).unwrap());
    let whole = Piece::File { offset: 0, length };
    let payload = Payload::File(file_of(content), vec![whole]);
    let result = Response::new(200, "text/plain", payload).send(&socket, DELIVERY);
    drop(here);
    (result, reader.join().unwrap())
}

fn body(answer: &[u8]) -> &[u8] {
    let end = memchr::memmem::find(answer, b"\r\n\r\n").expect("a head");
    &answer[end + 4..]
}

/// Sockets that append are refused by `sendfile`, and so stand for a file system without it.
const WAYS: [(&str, OFlags); 2] = [("sendfile", OFlags::empty()), ("blocks", OFlags::APPEND)];

#[test]
fn a_file_is_sent_whole_with_and_without_sendfile() {
    // Small with its head, one more than that, and several blocks and a bit.
    for length in [SMALL_BYTES, SMALL_BYTES + 1, 3 * BLOCK_BYTES as u64 + 1] {
        let content: Vec<u8> = (0..=250).cycle().take(length as usize).collect();
        for (way, flags) in WAYS {
            let (result, arrived) = sent(&content, length, flags);
            assert_eq!(result.unwrap().body_bytes, length, "{way}");
            assert!(body(&arrived) == content, "{way}, {length}");
        }
    }
}

#[test]
fn a_file_that_has_shrunk_is_an_error_after_what_it_still_had() {
    let content = vec![b'x'; 3 * BLOCK_BYTES];
    for (way, flags) in WAYS {
        let (result, arrived) = sent(&content, content.len() as u64 + 1, flags);
        let error = result.expect_err("it is too short");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{way}");
        assert!(body(&arrived) == content, "{way}");
    }
}

#[test]
fn a_small_file_that_has_shrunk_is_an_error_and_nothing_is_sent() {
    let (result, arrived) = sent(b"123456789", 10, OFlags::empty());
    let error = result.expect_err("it is too short");
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(arrived, b"");
}

#[test]
fn a_file_that_has_grown_is_sent_as_long_as_was_said() {
    let content = vec![b'x'; 3 * BLOCK_BYTES];
    for length in [10, content.len() as u64 - 1] {
        for (way, flags) in WAYS {
            let (result, arrived) = sent(&content, length, flags);
            assert_eq!(result.unwrap().body_bytes, length, "{way}");
            assert_eq!(body(&arrived).len() as u64, length, "{way}");
        }
    }
}

#[test]
fn nothing_is_kept_back_behind_an_answer() {
    for length in [
        SMALL_BYTES + 1,
        LARGE_BYTES - 1,
        LARGE_BYTES,
        LARGE_BYTES + 1,
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut there, _) = listener.accept().unwrap();
        let reader = thread::spawn(move || {
            // The connection stays open: only what was pushed out arrives.
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                there.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            let mut body = vec![0; length as usize];
            there.read_exact(&mut body).unwrap();
            body
        });
        let content = vec![b'x'; length as usize];
        let whole = Piece::File { offset: 0, length };
        let payload = Payload::File(file_of(&content), vec![whole]);
        let socket = Socket::new(Descriptor::new(here.as_raw_fd()).unwrap());
        Response::new(200, "text/plain", payload)
            .send(&socket, DELIVERY)
            .unwrap();
        assert!(!tcp_cork(&here).unwrap(), "{length}");
        assert!(reader.join().unwrap() == content, "{length}");
    }
}
