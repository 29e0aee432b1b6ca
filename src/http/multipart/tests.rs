//! Tables of whole forms: what is taken, what is refused, and that neither depends on how the
//! bytes arrive.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::{self, Read};

use super::boundary::PADDING_BYTES_MAX;
use super::{BUFFER_BYTES_MIN, Form, HEAD_BYTES_MAX, PartHead};
use crate::error::{Error, Result};

/// Gives a body in reads of the sizes that `next_size` names, 1 or more.
pub(super) struct Pieces<'a, F> {
    pub(super) rest: &'a [u8],
    pub(super) next_size: F,
}

impl<F: FnMut() -> usize> Read for Pieces<'_, F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = (self.next_size)().min(into.len()).min(self.rest.len());
        let (now, rest) = self.rest.split_at(size);
        into[..size].copy_from_slice(now);
        self.rest = rest;
        Ok(size)
    }
}

/// All parts of a form with their data, read through the smallest buffer.
pub(super) fn parts(body: impl Read, boundary: &[u8]) -> Result<Vec<(PartHead, Vec<u8>)>> {
    collect(Form::new(body, boundary, 0))
}

/// All parts of a form with their data.
pub(super) fn collect(mut form: Form<impl Read>) -> Result<Vec<(PartHead, Vec<u8>)>> {
    let mut parts = Vec::new();
    while let Some(head) = form.next_part()? {
        let mut data = Vec::new();
        loop {
            let piece = form.data()?;
            if piece.is_empty() {
                break;
            }
            data.extend_from_slice(piece);
        }
        parts.push((head, data));
    }
    assert!(form.next_part()?.is_none() && form.data()?.is_empty());
    Ok(parts)
}

/// The names and data of a form with the boundary `bb`, read in one piece and byte by byte.
fn shown(body: &[u8]) -> String {
    let show = |size| {
        let pieces = Pieces {
            rest: body,
            next_size: || size,
        };
        match parts(pieces, b"bb") {
            Ok(parts) => {
                let show = |(head, data): &(PartHead, Vec<u8>)| {
                    let name = String::from_utf8_lossy(&head.name).into_owned();
                    format!("{name}={}", String::from_utf8_lossy(data))
                };
                parts.iter().map(show).collect::<Vec<_>>().join("|")
            }
            Err(Error::BadRequest(text)) => format!("!{text}"),
            Err(error) => panic!("{error:?}"),
        }
    };
    let whole = show(usize::MAX);
    assert_eq!(whole, show(1), "{:?}", String::from_utf8_lossy(body));
    whole
}

/// `A` and `B` stand for the heads of parts of that name.
fn expand(body: &str) -> Vec<u8> {
    let head = |name| format!("Content-Disposition: form-data; name={name}\r\n\r\n");
    body.replace('A', &head("a"))
        .replace('B', &head("b"))
        .into_bytes()
}

#[test]
fn parts_come_out_byte_for_byte() {
    let cases = [
        ("--bb--", ""),
        ("--bb--\r\n", ""),
        ("\r\n--bb--\r\n", ""),
        ("--bb\r\nAdata\r\n--bb--\r\n", "a=data"),
        ("--bb\r\nAone\r\n--bb\r\nBtwo\r\n--bb--\r\n", "a=one|b=two"),
        ("--bb\r\nA\r\n--bb\r\nB\r\n--bb--", "a=|b="),
        // The blank line's CRLF is the delimiter's: a part without even an empty body.
        ("--bb\r\nA--bb\r\nB--bb--", "a=|b="),
        ("--bb\r\nA--bbx\r\n--bb--", "a=--bbx"),
        ("--bb\r\nA\r\n\r\n--bb--", "a=\r\n"),
        ("--bb\r\nA\r\r\n--bb--", "a=\r"),
        ("--bb\r\nA\r\n\r\r\n--bb--", "a=\r\n\r"),
        ("--bb\r\nA\n\r\n--bb--", "a=\n"),
        ("--bb\r\nA--\r\n--bb--", "a=--"),
        // Preamble and epilogue.
        ("preamble\r\n--bb\r\nAx\r\n--bb--", "a=x"),
        ("pre--bb\r\n--bbb\r\n\r\n\r\n--bb\r\nAx\r\n--bb--", "a=x"),
        (
            "--bb\r\nAx\r\n--bb--\r\nepilogue\r\n--bb\r\nBy\r\n--bb--",
            "a=x",
        ),
        // Blanks after the boundary.
        ("--bb \t \r\nAx\r\n--bb\t\r\nBy\r\n--bb-- \t\r\n", "a=x|b=y"),
        ("--bb\r\nAx\r\n--bb--  ", "a=x"),
        // What only looks like a delimiter.
        ("--bb\r\nAx\r\n--bbb\r\n\r\n--bb--", "a=x\r\n--bbb\r\n"),
        ("--bb\r\nAx\r\n--bb-\r\n--bb--", "a=x\r\n--bb-"),
        ("--bb\r\nAx\r\n--bb--x\r\n--bb--", "a=x\r\n--bb--x"),
        ("--bb\r\nAx\r\n--bb--\n\r\n--bb--", "a=x\r\n--bb--\n"),
        ("--bb\r\nAx\r\n--bb y\r\n--bb--", "a=x\r\n--bb y"),
        ("--bb\r\nAx\r\n--bb\n\r\n--bb--", "a=x\r\n--bb\n"),
        ("--bb\r\nAx\r\n--bb\r\r\n--bb--", "a=x\r\n--bb\r"),
        ("--bb\r\nAx\n--bb\r\n\r\n--bb--", "a=x\n--bb\r\n"),
        ("--bb\r\nAx\r--bb\r\n\r\n--bb--", "a=x\r--bb\r\n"),
        ("--bb\r\nAx--bb--\r\n--bb--", "a=x--bb--"),
        (
            "--bb\r\nAx\r\n-bb\r\n--b\r\n--bc\r\n--bb--",
            "a=x\r\n-bb\r\n--b\r\n--bc",
        ),
        ("--bb\r\nAx\r\n--\r\n--bb\r\nB\r\n--bb--", "a=x\r\n--|b="),
        ("--bb\r\nAx\r\n--b\r\n--bb--", "a=x\r\n--b"),
    ];
    for (body, expected) in cases {
        assert_eq!(shown(&expand(body)), expected, "{body:?}");
    }
}

#[test]
fn a_form_that_ends_early_is_refused_wherever_it_is_cut() {
    let body = expand("preamble\r\n--bb\r\nAone\r\n--bb \r\nBtwo\r\n--bb--");
    assert_eq!(shown(&body), "a=one|b=two");
    for length in 0..body.len() {
        let found = shown(&body[..length]);
        assert_eq!(
            found, "!The form ends before its closing boundary.",
            "{length}"
        );
    }
}

#[test]
fn a_malformed_head_is_refused() {
    let form = |head: &str| format!("--bb\r\n{head}\r\n\r\nx\r\n--bb--\r\n").into_bytes();
    let good = "Content-Disposition: form-data; name=a";
    let cases = [
        ("", "no Content-Disposition"),
        ("Content-Type: text/plain", "no Content-Disposition"),
        (
            "Content-Disposition: attachment; name=a",
            "other than form-data",
        ),
        (
            "Content-Disposition: form-data; name=\"a",
            "malformed Content-Disposition",
        ),
        (&format!("{good}\r\n{good}"), "two Content-Dispositions"),
        (&format!("{good}\nX: y"), "does not end in CRLF"),
        (&format!("{good}\rX: y"), "does not end in CRLF"),
        (&format!("{good}\n\n"), "does not end in CRLF"),
        (&format!("{good}\r\nno colon"), "is no field"),
        (&format!("{good}\r\n: y"), "is no field"),
        (&format!("{good}\r\nX : y"), "is no field"),
        (&format!("{good}\r\nX\0: y"), "is no field"),
        (&format!(" X: y\r\n{good}"), "is no field"),
        (&format!("\n{good}"), "does not end in CRLF"),
        (
            &format!("{good}\r\n--bb\r\n{good}"),
            "cut off inside its head",
        ),
        (&format!("--bb\r\n{good}"), "cut off inside its head"),
        (
            &format!("{good}\r\nContent-Transfer-Encoding: base64"),
            "Content-Transfer-Encoding",
        ),
    ];
    for (head, expected) in cases {
        let found = shown(&form(head));
        assert!(
            found.starts_with('!') && found.contains(expected),
            "{head:?}: {found}"
        );
    }
}

#[test]
fn a_boundary_with_a_colon_never_passes_for_a_field() {
    let head = "Content-Disposition: form-data; name=a\r\n";
    let body = format!("--b:b\r\n{head}--b:b\r\n{head}\r\nx\r\n--b:b--");
    assert!(matches!(
        parts(body.as_bytes(), b"b:b"),
        Err(Error::BadRequest(_))
    ));
}

#[test]
fn any_fields_in_any_order_and_form_are_taken() {
    let name = "Content-Disposition: form-data; name=a; filename=b";
    let cases: [(&str, Option<&str>); 12] = [
        (name, None),
        (
            &format!("{name}\r\nContent-Type: text/plain"),
            Some("text/plain"),
        ),
        (
            &format!("content-type:  IMAGE/png ;q=1\t\r\n{name}"),
            Some("IMAGE/png ;q=1"),
        ),
        (&format!("{name}\r\nContent-Type:"), None),
        (&format!("{name}\r\nContent-Type: %% odd"), Some("%% odd")),
        (
            &format!("X-A: 1\r\nX-A: 2\r\nx_b:\r\nX-C: :\r\n{name}"),
            None,
        ),
        (
            &format!("Content-Transfer-Encoding: BINARY\r\n{name}"),
            None,
        ),
        (&format!("{name}\r\nContent-Length: 99"), None),
        ("CONTENT-disposition:FORM-DATA;filename=b;name=a", None),
        (
            "Content-Disposition: form-data;\r\n name=a;\r\n\tfilename=b",
            None,
        ),
        (
            &format!("{name}\r\nContent-Type: a/b;\r\n \r\n\tx"),
            Some("a/b;     \tx"),
        ),
        (&format!("{}{name}", "X: y\r\n".repeat(1_000)), None),
    ];
    for (head, content_type) in cases {
        let body = format!("--bb\r\n{head}\r\n\r\nx\r\n--bb--");
        let found = parts(body.as_bytes(), b"bb").expect(head);
        let expected = PartHead {
            name: b"a".to_vec(),
            filename: Some(b"b".to_vec()),
            content_type: content_type.map(str::to_owned),
        };
        assert_eq!(found, [(expected, b"x".to_vec())], "{head}");
    }
}

#[test]
fn a_head_may_have_16_kib_and_not_a_byte_more() {
    let name = "Content-Disposition: form-data; name=a\r\nX: ";
    let with_head = |length: usize| {
        let fill = "y".repeat(length - name.len() - 2);
        format!("--bb\r\n{name}{fill}\r\n\r\nx\r\n--bb--").into_bytes()
    };
    assert_eq!(shown(&with_head(HEAD_BYTES_MAX)), "a=x");
    let over = shown(&with_head(HEAD_BYTES_MAX + 1));
    assert!(over.contains("over 16 KiB"), "{over}");
    let endless = [b"--bb\r\n".as_slice(), &vec![b'x'; 3 * HEAD_BYTES_MAX]].concat();
    assert!(shown(&endless).contains("over 16 KiB"));
}

#[test]
fn more_blanks_after_a_boundary_than_the_limit_are_refused() {
    let padded = |blanks: usize| {
        let blanks = " ".repeat(blanks);
        expand(&format!(
            "--bb\r\nAx\r\n--bb{blanks}\r\nBy\r\n--bb--{blanks}"
        ))
    };
    assert_eq!(shown(&padded(PADDING_BYTES_MAX)), "a=x|b=y");
    let over = shown(&padded(PADDING_BYTES_MAX + 1));
    assert!(over.contains("too many blanks"), "{over}");
}

#[test]
fn a_file_input_without_a_file_is_told_from_a_field_and_from_an_empty_file() {
    let head = |parameter: &str| {
        let disposition = format!("Content-Disposition: form-data; name=a{parameter}");
        let body = format!("--bb\r\n{disposition}\r\n\r\n\r\n--bb--");
        parts(body.as_bytes(), b"bb").unwrap().remove(0).0
    };
    assert!(head("; filename=\"\"").is_no_file());
    assert!(!head("; filename=\"e.txt\"").is_no_file());
    assert!(!head("").is_no_file());
    assert_eq!(head("").filename, None);
}

#[test]
fn a_part_that_is_not_read_to_its_end_is_skipped() {
    let large = "x\r\n--b".repeat(50_000);
    let body = expand(&format!("--bb\r\nA{large}\r\n--bb\r\nB{large}\r\n--bb--"));
    let mut form = Form::new(&*body, b"bb", 0);
    assert!(form.data().unwrap().is_empty());
    assert_eq!(form.next_part().unwrap().unwrap().name, b"a");
    assert_eq!(form.next_part().unwrap().unwrap().name, b"b");
    assert!(!form.data().unwrap().is_empty());
    assert!(form.next_part().unwrap().is_none());
}

#[test]
fn an_epilogue_of_any_length_is_read_to_the_end_of_the_body() {
    let form = expand("--bb\r\nAx\r\n--bb--\r\n");
    let mut body = form.chain(io::repeat(b'e').take(10_000_000));
    assert_eq!(parts(&mut body, b"bb").unwrap().len(), 1);
    assert_eq!(body.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn the_buffer_never_grows() {
    let body = io::repeat(b'\r').take(1_000_000);
    let body = (&b"--bb\r\nContent-Disposition: form-data\r\n\r\n"[..]).chain(body);
    let mut form = Form::new(body, b"bb", 40_000);
    form.next_part().unwrap();
    assert!(form.next_part().is_err());
    assert_eq!(form.buffer.capacity(), 40_000);
    assert_eq!(
        Form::new(io::empty(), b"bb", 1).buffer.capacity(),
        BUFFER_BYTES_MIN
    );
}

/// Fails once with each kind of its list, last first, then gives the body.
struct Failing<'a>(Vec<io::ErrorKind>, &'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.pop() {
            Some(kind) => Err(kind.into()),
            None => self.1.read(into),
        }
    }
}

#[test]
fn a_failed_read_keeps_its_meaning_and_ends_the_form() {
    let body = expand("--bb\r\nAx\r\n--bb--");
    let interrupted = Failing(vec![io::ErrorKind::Interrupted; 3], &body);
    assert_eq!(parts(interrupted, b"bb").unwrap().len(), 1);

    let mut form = Form::new(Failing(vec![io::ErrorKind::TimedOut], &body), b"bb", 0);
    assert!(matches!(form.next_part(), Err(Error::Timeout)));
    assert!(matches!(form.next_part(), Err(Error::BadRequest(_))));
    assert!(matches!(form.data(), Err(Error::BadRequest(_))));
}
