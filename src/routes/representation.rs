//! A file as an answer: conditions first, then ranges, and what says how it may be shown
//! (RFC 9110, sections 13 to 15). Both `/files` and `/download` tell it.

use std::borrow::Cow;
use std::time::SystemTime;

use crate::error::{Error, Result};
use crate::http::conditional::{self, Access, Conditions, EntityTag, Validators, Verdict};
use crate::http::media;
use crate::http::range::{self, ByteRange, Multipart, Selection};
use crate::http::request::Request;
use crate::http::response::{Payload, Piece, Response};
use crate::random;
use crate::storage::{Facts, OpenFile, RelPath};

/// What keeps a document that could run script from doing so, and from being framed elsewhere.
const SANDBOX: &str = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; \
                       style-src 'self' 'unsafe-inline'; frame-ancestors 'self'";

/// Files of this size and more are worth one more system call, which reads them faster.
const READ_AHEAD_BYTES_MIN: u64 = 1 << 20;

/// The answer to a request to read `file`, which stands at `path`.
pub(super) fn represent(
    request: &Request<'_>,
    path: &RelPath,
    file: OpenFile,
    disposition: Cow<'static, str>,
) -> Result<Response> {
    let now = SystemTime::now();
    let current = validators(&file.facts);
    let verdict = with_conditions(request, |conditions| {
        conditional::evaluate(conditions, Access::Read, Some(&current))
    });
    let identity = |response: Response| {
        response
            .with("ETag", current.etag.to_string())
            .with(
                "Last-Modified",
                conditional::http_date(current.modified.min(now)),
            )
            .with("Cache-Control", "no-cache")
    };
    match verdict {
        Verdict::Proceed => {}
        Verdict::NotModified => return Ok(identity(Response::empty(304))),
        Verdict::PreconditionFailed => return Err(Error::PreconditionFailed),
    }
    let if_range = request.field("If-Range");
    let wanted = request
        .field("Range")
        .filter(|_| conditional::range_holds(if_range.as_deref(), &current, now));
    let selection = range::select(wanted.as_deref(), file.facts.size)?;
    let media_type = media::media_type(path.name().as_encoded_bytes());
    let is_active = media::is_active(&media_type);
    let response = identity(select(file, media_type, selection)?)
        .with("Accept-Ranges", "bytes")
        .with("Content-Disposition", disposition);
    Ok(if is_active {
        response.with("Content-Security-Policy", SANDBOX)
    } else {
        response
    })
}

/// The selected part of a file.
fn select(file: OpenFile, media_type: Cow<'static, str>, selection: Selection) -> Result<Response> {
    let size = file.facts.size;
    if size >= READ_AHEAD_BYTES_MIN {
        file.read_ahead();
    }
    match selection {
        Selection::Whole => {
            let whole = Piece::File {
                offset: 0,
                length: size,
            };
            Ok(Response::new(
                200,
                media_type,
                Payload::File(file.file, vec![whole]),
            ))
        }
        Selection::One(part) => {
            let payload = Payload::File(file.file, vec![piece(part)]);
            Ok(Response::new(206, media_type, payload)
                .with("Content-Range", range::content_range(part, size)))
        }
        Selection::Many(parts) => {
            let random = u128::from_ne_bytes(random::bytes()?);
            let Some(multipart) = Multipart::new(random, &media_type, &parts, size) else {
                return select(file, media_type, Selection::Whole);
            };
            let mut pieces = Vec::with_capacity(2 * parts.len() + 1);
            for (head, part) in multipart.parts() {
                pieces.push(Piece::Bytes(head.into_bytes()));
                pieces.push(piece(part));
            }
            pieces.push(Piece::Bytes(multipart.closing().into_bytes()));
            Ok(Response::new(
                206,
                multipart.content_type(),
                Payload::File(file.file, pieces),
            ))
        }
    }
}

fn piece(part: ByteRange) -> Piece {
    Piece::File {
        offset: part.start(),
        length: part.length(),
    }
}

/// What tells one state of a file from another.
pub(super) fn validators(facts: &Facts) -> Validators {
    let etag = EntityTag::of_file(facts.inode, facts.size, facts.modified_ns, facts.changed_ns);
    Validators {
        etag,
        modified: facts.modified(),
    }
}

/// Judges by the conditions of a request.
pub(super) fn with_conditions<T>(
    request: &Request<'_>,
    judge: impl FnOnce(&Conditions<'_>) -> T,
) -> T {
    judge(&Conditions {
        if_match: request.field("If-Match").as_deref(),
        if_none_match: request.field("If-None-Match").as_deref(),
        if_modified_since: request.field("If-Modified-Since").as_deref(),
        if_unmodified_since: request.field("If-Unmodified-Since").as_deref(),
    })
}
