//! `GET /` and `GET /web/<file>`: the page and its parts, compressed when they were embedded in the
//! binary. The page itself comes with the list of its folder, see `plain`; the rest is the same for
//! everyone.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::error::{Error, Result};
use crate::http::deflate::{self, Blocks, Member};
use crate::http::media;
use crate::http::request::Request;
use crate::http::response::{Payload, Response};
use crate::routes::{App, is_known, plain};

/// One file of `assets/web`.
struct Part {
    name: &'static str,
    etag: &'static str,
    gzip: &'static [u8],
}

static PARTS: &[Part] = include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// The page, in pieces between which stands what is not the same for everyone.
struct Page {
    /// Up to what is told of its root element.
    start: &'static str,
    etag: &'static str,
    /// Up to the list.
    top: Blocks,
    rest: Blocks,
}

static PAGE: Page = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// What surrounds the deflate stream in a gzip member (RFC 1952).
const GZIP_HEADER_BYTES: usize = 10;
const GZIP_TRAILER_BYTES: usize = 8;

/// No script but our files, no style but our file and the one in the page, nothing from elsewhere,
/// in nobody's frame.
const CONTENT_SECURITY_POLICY: &str = concat!(
    "default-src 'none'; script-src 'self'; style-src 'self' '",
    env!("LIVEDROP_STYLE"),
    "'; img-src 'self' data: blob:; media-src 'self'; frame-src 'self'; connect-src 'self'; \
     worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'"
);

const MEDIA_TYPE: &str = "text/html; charset=utf-8";

/// The cookie by which the page tells which colours its reader has chosen, and their names.
const THEME_COOKIE: &str = "livedrop-theme";
const THEMES: [&str; 2] = ["light", "dark"];

/// The page itself.
pub(super) fn index(app: &App, request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    let list = plain::list(app, request);
    let theme = theme(request);
    let mut hasher = DefaultHasher::new();
    (PAGE.etag, theme, &list).hash(&mut hasher);
    let etag = format!("W/\"{:016x}\"", hasher.finish());
    let identity = |response: Response| {
        identified(response, &etag).with("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    };
    if is_known(request, &etag) {
        return Ok(identity(Response::empty(304)));
    }
    let told = theme.map(|theme| format!(" data-theme=\"{theme}\""));
    let start = format!("{}{}", PAGE.start, told.unwrap_or_default());
    let response = if request.accepts("Accept-Encoding", "gzip") {
        let mut member = Member::default();
        member.add(start.as_bytes());
        member.add_blocks(&PAGE.top);
        member.add(list.as_bytes());
        member.add_blocks(&PAGE.rest);
        Response::new(200, MEDIA_TYPE, Payload::Bytes(member.finish().into()))
            .with("Content-Encoding", "gzip")
    } else {
        let (top, rest) = (inflate_blocks(&PAGE.top)?, inflate_blocks(&PAGE.rest)?);
        let html = [start.as_bytes(), &top, list.as_bytes(), &rest].concat();
        Response::new(200, MEDIA_TYPE, Payload::Bytes(html.into()))
    };
    Ok(identity(response))
}

/// The colours that the reader has chosen, where not those of his system are right. A script that
/// sets them would have to run before anything is painted, which costs a fifth of that time.
fn theme(request: &Request<'_>) -> Option<&'static str> {
    let chosen = request.cookie(THEME_COOKIE)?;
    THEMES.into_iter().find(|theme| *theme == chosen)
}

/// What browsers ask for by its old name beside a file that is no page.
pub(super) fn icon(_app: &App, request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    part_named(request, "favicon.ico")
}

/// A part of it: a style sheet, a module, an icon.
pub(super) fn part(_app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    part_named(request, rest)
}

fn part_named(request: &Request<'_>, name: &str) -> Result<Response> {
    let part = named(name)?;
    let gzipped = request.accepts("Accept-Encoding", "gzip");
    // Weak, since it names two encodings of one content (RFC 9110, section 8.8.3.3).
    let etag = format!("W/{}", part.etag);
    let identity = |response: Response| identified(response, &etag);
    if is_known(request, &etag) {
        return Ok(identity(Response::empty(304)));
    }
    let media_type = media::media_type(part.name.as_bytes());
    let response = if gzipped {
        Response::new(200, media_type, Payload::Bytes(part.gzip.into()))
            .with("Content-Encoding", "gzip")
    } else {
        Response::new(200, media_type, Payload::Bytes(inflate(part)?.into()))
    };
    Ok(identity(response))
}

fn named(name: &str) -> Result<&'static Part> {
    let part = PARTS.iter().find(|part| part.name == name);
    part.ok_or(Error::NotFound)
}

/// The language needs no mention in Vary: each use asks anew, and the tag is that of the words.
fn identified(response: Response, etag: &str) -> Response {
    response
        .with("ETag", etag.to_owned())
        .with("Vary", "Accept-Encoding")
        .with("Cache-Control", "no-cache")
}

fn inflate(part: &Part) -> Result<Vec<u8>> {
    let end = part.gzip.len() - GZIP_TRAILER_BYTES;
    inflate_stream(part.name, &part.gzip[GZIP_HEADER_BYTES..end])
}

fn inflate_blocks(blocks: &Blocks) -> Result<Vec<u8>> {
    inflate_stream("index.html", &[blocks.bytes, &deflate::LAST].concat())
}

fn inflate_stream(name: &str, stream: &[u8]) -> Result<Vec<u8>> {
    miniz_oxide::inflate::decompress_to_vec(stream).map_err(|_| Error::Io {
        action: "inflate",
        path: name.to_owned(),
        source: std::io::ErrorKind::InvalidData.into(),
    })
}
