//! Where bodies end: lengths and chunks that lie, bodies that are cut, and what stands behind them.

use crate::harness::{Instance, Wire};
use crate::wire_heads::try_row;

/// Makes the row of a PUT with these fields and a body of five bytes, which is refused.
macro_rules! framing {
    ($fields:literal) => {
        concat!(
            "PUT /files/x HTTP/1.1\r\nHost: x\r\n",
            $fields,
            "\r\n\r\nhello"
        )
    };
}

/// Two readings of where the body ends, or none.
const REFUSED: &[&str] = &[
    framing!("Content-Length: 5\r\nContent-Length: 5"),
    framing!("Content-Length: 5\r\nContent-Length: 6"),
    framing!("Content-Length: 5\r\ncontent-length: 0"),
    framing!("Content-Length: 5, 5"),
    framing!("Content-Length: 5,5"),
    framing!("Content-Length: 5,"),
    framing!("Content-Length: +5"),
    framing!("Content-Length: -5"),
    framing!("Content-Length: -0"),
    framing!("Content-Length: 0x5"),
    framing!("Content-Length: 5h"),
    framing!("Content-Length: 5.0"),
    framing!("Content-Length: 5e0"),
    framing!("Content-Length: 5 5"),
    framing!("Content-Length: 5;"),
    framing!("Content-Length: \"5\""),
    framing!("Content-Length: 5_"),
    framing!("Content-Length: \u{665}"),
    framing!("Content-Length:"),
    framing!("Content-Length: \t "),
    framing!("Content-Length: 00000000000000000005"),
    framing!("Content-Length: 18446744073709551616"),
    framing!("Content-Length: 99999999999999999999999999999999999999999"),
    framing!("Content-Length : 5"),
    framing!("Content-Length\t: 5"),
    framing!(" Content-Length: 5"),
    framing!("X: y\r\n Content-Length: 5"),
    framing!("Content-Length:\r\n 5"),
    framing!("Content-Length: 5\r\n 5"),
    framing!("Content-Length: 5\nX: y"),
    framing!("Content-Length: 5\rX: y"),
    framing!("Content-Length: 5\0"),
    framing!("Content-Length: \x0b5"),
    framing!("Content-Length: 5\r\nTransfer-Encoding: chunked"),
    framing!("Transfer-Encoding: chunked\r\nContent-Length: 5"),
    framing!("Transfer-Encoding: chunked\r\nContent-Length: 0"),
    framing!("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    framing!("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
    framing!("Transfer-Encoding: chunked, chunked"),
    framing!("Transfer-Encoding: gzip, chunked"),
    framing!("Transfer-Encoding: chunked, gzip"),
    framing!("Transfer-Encoding: gzip"),
    framing!("Transfer-Encoding: identity"),
    framing!("Transfer-Encoding: chunked,"),
    framing!("Transfer-Encoding: ,chunked"),
    framing!("Transfer-Encoding: chunked;q=1"),
    framing!("Transfer-Encoding: Chunked"),
    framing!("Transfer-Encoding: xchunked"),
    framing!("Transfer-Encoding: chunked x"),
    framing!("Transfer-Encoding: \"chunked\""),
    framing!("Transfer-Encoding: 'chunked'"),
    framing!("Transfer-Encoding:"),
    framing!("Transfer-Encoding: \x0bchunked"),
    framing!("Transfer-Encoding: chunked\0"),
    framing!("Transfer-Encoding: chun\u{212a}ed"),
    framing!("Transfer-Encoding : chunked"),
    framing!("Transfer-Encoding:\r\n chunked"),
    framing!("Transfer-Encoding: chunked\r\n x"),
    "PUT /files/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
];

#[test]
fn a_length_that_can_be_read_in_two_ways_is_refused_and_ends_the_connection() {
    let server = Instance::start();
    for row in REFUSED {
        try_row(server.address, (row.as_bytes(), &[400]), true);
    }
    assert!(server.tree().is_empty());
}

#[test]
fn a_body_without_a_length_is_not_read_as_a_request() {
    let server = Instance::start();
    for fields in [
        "",
        "Transfer_Encoding: chunked\r\n",
        "Content-Lenght: 5\r\n",
    ] {
        let row = format!(
            "PUT /files/x HTTP/1.1\r\nHost: x\r\n{fields}\r\n\
             GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        );
        try_row(server.address, (row.as_bytes(), &[411]), true);
    }
    assert!(server.tree().is_empty());
}

const PUT: &str = "PUT /files/x HTTP/1.1\r\nHost: x\r\n";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n\r\n";

/// Chunked bodies of "hello" in spellings that are good, each with what a client can put there.
const CHUNKS: &[&str] = &[
    "5\r\nhello\r\n0\r\n\r\n",
    "05\r\nhello\r\n00\r\n\r\n",
    "0000000000000005\r\nhello\r\n0\r\n\r\n",
    "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n",
    "5;a=b\r\nhello\r\n0;c=\"d\"\r\n\r\n",
    "5 ;a\r\nhello\r\n0\r\n\r\n",
    "5\r\nhello\r\n0\r\nX-Checksum: 1\r\nY: \r\n\r\n",
];

/// Chunked bodies that are malformed before the client stops sending.
const NO_CHUNKS: &[&str] = &[
    "hello\r\n0\r\n\r\n",
    "\r\nhello",
    " 5\r\nhello\r\n0\r\n\r\n",
    "5 \r\nhello\r\n0\r\n\r\n",
    "+5\r\nhello\r\n0\r\n\r\n",
    "-5\r\nhello\r\n0\r\n\r\n",
    "0x5\r\nhello\r\n0\r\n\r\n",
    "5h\r\nhello\r\n0\r\n\r\n",
    "5\nhello\r\n0\r\n\r\n",
    "5\r\nhello\n0\r\n\r\n",
    "5\r\rhello\r\n0\r\n\r\n",
    "5\r\nhello0\r\n\r\n",
    "5\r\nhello!\r\n0\r\n\r\n",
    "4\r\nhello\r\n0\r\n\r\n",
    "6\r\nhello\r\n0\r\n\r\n",
    "5;\0\r\nhello\r\n0\r\n\r\n",
    "00000000000000005\r\nhello\r\n0\r\n\r\n",
    "5\r\nhello\r\n0\r\n: x\r\n\r\n",
    "5\r\nhello\r\n0\r\nGET / HTTP/1.1\r\n\r\n",
    "5\r\nhello\r\n0\r\n\n",
];

#[test]
fn chunks_become_a_file_however_they_are_spelt() {
    let server = Instance::start();
    for body in CHUNKS {
        let row = [PUT, CHUNKED, body].concat();
        let mut wire = server.connect();
        wire.send(&row);
        assert_eq!(wire.answer(false).status, 201, "{body:?}");
        assert_eq!(wire.rest(), b"");
        assert_eq!(server.read("x"), b"hello", "{body:?}");
        std::fs::remove_file(server.path("x")).unwrap();
    }
}

#[test]
fn malformed_chunks_are_refused_and_never_become_a_file() {
    let server = Instance::start();
    let long_line = format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(253));
    let long_trailers = format!(
        "5\r\nhello\r\n0\r\n{}\r\n",
        format!("X: {}\r\n", "a".repeat(95)).repeat(82)
    );
    let one_long_trailer = format!("5\r\nhello\r\n0\r\nX: {}\r\n\r\n", "a".repeat(9000));
    let endless_line = format!("5;{}", "a".repeat(1 << 20));
    let long = [long_line, long_trailers, one_long_trailer, endless_line];
    let bodies = NO_CHUNKS.iter().copied().chain(long.iter().map(|s| &**s));
    for body in bodies {
        let row = [PUT, CHUNKED, body].concat();
        let mut wire = server.connect();
        wire.send_while_taken(&row);
        wire.end();
        let answer = wire.answer(false);
        assert_eq!((answer.status, answer.closes()), (400, true), "{body:?}");
        assert_eq!(wire.rest(), b"", "{body:?}");
        assert!(server.tree().is_empty(), "{body:?}");
    }
}

/// Cuts a request after each byte of its body but the last, and looks at what is left.
fn cut_everywhere(server: &Instance, head: &str, body: &str) {
    for at in 0..body.len() {
        let mut wire = server.connect();
        wire.send([head, &body[..at]].concat());
        wire.end();
        let answer = wire.answer(false);
        assert_eq!((answer.status, answer.closes()), (400, true), "{at}");
        assert_eq!(wire.rest(), b"", "{at}");
        assert!(server.tree().is_empty(), "{body:?} cut at {at}");
    }
}

#[test]
fn a_body_that_is_cut_anywhere_never_becomes_a_file() {
    let server = Instance::start();
    let chunked = [PUT, CHUNKED].concat();
    for body in CHUNKS {
        cut_everywhere(&server, &chunked, body);
    }
    let length = [PUT, "Content-Length: 17\r\n\r\n"].concat();
    cut_everywhere(&server, &length, "seventeen letters");
    let form = "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 87\r\n\
        Content-Type: multipart/form-data; boundary=b\r\n\r\n";
    let parts = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n\
        content\r\n--b--\r\nepilogue";
    assert_eq!(parts.len(), 87);
    cut_everywhere(&server, form, parts);
}

#[test]
fn a_head_that_is_cut_anywhere_has_no_answer() {
    let server = Instance::start();
    let head = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    for at in 0..head.len() {
        let mut wire = server.connect();
        wire.send(&head[..at]);
        wire.end();
        assert_eq!(wire.rest(), b"", "cut at {at}");
    }
}

#[test]
fn what_is_longer_than_was_said_is_not_in_the_file() {
    let server = Instance::start();
    let put = [PUT, "Content-Length: 5\r\n\r\nhello"].concat();
    let with_request = [&put, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"].concat();
    try_row(
        server.address,
        (with_request.as_bytes(), &[201, 200]),
        false,
    );
    for more in [" world\r\n\r\n", "\0", "\nGET / HTTP/1.1\r\n\r\n"] {
        let row = [&put, more].concat();
        try_row(server.address, (row.as_bytes(), &[204, 400]), true);
    }
    // A few empty lines behind a body are what old browsers send.
    let lines = [&put, "\r\n\r\n"].concat();
    try_row(server.address, (lines.as_bytes(), &[204]), false);
    assert_eq!(server.read("x"), b"hello");
    // Chunks are read ahead, so what stands behind them is thrown away.
    let chunked = [
        PUT,
        CHUNKED,
        "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    ]
    .concat();
    try_row(server.address, (chunked.as_bytes(), &[204]), true);
    assert_eq!(server.read("x"), b"hello");
}

#[test]
fn lengths_over_four_gibibytes_are_taken_for_what_they_are() {
    let limited = Instance::start_with(|limits| limits.upload_bytes_max = Some(1 << 30));
    for length in [
        "5368709120",
        "4294967296",
        "4294967301",
        "9223372036854775808",
    ] {
        let head = format!("{PUT}Content-Length: {length}\r\n\r\nhello");
        try_row(limited.address, (head.as_bytes(), &[413]), true);
        let free = Instance::start();
        let mut wire: Wire = free.connect();
        wire.send(&head);
        wire.end();
        // Nobody takes 2^32 + 5 for 5; what the disk has no room for is not even read.
        let room = free.get("/api/list/").json()["free_bytes"]
            .as_u64()
            .unwrap();
        let status = if length.parse::<u64>().unwrap() > room {
            507
        } else {
            400
        };
        assert_eq!(wire.answer(false).status, status, "{length}");
        assert!(free.tree().is_empty());
    }
    let chunk = [PUT, CHUNKED, "140000000\r\nhello"].concat();
    let mut wire = limited.connect();
    wire.send(chunk);
    wire.end();
    assert_eq!(wire.answer(false).status, 400);
    assert!(limited.tree().is_empty());
}
