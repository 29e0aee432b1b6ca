//! Tables and seeded fuzz for the chunked decoder, each body read in one piece and in many.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::{self, ErrorKind, Read};

use fastrand::Rng;

use super::{BUFFER_BYTES, Chunked, SIZE_LINE_BYTES_MAX, TRAILER_BYTES_MAX};

/// Gives a body in reads of at most `size` bytes and counts them.
struct Pieces<'a> {
    rest: &'a [u8],
    size: usize,
    reads: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        let size = self.size.min(into.len());
        self.rest.read(&mut into[..size])
    }
}

/// Decodes with reads of `wire` bytes into a buffer of `into` bytes; the data and the surplus.
fn decode_by(body: &[u8], wire: usize, into: usize) -> Result<(Vec<u8>, Vec<u8>), ErrorKind> {
    let mut decoder = Chunked::new(Pieces {
        rest: body,
        size: wire,
        reads: 0,
    });
    let mut data = Vec::new();
    let mut buffer = vec![0; into];
    loop {
        assert!(!decoder.is_complete());
        match decoder.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => data.extend_from_slice(&buffer[..read]),
            Err(error) => {
                let again = decoder.read(&mut buffer).unwrap_err();
                assert_eq!(again.kind(), error.kind());
                assert!(!decoder.is_complete());
                return Err(error.kind());
            }
        }
    }
    assert!(decoder.is_complete());
    assert_eq!(decoder.read(&mut buffer).unwrap(), 0);
    let surplus = [decoder.surplus(), decoder.body.rest].concat();
    Ok((data, surplus))
}

/// Decodes in several ways, which must agree.
fn decode(body: &[u8]) -> Result<(Vec<u8>, Vec<u8>), ErrorKind> {
    let whole = decode_by(body, usize::MAX, 100_000);
    for (wire, into) in [(1, 1), (1, 100_000), (7, 3), (usize::MAX, 1)] {
        let text = String::from_utf8_lossy(body);
        assert_eq!(
            decode_by(body, wire, into),
            whole,
            "{text:?} in {wire} into {into}"
        );
    }
    whole
}

#[test]
fn a_clean_body_is_decoded_and_what_follows_it_is_kept() {
    let cases = [
        ("0\r\n\r\n", "", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello", ""),
        ("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", ""),
        (
            "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n",
            "hello",
            "GET / HTTP/1.1\r\n",
        ),
        ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""),
        ("A\r\n0\r\n\r\n56789\r\n0\r\n\r\n", "0\r\n\r\n56789", ""),
        ("0000000000000001\r\nx\r\n0000000000000000\r\n\r\n", "x", ""),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n", ""),
        ("1;a\r\nx\r\n0;b=c\r\n\r\n", "x", ""),
        ("1 \t; a = \"b;\u{e9}\"\r\nx\r\n0\r\n\r\n", "x", ""),
        ("1;\r\nx\r\n0\r\n\r\n", "x", ""),
        ("1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\ny", "x", "y"),
        ("0\r\n\r\n\r\n", "", "\r\n"),
    ];
    for (body, data, surplus) in cases {
        let expected = Ok((data.into(), surplus.into()));
        assert_eq!(decode(body.as_bytes()), expected, "{body:?}");
    }
}

#[test]
fn a_body_is_cut_off_wherever_it_ends_before_its_last_crlf() {
    let body = b"5;x=y\r\nhello\r\n0b\r\nhello world\r\n0\r\nA: b\r\n\r\n";
    assert_eq!(decode(body), Ok((b"hellohello world".to_vec(), Vec::new())));
    for length in 0..body.len() {
        assert_eq!(
            decode(&body[..length]),
            Err(ErrorKind::UnexpectedEof),
            "{length}"
        );
    }
}

#[test]
fn a_malformed_body_is_invalid() {
    for body in [
        "\r\n",
        "\r\n0\r\n\r\n",
        "x\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "-1\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5 5\r\nhello\r\n0\r\n\r\n",
        "5,\r\nhello\r\n0\r\n\r\n",
        ";a\r\n",
        "5_0\r\n",
        "\u{ff15}\r\n",
        "5\0\r\nhello\r\n0\r\n\r\n",
        "5;a\0\r\nhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5;a\nhello\r\n0\r\n\r\n",
        "5\r\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhelloo\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5\r\nhello\r\n\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\r\nhello\r\n0\n\r\n",
        "0\r\nGET / HTTP/1.1\r\n\r\n",
        "0\r\nA\r\n\r\n",
        "0\r\n: b\r\n\r\n",
        "0\r\nA : b\r\n\r\n",
        "0\r\nA: b\r\n c\r\n\r\n",
        "0\r\nA: b\nC: d\r\n\r\n",
        "0\r\nA: b\0\r\n\r\n",
        "00000000000000000\r\n\r\n",
        "10000000000000000\r\n",
        "ffffffffffffffffffffffffffffffff\r\n",
    ] {
        assert_eq!(
            decode(body.as_bytes()),
            Err(ErrorKind::InvalidData),
            "{body:?}"
        );
    }
}

#[test]
fn the_largest_size_is_taken_without_overflow() {
    let body = b"FFFFffffFFFFffff\r\nhello";
    assert_eq!(decode(body), Err(ErrorKind::UnexpectedEof));
    let mut decoder = Chunked::new(&body[..]);
    let mut data = [0; 5];
    decoder.read_exact(&mut data).unwrap();
    assert_eq!(&data, b"hello");
}

#[test]
fn a_size_line_may_be_as_long_as_the_limit_and_not_longer() {
    let body = |line_bytes: usize| {
        let extension = "x".repeat(line_bytes - "1;\r\n".len());
        format!("1;{extension}\r\ny\r\n0\r\n\r\n").into_bytes()
    };
    assert_eq!(
        decode(&body(SIZE_LINE_BYTES_MAX)),
        Ok((b"y".to_vec(), Vec::new()))
    );
    assert_eq!(
        decode(&body(SIZE_LINE_BYTES_MAX + 1)),
        Err(ErrorKind::InvalidData)
    );
    // Refused at the limit, not when the line ends.
    let endless = vec![b'1'; SIZE_LINE_BYTES_MAX];
    assert_eq!(decode(&endless), Err(ErrorKind::InvalidData));
}

#[test]
fn trailers_may_be_as_long_as_the_limit_and_not_longer() {
    let body = |bytes: usize| {
        let value = "x".repeat(bytes - "A:\r\nB:\r\n".len());
        format!("0\r\nA:\r\nB:{value}\r\n\r\n").into_bytes()
    };
    assert_eq!(
        decode_by(&body(TRAILER_BYTES_MAX), 7, 1),
        Ok((Vec::new(), Vec::new()))
    );
    for over in [1, 2, 3, 100] {
        let found = decode_by(&body(TRAILER_BYTES_MAX + over), 7, 1);
        assert_eq!(found, Err(ErrorKind::InvalidData), "{over}");
    }
    let endless = ["0\r\n", &"A: b\r\n".repeat(TRAILER_BYTES_MAX)].concat();
    assert_eq!(
        decode_by(endless.as_bytes(), 1, 1),
        Err(ErrorKind::InvalidData)
    );
}

/// Decodes one chunk of `size` bytes into a buffer as large; how often the wire was read.
fn reads_of_a_chunk(size: usize) -> usize {
    let data = vec![b'x'; size];
    let body = [format!("{size:x}\r\n").as_bytes(), &*data, b"\r\n0\r\n\r\n"].concat();
    let mut decoder = Chunked::new(Pieces {
        rest: &body,
        size: usize::MAX,
        reads: 0,
    });
    let mut decoded = vec![0; size];
    decoder.read_exact(&mut decoded).unwrap();
    assert!(decoded == data);
    assert_eq!(decoder.read(&mut [0; 1]).unwrap(), 0);
    decoder.body.reads
}

#[test]
fn a_large_chunk_goes_straight_into_the_callers_buffer() {
    // The first block, all the rest of the data, the end.
    assert_eq!(reads_of_a_chunk(1_000_000), 3);
}

#[test]
fn a_small_chunk_is_read_together_with_what_follows_it() {
    assert_eq!(reads_of_a_chunk(1_000), 1);
    // What is left of this one after the first block is small too.
    assert_eq!(reads_of_a_chunk(BUFFER_BYTES + 1_000), 2);
}

#[test]
fn a_read_into_nothing_changes_nothing() {
    let mut decoder = Chunked::new(&b"1\r\nx\r\n0\r\n\r\n"[..]);
    assert_eq!(decoder.read(&mut []).unwrap(), 0);
    assert!(!decoder.is_complete());
    assert_eq!(io::read_to_string(&mut decoder).unwrap(), "x");
    assert!(decoder.is_complete());
}

/// Fails once with the kind, then gives the body.
struct Failing<'a>(Option<ErrorKind>, &'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.take() {
            Some(kind) => Err(kind.into()),
            None => self.1.read(into),
        }
    }
}

#[test]
fn a_failed_read_keeps_its_kind_and_ends_the_body() {
    let body = b"1\r\nx\r\n0\r\n\r\n";
    let mut decoder = Chunked::new(Failing(Some(ErrorKind::TimedOut), body));
    for _ in 0..2 {
        let error = decoder.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
    assert!(!decoder.is_complete());
    let decoder = Chunked::new(Failing(Some(ErrorKind::Interrupted), body));
    assert_eq!(io::read_to_string(decoder).unwrap(), "x");
}

/// Writes `data` in chunks of random sizes, with extensions and trailers at times.
fn encode(rng: &mut Rng, mut data: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while !data.is_empty() {
        let (chunk, rest) = data.split_at(rng.usize(1..=data.len()));
        let size = match rng.u32(0..3) {
            0 => format!("{:x}", chunk.len()),
            1 => format!("{:X} ;a=\"b\"", chunk.len()),
            _ => format!("{:016x}", chunk.len()),
        };
        body.extend_from_slice(format!("{size}\r\n").as_bytes());
        body.extend_from_slice(chunk);
        body.extend_from_slice(b"\r\n");
        data = rest;
    }
    body.extend_from_slice(
        rng.choice(["0\r\n\r\n", "00;x\r\nA: b\r\n\r\n"])
            .unwrap()
            .as_bytes(),
    );
    body
}

#[test]
fn any_data_comes_back_however_it_is_chunked_and_cut() {
    let mut rng = Rng::with_seed(9112);
    for round in 0..2_000 {
        let size_bits = rng.u32(1..17);
        let mut data = vec![0; rng.usize(0..1 << size_bits)];
        rng.fill(&mut data);
        let body = encode(&mut rng, &data);
        let (wire, into) = (rng.usize(1..70_000), rng.usize(1..70_000));
        let found = decode_by(&body, wire, into).expect("a clean body");
        assert!(found == (data, Vec::new()), "round {round}");
    }
}

#[test]
fn a_mutated_body_is_refused_or_read_the_same_however_it_is_cut() {
    let mut rng = Rng::with_seed(7230);
    let mut accepted = 0;
    let rounds = 10_000;
    for _ in 0..rounds {
        let mut data = vec![b'x'; rng.usize(0..40)];
        rng.fill(&mut data);
        let mut body = encode(&mut rng, &data);
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(0..body.len());
            match rng.u32(0..4) {
                0 => body[at] = rng.u8(..),
                1 => body.truncate(at + 1),
                2 => body[at] = *rng.choice(b"0123456789abcdefF;: \t\r\n").unwrap(),
                _ => body.insert(at, *rng.choice(b"0123456789abcdefF;: \t\r\n").unwrap()),
            }
        }
        if let Ok((data, _)) = decode(&body) {
            accepted += 1;
            let again = encode(&mut rng, &data);
            assert_eq!(decode(&again), Ok((data, Vec::new())));
        }
    }
    assert!(
        (rounds / 20..rounds).contains(&accepted),
        "{accepted} were accepted"
    );
}
