//! Heads, byte for byte: what is refused, what is served, and that a request has one answer.
//!
//! The tables are sent to a server in this process here, and to the binary in `wire_counts`, which
//! looks at what they leave behind.

use std::net::SocketAddr;

use crate::harness::{Instance, Wire};

/// What is sent, and the statuses of the answers to it.
pub type Row = (&'static [u8], &'static [u16]);

/// Makes a row of a refused request line that has a Host behind it.
macro_rules! line {
    ($line:literal, $status:literal) => {
        (concat!($line, "\r\nHost: x\r\n\r\n").as_bytes(), &[$status])
    };
}

/// Makes a row of fields that are refused behind a good request line and a Host.
macro_rules! fields {
    ($fields:literal, $status:literal) => {
        (
            concat!("GET /health HTTP/1.1\r\nHost: x\r\n", $fields, "\r\n\r\n").as_bytes(),
            &[$status],
        )
    };
}

/// The connection ends after the answer to each of these.
pub const REFUSED: &[Row] = &[
    // Versions.
    line!("GET /health HTTP/2.0", 505),
    line!("GET /health HTTP/3.0", 505),
    line!("GET /health HTTP/1.2", 505),
    line!("GET /health HTTP/0.9", 505),
    line!("GET /health HTTP/2", 505),
    line!("GET /health HTTP/1.10", 400),
    line!("GET /health HTTP/1.1.1", 400),
    line!("GET /health HTTP/1", 400),
    line!("GET /health HTTP/1,1", 400),
    line!("GET /health http/1.1", 400),
    line!("GET /health XTTP/1.1", 400),
    line!("GET /health HTTP/+1.1", 400),
    // What other protocols open with.
    (b"GET /\r\n\r\n", &[400]),
    (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        &[505],
    ),
    (
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\xa3\x9c\x10",
        &[400],
    ),
    (
        b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n",
        &[400],
    ),
    (
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01",
        &[400],
    ),
    (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", &[400]),
    (b"\x80\x2e\x01\0\x02\0\x15\0\0\0\x10\x01", &[400]),
    (b"\xff\xfe\xfd\0\0\0\0", &[400]),
    (b"\0", &[400]),
    (b"\0\r\n\r\n", &[400]),
    // Request lines.
    line!("GET  /health HTTP/1.1", 400),
    line!("GET /health  HTTP/1.1", 400),
    line!("GET /health HTTP/1.1 ", 400),
    line!(" GET /health HTTP/1.1", 400),
    line!("GET\t/health HTTP/1.1", 400),
    line!("GET /health\tHTTP/1.1", 400),
    line!("GET /he alth HTTP/1.1", 400),
    line!("GET /health", 400),
    line!("GET", 400),
    line!("GET ", 400),
    line!("GET HTTP/1.1", 400),
    line!("/health HTTP/1.1", 400),
    line!(" /health HTTP/1.1", 400),
    line!("G@T /health HTTP/1.1", 400),
    line!("G\u{e9}T /health HTTP/1.1", 400),
    line!("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG /health HTTP/1.1", 400),
    // Targets.
    line!("GET health HTTP/1.1", 400),
    line!("GET * HTTP/1.1", 400),
    line!("OPTIONS ** HTTP/1.1", 400),
    line!("GET ?a=b HTTP/1.1", 400),
    line!("GET /health#part HTTP/1.1", 400),
    line!("GET /he\0alth HTTP/1.1", 400),
    line!("GET /he\x01alth HTTP/1.1", 400),
    line!("GET /he\x7falth HTTP/1.1", 400),
    line!("GET http:///health HTTP/1.1", 400),
    line!("GET http://?health HTTP/1.1", 400),
    line!("GET http:/health HTTP/1.1", 400),
    line!("GET ftp://x/health HTTP/1.1", 400),
    line!("GET ://x/health HTTP/1.1", 400),
    line!("GET x/health HTTP/1.1", 400),
    line!("CONNECT x:443 HTTP/1.1", 400),
    (b"GET /he\xffalth HTTP/1.1\r\nHost: x\r\n\r\n", &[400]),
    // Ends of lines.
    (b"GET /health HTTP/1.1\nHost: x\n\n", &[400]),
    (b"GET /health HTTP/1.1\nHost: x\r\n\r\n", &[400]),
    (b"GET /health HTTP/1.1\r\nHost: x\n\r\n", &[400]),
    (b"GET /health HTTP/1.1\r\nHost: x\r\n\n", &[400]),
    (b"GET /health HTTP/1.1\rHost: x\r\n\r\n", &[400]),
    (b"GET /health HTTP/1.1\r\r\nHost: x\r\n\r\n", &[400]),
    (b"\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n", &[400]),
    (
        b"\r\n\r\n\r\n\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n",
        &[400],
    ),
    (b"\r\n\r\n\r\n\r\n\r\n\r\n", &[400]),
    // Hosts.
    (b"GET /health HTTP/1.1\r\n\r\n", &[400]),
    (b"GET /health HTTP/1.1\r\nX: Host\r\n\r\n", &[400]),
    fields!("Host: x", 400),
    fields!("hOST: y", 400),
    (b"GET /health HTTP/1.1\r\nHost: x y\r\n\r\n", &[400]),
    (b"GET /health HTTP/1.1\r\nHost: x/y\r\n\r\n", &[400]),
    (b"GET /health HTTP/1.1\r\nHost: u@x\r\n\r\n", &[400]),
    (
        b"GET /health HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n",
        &[400],
    ),
    // Fields.
    fields!("X: a\r\n b", 400),
    fields!("X: a\r\n\tb", 400),
    fields!("X: a\r\n ", 400),
    (b"GET /health HTTP/1.1\r\n Host: x\r\n\r\n", &[400]),
    fields!("X : a", 400),
    fields!("X\t: a", 400),
    fields!("X Y: a", 400),
    fields!("X(: a", 400),
    fields!("X", 400),
    fields!(": a", 400),
    fields!("\u{e9}: a", 400),
    fields!("X\0: a", 400),
    fields!("X: a\0b", 400),
    fields!("X: a\x01b", 400),
    fields!("X: a\x0bb", 400),
    fields!("X: a\x0cb", 400),
    fields!("X: a\x1bb", 400),
    fields!("X: a\x7fb", 400),
    fields!("X: a\rb", 400),
    fields!("X: a\nb", 400),
    fields!("X: a\nContent-Length: 5", 400),
    (
        b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\xff\r\n\r\n",
        &[400],
    ),
    (
        b"GET /health HTTP/1.1\r\nHost: x\r\nX: \xc0\xaf\r\n\r\n",
        &[400],
    ),
    (
        b"GET /health HTTP/1.1\r\nHost: x\r\nX: \xed\xa0\x80\r\n\r\n",
        &[400],
    ),
    // Connection and Expect.
    fields!("Connection: upgrade", 400),
    fields!("Connection: keep-alive, Upgrade\r\nUpgrade: websocket", 400),
    fields!("Connection: close\r\nConnection: upgrade", 400),
    fields!("Expect: 200-ok", 417),
    fields!("Expect:", 417),
    fields!("Expect: 100-continue, x", 417),
    fields!("Expect: 100-continue\r\nExpect: 100-continue", 417),
];

/// The connection goes on after each of these; it is tried with another request.
pub const SERVED: &[Row] = &[
    line!("GET /health HTTP/1.1", 200),
    line!("get /health HTTP/1.1", 501),
    line!("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF /health HTTP/1.1", 501),
    line!("!#$%&'*+-.^_`|~ /health HTTP/1.1", 501),
    line!("GET /health? HTTP/1.1", 200),
    line!("GET /health?\"<>\\^`{|} HTTP/1.1", 200),
    line!("GET /health?\u{e4} HTTP/1.1", 200),
    line!("GET /files/\u{e4} HTTP/1.1", 404),
    line!("GET http://x/health HTTP/1.1", 200),
    line!("GET HTTPS://elsewhere:1/health?a=b HTTP/1.1", 200),
    line!("GET http://x HTTP/1.1", 200),
    line!("GET http://files.example/health HTTP/1.1", 421),
    line!("OPTIONS * HTTP/1.1", 204),
    line!("GET //health HTTP/1.1", 404),
    line!("GET /%00 HTTP/1.1", 404),
    (b"\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n", &[200]),
    (
        b"\r\n\r\n\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n",
        &[200],
    ),
    (b"GET /health HTTP/1.1\r\nHost:\r\n\r\n", &[200]),
    (
        b"GET /health HTTP/1.1\r\nhOsT:\t[::1]:8080 \t\r\n\r\n",
        &[200],
    ),
    (
        b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        &[200],
    ),
    (
        b"GET /health HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n",
        &[200],
    ),
    fields!("X:", 200),
    fields!("X:a", 200),
    fields!("X: \t a:b \t", 200),
    fields!("X: a\tb", 200),
    fields!("!#$%&'*+-.^_`|~: a", 200),
    fields!("Cookie: caf\u{e9}=\u{1f600}", 200),
    fields!("Connection: x-upgrade", 200),
    fields!("Connection: not-closed", 200),
    fields!("Connection: keep-alive\r\nConnection: x-close", 200),
    fields!("Expect: 100-Continue", 200),
    fields!("Content-Length: 0", 200),
    fields!("Content-Length: 000", 200),
    fields!("Transfer_Encoding: chunked", 200),
];

/// The connection ends after each of these, since they say so.
pub const LAST: &[Row] = &[
    (b"GET /health HTTP/1.0\r\n\r\n", &[200]),
    (
        b"GET /health HTTP/1.0\r\nHost: x\r\nConnection: x\r\n\r\n",
        &[200],
    ),
    (
        b"GET /health HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
        &[200],
    ),
    fields!("Connection: close", 200),
    fields!("Connection: keep-alive\r\nConnection: Close", 200),
    // What a client sends behind its last request must not cost it the answer.
    (
        b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /health HTTP/1.1\r\n\r\n",
        &[200],
    ),
    (
        b"PUT / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello\r\n",
        &[405],
    ),
];

/// Sends a row, and holds its answers and the end of the connection against it.
pub fn try_row(address: SocketAddr, (bytes, statuses): (&[u8], &[u16]), closes: bool) {
    let text = String::from_utf8_lossy(bytes);
    let mut wire = Wire::connect(address);
    wire.send(bytes);
    for (i, status) in statuses.iter().enumerate() {
        let answer = wire.answer(false);
        assert_eq!(answer.status, *status, "{text:?}");
        let is_last = i + 1 == statuses.len();
        assert_eq!(answer.closes(), closes && is_last, "{text:?}");
        if answer.status >= 400 {
            assert!(!answer.code().is_empty());
        }
    }
    if !closes {
        let line = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        wire.send(line);
        assert_eq!(wire.answer(false).body, b"ok\n", "after {text:?}");
    }
    assert_eq!(wire.rest(), b"", "{text:?}");
}

#[test]
fn what_can_be_read_in_two_ways_is_refused_and_ends_the_connection() {
    let server = Instance::start();
    for &row in REFUSED {
        try_row(server.address, row, true);
    }
}

#[test]
fn what_is_only_unusual_is_served_and_the_connection_goes_on() {
    let server = Instance::start();
    for &row in SERVED {
        try_row(server.address, row, false);
    }
}

#[test]
fn a_last_request_is_answered_and_ends_the_connection() {
    let server = Instance::start();
    for &row in LAST {
        try_row(server.address, row, true);
    }
}
