//! The boundary of a form: how the request's head tells it, and how the body is searched for it.
//!
//! A delimiter line is `--boundary`, `--` more if it is the last, blanks that a transport may have
//! added, and CRLF; the last one may also end with the body. What only begins like one is data:
//! RFC 2046 would let a reader end the part there, which would cut files that hold other forms.

use memchr::{memmem, memrchr};

use super::bad;
use super::parameters::{Parameters, is_blank};
use crate::error::{Error, Result};

/// The longest boundary (RFC 2046, section 5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;

/// The most blanks after a boundary. Without a bound they could fill the buffer; no transport that
/// HTTP runs over adds any.
pub(super) const PADDING_BYTES_MAX: usize = 256;

/// The boundary that a request's `Content-Type` names (RFC 7578, section 4.1), 1 to 70 bytes.
///
/// All visible ASCII is taken, not only the characters of RFC 2046: a snippet that many Android
/// programs share has `*****`.
///
/// # Errors
/// [`Error::UnsupportedType`] when the type is not multipart/form-data, [`Error::BadRequest`] when
/// it has no boundary, two, or one that cannot be.
pub fn boundary(content_type: &str) -> Result<Vec<u8>> {
    let (media_type, parameters) = Parameters::of(content_type.as_bytes());
    if !media_type.eq_ignore_ascii_case(b"multipart/form-data") {
        return Err(Error::UnsupportedType(
            "The form must be multipart/form-data.",
        ));
    }
    let mut boundary = None;
    for parameter in parameters {
        let parameter = parameter.map_err(|_| bad("The Content-Type is malformed."))?;
        if !parameter.name.eq_ignore_ascii_case(b"boundary") {
            continue;
        }
        let blank_may_stand = |byte| parameter.quoted && byte == b' ';
        let value = parameter.value;
        // A quote or a backslash can be escaped in more than one way, and nobody uses them.
        let clean = value.iter().all(|&byte| {
            byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\') || blank_may_stand(byte)
        });
        let length_fits = (1..=BOUNDARY_BYTES_MAX).contains(&value.len());
        if !clean || !length_fits || value.ends_with(b" ") {
            return Err(bad("The boundary of the form is not valid."));
        }
        if boundary.replace(value).is_some() {
            return Err(bad("The Content-Type names two boundaries."));
        }
    }
    boundary
        .map(<[u8]>::to_vec)
        .ok_or_else(|| bad("The Content-Type names no boundary."))
}

/// The search for delimiters: CRLF, `--`, the boundary, and a proper end of the line.
pub(super) struct Delimiter {
    finder: memmem::Finder<'static>,
}

/// What stands at the start of a window of the body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// So many bytes, at least one, that belong to no delimiter.
    Data(usize),
    /// A delimiter of `length` bytes, without the CRLF that ends its line.
    Delimiter {
        /// From its CRLF to the end of its blanks, in bytes.
        length: usize,
        /// It is the closing delimiter.
        last: bool,
    },
    /// The window is too short to say.
    Incomplete,
    /// A boundary with more than [`PADDING_BYTES_MAX`] blanks behind it. To call it data would
    /// run two parts into one if it was meant as a delimiter, so the form must be refused.
    Overlong,
}

impl Delimiter {
    pub(super) fn new(boundary: &[u8]) -> Delimiter {
        let needle = [b"\r\n--", boundary].concat();
        Delimiter {
            finder: memmem::Finder::new(&needle).into_owned(),
        }
    }

    /// Whether something that begins like a delimiter lies anywhere in `lines`.
    pub(super) fn occurs_in(&self, lines: &[u8]) -> bool {
        self.finder.find(lines).is_some()
    }

    /// Says what `window` begins with; `ended` tells that nothing will follow it. `Incomplete`
    /// only comes for windows of less than a needle, the padding and the end of a line.
    pub(super) fn scan(&self, window: &[u8], ended: bool) -> Scan {
        let needle_bytes = self.finder.needle().len();
        let mut from = 0;
        while let Some(found) = self.finder.find(&window[from..]) {
            let at = from + found;
            match line_end(&window[at + needle_bytes..], ended) {
                // No part of a needle can begin another: its only CR is the first byte.
                LineEnd::Other => from = at + needle_bytes,
                _ if at > 0 => return Scan::Data(at),
                LineEnd::Incomplete => return Scan::Incomplete,
                LineEnd::Overlong => return Scan::Overlong,
                LineEnd::Delimiter { length, last } => {
                    let length = needle_bytes + length;
                    return Scan::Delimiter { length, last };
                }
            }
        }
        match self.data_bytes(window, from) {
            0 => Scan::Incomplete,
            length => Scan::Data(length),
        }
    }

    /// How many bytes of a window without a whole needle from `from` on are surely data: up to
    /// the last CR, if what follows it is the beginning of a needle, else all.
    fn data_bytes(&self, window: &[u8], from: usize) -> usize {
        let needle = self.finder.needle();
        let tail = from.max(window.len().saturating_sub(needle.len() - 1));
        memrchr(b'\r', &window[tail..])
            .map(|at| tail + at)
            .filter(|&at| needle.starts_with(&window[at..]))
            .unwrap_or(window.len())
    }
}

/// What follows a needle.
enum LineEnd {
    /// So many bytes that make it a delimiter, the CRLF not counted.
    Delimiter {
        length: usize,
        last: bool,
    },
    Incomplete,
    Overlong,
    /// Something that makes it data.
    Other,
}

fn line_end(after: &[u8], ended: bool) -> LineEnd {
    let last = after.starts_with(b"--");
    let dashes = if last { 2 } else { 0 };
    let rest = &after[dashes..];
    let blanks = rest.iter().take(PADDING_BYTES_MAX + 1);
    let padding = blanks.take_while(|&&byte| is_blank(byte)).count();
    let length = dashes + padding;
    match &rest[padding..] {
        _ if padding > PADDING_BYTES_MAX => LineEnd::Overlong,
        [b'\r', b'\n', ..] => LineEnd::Delimiter { length, last },
        [] if last && ended => LineEnd::Delimiter { length, last },
        [] | [b'\r'] => LineEnd::Incomplete,
        [b'-'] if length == 0 => LineEnd::Incomplete,
        _ => LineEnd::Other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use super::*;

    #[test]
    fn a_boundary_is_taken_quoted_or_not_and_among_other_parameters() {
        let longest = "x".repeat(70);
        let cases = [
            ("multipart/form-data; boundary=abc", "abc"),
            ("multipart/form-data;boundary=abc", "abc"),
            ("MULTIPART/Form-Data ; BOUNDARY=aBc", "aBc"),
            ("  multipart/form-data; boundary=abc  ", "abc"),
            ("multipart/form-data; boundary=\"abc\"", "abc"),
            ("multipart/form-data; boundary=\"a b;c, d\"", "a b;c, d"),
            ("multipart/form-data; boundary = \"abc\" ; x=y", "abc"),
            ("multipart/form-data; charset=utf-8; boundary=abc;", "abc"),
            (
                "multipart/form-data;; x=\"boundary=no\"; boundary=abc",
                "abc",
            ),
            ("multipart/form-data; xboundary=no; boundary=abc", "abc"),
            ("multipart/form-data; boundary=*****", "*****"),
            (
                "multipart/form-data; boundary=a/b:c=d?e(f)'+_,-.",
                "a/b:c=d?e(f)'+_,-.",
            ),
            (
                "multipart/form-data; boundary=----WebKitFormBoundaryA1",
                "----WebKitFormBoundaryA1",
            ),
            (
                &format!("multipart/form-data; boundary={longest}"),
                &longest,
            ),
            (
                &format!("multipart/form-data; boundary=\"{longest}\""),
                &longest,
            ),
        ];
        for (content_type, expected) in cases {
            let found = boundary(content_type).expect(content_type);
            assert_eq!(found, expected.as_bytes(), "{content_type}");
        }
    }

    #[test]
    fn a_type_other_than_a_form_is_unsupported() {
        for content_type in [
            "",
            "text/plain",
            "multipart/mixed; boundary=abc",
            "multipart/form-data2; boundary=abc",
            "multipart/form-data boundary=abc",
            "multipart/form-data, multipart/form-data; boundary=abc",
            "application/x-www-form-urlencoded",
            "; boundary=abc",
        ] {
            let found = boundary(content_type);
            assert!(
                matches!(found, Err(Error::UnsupportedType(_))),
                "{content_type}: {found:?}"
            );
        }
    }

    #[test]
    fn no_boundary_or_an_impossible_one_is_a_bad_request() {
        let too_long = "x".repeat(71);
        for content_type in [
            "multipart/form-data",
            "multipart/form-data;",
            "multipart/form-data; boundary",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"\"",
            "multipart/form-data; boundary=\"abc",
            "multipart/form-data; boundary=\"abc\"d",
            "multipart/form-data; boundary=a\"b",
            "multipart/form-data; boundary=a b",
            "multipart/form-data; boundary=a\tb",
            "multipart/form-data; boundary=\"abc \"",
            "multipart/form-data; boundary=\"a\\\\b\"",
            "multipart/form-data; boundary=\"a\\\"b\"",
            "multipart/form-data; boundary=\"a\r\nb\"",
            "multipart/form-data; boundary=a\u{1}b",
            "multipart/form-data; boundary=gr\u{fc}n",
            "multipart/form-data; boundary=a; boundary=a",
            "multipart/form-data; boundary=a, multipart/form-data; boundary=b",
            "multipart/form-data; =abc; boundary=abc",
            &format!("multipart/form-data; boundary={too_long}"),
        ] {
            let found = boundary(content_type);
            assert!(
                matches!(found, Err(Error::BadRequest(_))),
                "{content_type}: {found:?}"
            );
        }
    }

    #[test]
    fn a_window_is_data_up_to_what_may_become_a_delimiter() {
        let delimiter = Delimiter::new(b"bb");
        let full = |length, last| Scan::Delimiter { length, last };
        let cases: &[(&[u8], bool, Scan)] = &[
            (b"", false, Scan::Incomplete),
            (b"x", false, Scan::Data(1)),
            (b"xy\r", false, Scan::Data(2)),
            (b"xy\r\n--b", false, Scan::Data(2)),
            (b"\r\n--b", false, Scan::Incomplete),
            (b"\r\n--x", false, Scan::Data(5)),
            (b"\r\r\n-", false, Scan::Data(1)),
            (b"\r\n\r\n--", false, Scan::Data(2)),
            (b"\r\n--bb", false, Scan::Incomplete),
            (b"\r\n--bb-", false, Scan::Incomplete),
            (b"\r\n--bb--", false, Scan::Incomplete),
            (b"\r\n--bb--", true, full(8, true)),
            (b"\r\n--bb-- \t", true, full(10, true)),
            (b"\r\n--bb--\r", true, Scan::Incomplete),
            (b"\r\n--bb--\r\n", false, full(8, true)),
            (b"\r\n--bb", true, Scan::Incomplete),
            (b"\r\n--bb\r", false, Scan::Incomplete),
            (b"\r\n--bb\r\n", false, full(6, false)),
            (b"\r\n--bb \t\r\n", false, full(8, false)),
            (b"x\r\n--bb\r\n", false, Scan::Data(1)),
            (b"\r\n--bbb\r\n", false, Scan::Data(7)),
            (b"\r\n--BB\r\nx", false, Scan::Data(9)),
            (b"\r\n--bb-\r\n", false, Scan::Data(7)),
            (b"\r\n--bb-\r\nx", false, Scan::Data(10)),
            (b"\r\n--bb--x", false, Scan::Data(9)),
            (b"\r\n--bb-- -", false, Scan::Data(10)),
            (b"\r\n--bb -", false, Scan::Data(8)),
            (b"\r\n--bb\n", false, Scan::Data(7)),
            (b"\r\n--bb\rx", false, Scan::Data(8)),
            (b"\r\n--bb\r\r\n--bb\r\n", false, Scan::Data(7)),
            (b"\r\n--bbx\r\n--b", false, Scan::Data(7)),
        ];
        for (window, ended, expected) in cases {
            let text = String::from_utf8_lossy(window);
            assert_eq!(
                &delimiter.scan(window, *ended),
                expected,
                "{text:?} {ended}"
            );
        }
    }

    #[test]
    fn blanks_after_a_boundary_are_taken_up_to_the_limit() {
        let delimiter = Delimiter::new(b"b");
        let padded = |blanks: usize| format!("\r\n--b{}\r\n", " ".repeat(blanks)).into_bytes();
        let length = 5 + PADDING_BYTES_MAX;
        let at_most = delimiter.scan(&padded(PADDING_BYTES_MAX), false);
        assert_eq!(
            at_most,
            Scan::Delimiter {
                length,
                last: false
            }
        );
        let over = delimiter.scan(&padded(PADDING_BYTES_MAX + 1), false);
        assert_eq!(over, Scan::Overlong);
    }
}
