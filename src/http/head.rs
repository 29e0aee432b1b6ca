//! The head of a request, judged byte by byte: what passes here can be read in one way only.
//!
//! `httparse` splits it; this file adds what RFC 9112 demands of a server that must not be fooled
//! about where a message ends. It reads no socket and no body.

use std::borrow::Cow;
use std::mem::MaybeUninit;
use std::ops::Range;

use crate::error::{Error, Result};
use crate::http::method::Method;

/// Longest method token; the longest registered one has 17 letters.
const METHOD_BYTES_MAX: usize = 32;

/// Room for fields on the stack; a limit above it does not count.
const FIELDS_MAX: usize = 100;

/// Ceilings for one head.
#[derive(Debug, Clone, Copy)]
pub struct HeadLimits {
    /// Bytes of the whole head, its empty line included.
    pub bytes_max: usize,
    /// Number of fields.
    pub fields_max: usize,
    /// Bytes of the request target.
    pub target_bytes_max: usize,
}

/// How the end of the body is found (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// No body follows.
    Empty,
    /// This many bytes follow; at least one.
    Length(u64),
    /// Chunks follow.
    Chunked,
}

/// Where a field's name and value stand in the text of the head.
type Field = (Range<usize>, Range<usize>);

/// A complete, valid request head.
#[derive(Debug)]
pub struct Head {
    text: Box<str>,
    target: Range<usize>,
    /// Host and port of a target in absolute-form, else empty.
    authority: Range<usize>,
    fields: Vec<Field>,
    /// The method.
    pub method: Method,
    /// How the body ends.
    pub framing: Framing,
    /// Whether the client wants to go on with this connection.
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
    /// Whether the client speaks 1.1 rather than 1.0.
    pub is_1_1: bool,
}

impl Head {
    /// Bytes of the head as it came.
    pub fn length(&self) -> usize {
        self.text.len()
    }

    /// The request target in origin-form, still percent-encoded; `*` for `OPTIONS *`.
    pub fn target(&self) -> &str {
        let target = &self.text[self.target.clone()];
        if target.is_empty() { "/" } else { target }
    }

    /// The value of a field; those of a repeated one joined by commas (RFC 9110, section 5.3).
    pub fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut values = self
            .fields
            .iter()
            .filter(|(field, _)| self.text[field.clone()].eq_ignore_ascii_case(name))
            .map(|(_, value)| &self.text[value.clone()]);
        let first = values.next()?;
        Some(values.fold(Cow::Borrowed(first), |all, value| {
            format!("{all}, {value}").into()
        }))
    }

    /// Whom the request is addressed to: the authority of a target in absolute-form, whatever Host
    /// says then, else Host (RFC 9112, section 3.2.2).
    pub fn host(&self) -> Option<Cow<'_, str>> {
        match &self.text[self.authority.clone()] {
            "" => self.field("Host"),
            authority => Some(authority.into()),
        }
    }

    /// Parses `bytes`, which end with the empty line.
    ///
    /// # Errors
    /// `BadRequest` with what is wrong, `BadVersion`, `UriTooLong`, `TooManyHeaders`,
    /// `ExpectationFailed`.
    pub fn parse(bytes: &[u8], limits: &HeadLimits) -> Result<Head> {
        if bytes.len() > limits.bytes_max {
            return Err(Error::TooManyHeaders);
        }
        check_line_ends(bytes)?;
        check_version(bytes)?;
        let mut slots = [MaybeUninit::uninit(); FIELDS_MAX];
        let slots = &mut slots[..limits.fields_max.min(FIELDS_MAX)];
        let mut request = httparse::Request::new(&mut []);
        match request.parse_with_uninit_headers(bytes, slots) {
            Ok(httparse::Status::Complete(n)) if n == bytes.len() => {}
            Ok(_) => return bad("The head of the request is malformed."),
            Err(httparse::Error::TooManyHeaders) => return Err(Error::TooManyHeaders),
            Err(httparse::Error::HeaderName) => return bad("A field name is malformed."),
            Err(httparse::Error::HeaderValue) => return bad("A field value is malformed."),
            // The version was good; when this is about it, two spaces stand before it.
            Err(_) => return bad("The request line is malformed."),
        }
        // Of all that was parsed, the values alone can be anything else.
        let Ok(text) = std::str::from_utf8(bytes) else {
            return bad("A field value is not UTF-8.");
        };
        let method = request.method.unwrap_or_default();
        if method.len() > METHOD_BYTES_MAX {
            return bad("The method is too long.");
        }
        let is_1_1 = request.version == Some(1);
        let offset_of = |part: &[u8]| part.as_ptr() as usize - bytes.as_ptr() as usize;
        let span = |part: &[u8]| offset_of(part)..offset_of(part) + part.len();
        let field = |field: &httparse::Header<'_>| {
            let value = field.value.trim_ascii();
            (span(field.name.as_bytes()), span(value))
        };
        let fields: Vec<_> = request.headers.iter().map(field).collect();
        let facts = Facts::collect(text, &fields, is_1_1)?;
        let path = request.path.unwrap_or_default();
        let (authority, target) = origin_form(path, method, limits)?;
        Ok(Head {
            target: span(target.as_bytes()),
            authority: span(authority.as_bytes()),
            fields,
            method: Method::from_token(method),
            framing: facts.framing,
            keep_alive: facts.keep_alive,
            expects_continue: facts.expects_continue && is_1_1,
            is_1_1,
            text: text.into(),
        })
    }
}

/// What the fields say about the message itself.
struct Facts {
    framing: Framing,
    keep_alive: bool,
    expects_continue: bool,
}

impl Facts {
    fn collect(text: &str, fields: &[Field], is_1_1: bool) -> Result<Facts> {
        let mut hosts = 0;
        let mut length = None;
        let mut is_chunked = false;
        let mut expects_continue = false;
        let mut close = false;
        let mut keep_alive = false;
        for (name, value) in fields {
            let (name, value) = (&text[name.clone()], &text[value.clone()]);
            if name.eq_ignore_ascii_case("host") {
                hosts += 1;
                check_host(value)?;
            } else if name.eq_ignore_ascii_case("content-length") {
                if length.replace(content_length(value)?).is_some() {
                    return bad("Content-Length is given twice.");
                }
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                if is_chunked || !is_1_1 || value != "chunked" {
                    return bad("Transfer-Encoding can only be \"chunked\", once.");
                }
                is_chunked = true;
            } else if name.eq_ignore_ascii_case("expect") {
                if expects_continue || !value.eq_ignore_ascii_case("100-continue") {
                    return Err(Error::ExpectationFailed);
                }
                expects_continue = true;
            } else if name.eq_ignore_ascii_case("connection") {
                for option in value.split(',').map(str::trim) {
                    close |= option.eq_ignore_ascii_case("close");
                    keep_alive |= option.eq_ignore_ascii_case("keep-alive");
                    if option.eq_ignore_ascii_case("upgrade") {
                        return bad("The connection cannot be upgraded.");
                    }
                }
            }
        }
        if hosts > 1 || (hosts == 0 && is_1_1) {
            return bad("There must be exactly one Host.");
        }
        let framing = match (is_chunked, length) {
            (true, Some(_)) => return bad("Both Transfer-Encoding and Content-Length are given."),
            (true, None) => Framing::Chunked,
            (false, None | Some(0)) => Framing::Empty,
            (false, Some(n)) => Framing::Length(n),
        };
        let keep_alive = !close && (is_1_1 || keep_alive);
        Ok(Facts {
            framing,
            keep_alive,
            expects_continue,
        })
    }
}

/// `httparse` takes a bare LF for a line end; RFC 9112 leaves that to the server, and two readings
/// of one message are what smuggling is made of.
fn check_line_ends(bytes: &[u8]) -> Result<()> {
    let strict = memchr::memchr_iter(b'\n', bytes).all(|at| bytes[..at].ends_with(b"\r"));
    if strict {
        Ok(())
    } else {
        bad("A line does not end with CRLF.")
    }
}

/// Tells a request of another HTTP version from one that is none, since only the first is a 505.
fn check_version(bytes: &[u8]) -> Result<()> {
    let line = &bytes[..memchr::memchr(b'\r', bytes).unwrap_or(bytes.len())];
    let version = &line[memchr::memrchr(b' ', line).map_or(0, |at| at + 1)..];
    match version {
        b"HTTP/1.1" | b"HTTP/1.0" => Ok(()),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(Error::BadVersion)
        }
        b"HTTP/2" | b"HTTP/3" => Err(Error::BadVersion),
        _ => bad("The request line is malformed."),
    }
}

/// RFC 9112, section 6.3: digits alone. More than 19 of them do not fit, and never came in peace.
fn content_length(value: &str) -> Result<u64> {
    let is_plain = (1..=19).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse() {
        Ok(length) if is_plain => Ok(length),
        _ => bad("Content-Length is not a plain number."),
    }
}

fn check_host(value: &str) -> Result<()> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&b);
    if value.bytes().all(allowed) {
        Ok(())
    } else {
        bad("Host is malformed.")
    }
}

/// Takes a target apart into its authority, empty in origin-form, and a path, with a query maybe
/// (RFC 9112, section 3.2).
fn origin_form<'t>(
    target: &'t str,
    method: &str,
    limits: &HeadLimits,
) -> Result<(&'t str, &'t str)> {
    if target.len() > limits.target_bytes_max {
        return Err(Error::UriTooLong);
    }
    // A fragment never goes on the wire. Bytes over 0x7F are against RFC 3986, yet curl sends them
    // as they were typed; `httparse` has seen to it that they are UTF-8.
    if target.bytes().any(|b| b <= b' ' || b == 0x7F || b == b'#') {
        return bad("The request target is malformed.");
    }
    if target.starts_with('/') || (target == "*" && method == "OPTIONS") {
        return Ok((&target[..0], target));
    }
    let scheme_end = target.find("://").unwrap_or_default();
    let scheme = &target[..scheme_end];
    if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
        let rest = &target[scheme_end + 3..];
        // An empty path is that of the root; `target` puts the slash there.
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if !authority.is_empty() && !path.starts_with('?') {
            check_host(authority)?;
            return Ok((authority, path));
        }
    }
    bad("The request target is neither a path nor a URL of this server.")
}

fn bad<T>(text: &'static str) -> Result<T> {
    Err(Error::BadRequest(text.into()))
}
