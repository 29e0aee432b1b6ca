//! `GET /api/list/<folder>`: what lies in a folder, in no order.
//!
//! A folder of ordinary size has a weak ETag over its entries, so that an unchanged one costs no
//! transfer; a huge one is streamed as it is read, in constant memory.

use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Write};

use serde_json::json;

use crate::error::{Error, Result};
use crate::http::request::Request;
use crate::http::response::{Payload, Response};
use crate::http::target;
use crate::routes::{App, existing, is_known};
use crate::storage::{Entry, RelPath};

/// Entries that are held in memory to be tagged and measured: about a megabyte of JSON.
const TAGGED_ENTRIES_MAX: usize = 10_000;

/// The listing, as JSON. What is not about the entries alone is in `Livedrop-Event` and
/// `Livedrop-Free` too, since a 304 must not bring back an old id.
pub(super) fn entries(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let folder = existing(rest)?;
    // Before the folder is read: what changes meanwhile may then be told twice, but never missed.
    let event_id = app.hub.last_id().to_string();
    let free_bytes = app.share.free_bytes()?;
    let mut entries = app.share.entries(&folder)?;
    let mut rows = Vec::new();
    for entry in entries.by_ref().take(TAGGED_ENTRIES_MAX) {
        write_row(&mut rows, &folder, &entry?).map_err(|e| Error::io("list", &folder, e))?;
    }
    let facts = json!({
        "path": folder.to_string(), "event_id": event_id, "free_bytes": free_bytes,
    });
    let mut body = facts.to_string().into_bytes();
    // The object stays open for the entries.
    body.pop();
    body.extend_from_slice(b",\"entries\":[");
    let identity = |response: Response| {
        response
            .with("Cache-Control", "no-cache")
            .with("Livedrop-Event", event_id.clone())
            .with("Livedrop-Free", free_bytes.to_string())
    };
    let Some(next) = entries.next().transpose()? else {
        let etag = tag(&rows);
        if is_known(request, &etag) {
            return Ok(identity(Response::empty(304)).with("ETag", etag));
        }
        // Each row but the first begins with a comma.
        body.extend_from_slice(rows.get(1..).unwrap_or_default());
        body.extend_from_slice(b"]}");
        let response = Response::new(200, "application/json", Payload::Bytes(body.into()));
        return Ok(identity(response).with("ETag", etag));
    };
    let stream = move |out: &mut dyn Write| -> io::Result<()> {
        out.write_all(&body)?;
        out.write_all(&rows[1..])?;
        write_row(out, &folder, &next)?;
        for entry in entries {
            write_row(out, &folder, &entry.map_err(io::Error::other)?)?;
        }
        out.write_all(b"]}")
    };
    let response = Response::new(200, "application/json", Payload::Stream(Box::new(stream)));
    Ok(identity(response))
}

/// One row, with the comma before it. A name that is not UTF-8 is shown lossily, with the exact
/// path of its file beside it.
fn write_row(out: &mut (impl Write + ?Sized), folder: &RelPath, entry: &Entry) -> io::Result<()> {
    out.write_all(b",{\"name\":")?;
    serde_json::to_writer(&mut *out, &entry.name.to_string_lossy())?;
    if entry.name.to_str().is_none() {
        let href = target::encode_path(folder.entry(&entry.name).as_bytes());
        write!(out, ",\"href\":\"{href}\"")?;
    }
    let (kind, size) = (entry.facts.kind.word(), entry.facts.size);
    let modified = entry.facts.modified_ms();
    write!(
        out,
        ",\"kind\":\"{kind}\",\"size\":{size},\"modified\":{modified}}}"
    )
}

/// A weak ETag: the same entries in another order are another tag, and no harm is done.
fn tag(rows: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(rows);
    format!("W/\"{:016x}\"", hasher.finish())
}
