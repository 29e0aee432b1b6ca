//! `GET /` and `GET /web/<file>`: the page and its parts, embedded in the binary as gzip.

use crate::error::{Error, Result};
use crate::http::media;
use crate::http::request::Request;
use crate::http::response::{Payload, Response};
use crate::routes::{App, is_known};

/// One file of `assets/web`.
struct Part {
    name: &'static str,
    etag: &'static str,
    gzip: &'static [u8],
}

static PARTS: &[Part] = include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// What surrounds the deflate stream in a gzip member (RFC 1952).
const GZIP_HEADER_BYTES: usize = 10;
const GZIP_TRAILER_BYTES: usize = 8;

/// No script but our files, nothing from elsewhere, in nobody's frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; media-src 'self'; frame-src 'self'; connect-src 'self'; \
    manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page itself.
pub(super) fn index(_app: &App, request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    part_named(request, "index.html")
        .map(|response| response.with("Content-Security-Policy", CONTENT_SECURITY_POLICY))
}

/// A part of it: a style sheet, a module, an icon.
pub(super) fn part(_app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    part_named(request, rest)
}

fn part_named(request: &Request<'_>, name: &str) -> Result<Response> {
    let part = PARTS
        .iter()
        .find(|part| part.name == name)
        .ok_or(Error::NotFound)?;
    let gzipped = request.accepts("Accept-Encoding", "gzip");
    // Weak, since it names two encodings of one content (RFC 9110, section 8.8.3.3).
    let etag = format!("W/{}", part.etag);
    let identity = |response: Response| {
        response
            .with("ETag", etag.clone())
            .with("Vary", "Accept-Encoding")
            .with("Cache-Control", "no-cache")
    };
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

fn inflate(part: &Part) -> Result<Vec<u8>> {
    let end = part.gzip.len() - GZIP_TRAILER_BYTES;
    miniz_oxide::inflate::decompress_to_vec(&part.gzip[GZIP_HEADER_BYTES..end]).map_err(|_| {
        Error::Io {
            action: "inflate",
            path: part.name.to_owned(),
            source: std::io::ErrorKind::InvalidData.into(),
        }
    })
}
