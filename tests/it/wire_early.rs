//! Answers that are given before the body was read: whoever sends hears them, soon, and the server
//! does not take the body for it.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use crate::harness::{Answer, Binary, Instance, Wire, reader};

const UPLOAD_BYTES: u64 = 1 << 30;
/// The most that the server may read of it: what it throws away, so that the answer is heard.
const READ_BYTES_MAX: u64 = 8 << 20;
/// What the two kernels may hold beside that: a send buffer and a receive buffer.
const HELD_BYTES_MAX: u64 = 8 << 20;
const TIME_MAX: Duration = Duration::from_secs(2);

/// Uploads that are refused for their head alone.
const REFUSED: [(&str, u16); 6] = [
    ("PUT /files/", 403),
    ("PUT /nothing", 404),
    ("PUT /health", 405),
    ("PUT /files/folder", 409),
    ("PUT /files/x", 413),
    ("POST /upload", 415),
];

fn start() -> Instance {
    let server = Instance::start_with(|limits| limits.upload_bytes_max = Some(1 << 20));
    std::fs::create_dir(server.path("folder")).unwrap();
    server
}

fn head(line: &str, more: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: x\r\n{more}\r\n")
}

fn length() -> String {
    format!("Content-Length: {UPLOAD_BYTES}\r\n")
}

fn connect(server: &Instance) -> Wire {
    let wire = server.connect();
    // So that what was written and not read is little.
    sockopt::set_socket_send_buffer_size(wire.socket(), 64 << 10).unwrap();
    wire
}

/// Sends the body as a client does that listens while it sends; gives the answer and what was sent.
fn send_listening(wire: &mut Wire) -> (Answer, u64) {
    let block = vec![0; 256 << 10];
    let mut sent = 0;
    wire.socket().set_nonblocking(true).unwrap();
    loop {
        match wire.socket().peek(&mut [0]) {
            Ok(_) => break,
            Err(e) => assert_eq!(e.kind(), ErrorKind::WouldBlock),
        }
        match wire.socket().write(&block) {
            Ok(n) => sent += n as u64,
            Err(e) => assert_eq!(e.kind(), ErrorKind::WouldBlock),
        }
        assert!(sent < UPLOAD_BYTES, "it took everything");
    }
    wire.socket().set_nonblocking(false).unwrap();
    (wire.answer(false), sent)
}

/// Sends the body as a client does that listens only when it has sent everything.
fn send_blindly(wire: &mut Wire) -> (Answer, u64) {
    let block = vec![0; 256 << 10];
    let mut sent = 0;
    while sent < UPLOAD_BYTES {
        match wire.socket().write(&block) {
            Ok(n) => sent += n as u64,
            Err(_) => break,
        }
    }
    (wire.answer(false), sent)
}

#[test]
fn a_sender_that_listens_hears_a_refusal_at_once() {
    let server = start();
    for (line, status) in REFUSED {
        let begun = Instant::now();
        let mut wire = connect(&server);
        wire.send(head(line, &length()));
        let (answer, sent) = send_listening(&mut wire);
        assert_eq!((answer.status, answer.closes()), (status, true), "{line}");
        assert!(sent < READ_BYTES_MAX + HELD_BYTES_MAX, "{line}: {sent}");
        assert!(begun.elapsed() < TIME_MAX, "{line}: {:?}", begun.elapsed());
        // Whatever it does now, there is no second answer.
        wire.send_while_taken(vec![b'\n'; 1 << 20]);
        assert_eq!(wire.rest(), b"", "{line}");
    }
    assert_eq!(server.tree(), ["folder/"]);
}

#[test]
fn a_sender_that_does_not_listen_hears_it_afterwards() {
    let server = start();
    for (line, status) in REFUSED {
        let begun = Instant::now();
        let mut wire = connect(&server);
        wire.send(head(line, &length()));
        let (answer, sent) = send_blindly(&mut wire);
        assert_eq!(answer.status, status, "{line}");
        assert!(sent < READ_BYTES_MAX + HELD_BYTES_MAX, "{line}: {sent}");
        assert!(begun.elapsed() < TIME_MAX, "{line}: {:?}", begun.elapsed());
    }
}

#[test]
fn a_sender_that_waits_for_100_is_refused_instead() {
    let server = start();
    for (line, status) in REFUSED {
        let mut wire = server.connect();
        let fields = length() + "Expect: 100-continue\r\n";
        wire.send(head(line, &fields));
        let mut first = [0; 12];
        wire.socket().peek(&mut first).unwrap();
        assert_eq!(first, *format!("HTTP/1.1 {status}").as_bytes(), "{line}");
        assert_eq!(wire.answer(false).status, status);
        assert_eq!(wire.rest(), b"");
    }
}

#[test]
fn a_sender_that_is_welcome_is_told_to_go_on_once() {
    let server = start();
    let mut wire = server.connect();
    let put = "PUT /files/x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n";
    wire.send(format!("{put}Content-Length: 5\r\n\r\n"));
    let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut first = [0; 25];
    wire.socket().read_exact(&mut first).unwrap();
    assert_eq!(&first, go_on);
    wire.send("hello");
    wire.end();
    let rest = wire.rest();
    assert!(rest.starts_with(b"HTTP/1.1 201 "), "{rest:?}");
    assert!(!rest.windows(go_on.len()).any(|w| w == go_on));
}

#[test]
fn chunks_over_the_limit_are_refused_while_they_come() {
    let server = start();
    let begun = Instant::now();
    let mut wire = connect(&server);
    let chunked = "Transfer-Encoding: chunked\r\n";
    wire.send(head("PUT /files/x", chunked) + "40000000\r\n");
    let (answer, sent) = send_listening(&mut wire);
    assert_eq!((answer.status, answer.closes()), (413, true));
    assert!(sent < READ_BYTES_MAX + HELD_BYTES_MAX, "{sent}");
    assert!(begun.elapsed() < TIME_MAX);
    assert_eq!(server.tree(), ["folder/"]);
}

/// Where curl sends a gibibyte to, the options of the server and of curl, and how that is refused.
const REFUSED_BY_CURL: [(&str, &[&str], &[&str], u16); 6] = [
    ("files/x", &["--auth", ACCOUNT], &[], 401),
    ("files/x", &["--read-only"], &[], 403),
    ("nothing", &[], &[], 404),
    ("upload", &[], WITHOUT_LENGTH, 411),
    ("files/x", &["--upload-max", "1M"], &[], 413),
    ("files/x", &["--free-min", "1000T"], &[], 507),
];
/// A form that does not say how long it is.
const WITHOUT_LENGTH: &[&str] = &[
    "-X",
    "POST",
    "-H",
    "Content-Length:",
    "-H",
    "Content-Type: multipart/form-data; boundary=x",
];
/// Nobody has its password.
const ACCOUNT: &str = "ann:$scrypt$ln=10,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn curl_hears_each_refusal_with_and_without_expect() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("film.mkv");
    File::create(&file).unwrap().set_len(UPLOAD_BYTES).unwrap();
    for (path, ours, theirs, status) in REFUSED_BY_CURL {
        let folder = tempfile::tempdir().unwrap();
        let server = Binary::start(folder.path(), ours);
        for expect in ["Expect: 100-continue", "Expect:"] {
            let begun = Instant::now();
            let mut curl = Command::new("curl");
            curl.args(["-s", "-o", "/dev/null", "-w", "%{http_code} %{size_upload}"]);
            curl.args(["-H", expect]).args(theirs).arg("-T").arg(&file);
            let told = reader(curl.arg(server.url.clone() + path));
            let (heard, sent) = told.split_once(' ').unwrap();
            assert_eq!(heard, status.to_string(), "{path} {expect}");
            let sent: u64 = sent.parse().unwrap();
            assert!(
                sent < READ_BYTES_MAX + HELD_BYTES_MAX,
                "{path} {expect}: {sent}"
            );
            assert!(
                begun.elapsed() < TIME_MAX,
                "{path} {expect}: {:?}",
                begun.elapsed()
            );
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
