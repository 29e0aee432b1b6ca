//! What a client wants of an upload in pieces, out of the fields of its request: the plan of a new
//! one, and what a piece is to be.

use crate::error::{Error, Result};
use crate::http::request::Request;
use crate::http::tus::{Checksum, PIECE_TYPE, metadata, number};
use crate::routes::form::{on_conflict, within};
use crate::routes::tus::expires_s;
use crate::routes::{App, files};
use crate::storage::{OnConflict, Plan, RelPath};

/// Longest `Upload-Metadata` that is kept and given back.
const METADATA_BYTES_MAX: usize = 8 << 10;

/// A piece of an upload, before its bytes are read.
pub(super) struct Piece {
    /// Its length, if that is known.
    pub(super) declared: Option<u64>,
    /// What it is to be, if the client says so.
    pub(super) checksum: Option<Checksum>,
}

impl Piece {
    /// Reads the fields of a request that brings one.
    ///
    /// # Errors
    /// `UnsupportedType`, `BadRequest`.
    pub(super) fn read(request: &Request<'_>) -> Result<Piece> {
        let declared = request.body.declared_bytes();
        let media_type = request.field("Content-Type").unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case(PIECE_TYPE) {
            return Err(Error::UnsupportedType(
                "A piece is of type application/offset+octet-stream.",
            ));
        }
        let checksum = request.field("Upload-Checksum");
        Ok(Piece {
            declared,
            checksum: checksum.map(|field| Checksum::parse(&field)).transpose()?,
        })
    }
}

/// What a POST says of the upload it begins.
pub(super) fn plan(app: &App, request: &Request<'_>) -> Result<Plan> {
    let wrong = |text: &'static str| Error::BadRequest(text.into());
    let is_deferred = match request.field("Upload-Defer-Length").as_deref() {
        None => false,
        Some("1") => true,
        Some(_) => return Err(wrong("Upload-Defer-Length can only be 1.")),
    };
    let length = match (request.field("Upload-Length"), is_deferred) {
        (Some(length), false) => Some(number(&length)?),
        (None, true) => None,
        (Some(_), true) => {
            return Err(wrong(
                "Upload-Length and Upload-Defer-Length exclude each other.",
            ));
        }
        (None, false) => return Err(missing("Upload-Length")),
    };
    files::check_size(app, length.unwrap_or(0))?;
    let field = request.field("Upload-Metadata").unwrap_or_default();
    if field.len() > METADATA_BYTES_MAX {
        return Err(Error::TooLarge("Upload-Metadata is over 8 KiB."));
    }
    let mut plan = Plan {
        length,
        target: None,
        folder: RelPath::root(),
        on_conflict: OnConflict::Rename,
        modified_ms: None,
        metadata: field.trim().to_owned(),
        owner: request.visitor.account.as_deref().map(str::to_owned),
        expires_s: expires_s(app),
    };
    let mut filename = None;
    for (key, value) in metadata(&field)? {
        match key {
            "filename" if !value.is_empty() => filename = Some(value),
            "dir" => plan.folder = RelPath::parse_new(&value)?,
            "on_conflict" => plan.on_conflict = on_conflict(Some(&value))?,
            "modified" => {
                let digits = std::str::from_utf8(&value).ok();
                let ms = digits.and_then(|digits| digits.trim().parse().ok());
                plan.modified_ms =
                    Some(ms.ok_or_else(|| wrong("The metadata \"modified\" is no number of ms."))?);
            }
            _ => {}
        }
    }
    plan.on_conflict = within(request, plan.on_conflict);
    if let Some(filename) = filename {
        plan.target = Some(plan.folder.join_new(&filename)?);
    }
    Ok(plan)
}

/// The refusal of a request without a field that it needs.
pub(super) fn missing(field: &str) -> Error {
    Error::BadRequest(format!("The request lacks {field}.").into())
}
