//! `GET /api/list/<folder>`: what lies in a folder, streamed row by row, in no order.

use std::io::{self, Write};

use serde_json::json;

use crate::error::Result;
use crate::http::request::Request;
use crate::http::response::{Payload, Response};
use crate::http::target;
use crate::routes::{App, existing};
use crate::storage::{Entry, RelPath};

/// The listing, as JSON.
pub(super) fn entries(app: &App, _request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let folder = existing(rest)?;
    // Before the folder is read: what changes meanwhile may then be told twice, but never missed.
    let event_id = app.hub.last_id();
    let free_bytes = app.share.free_bytes()?;
    let mut body = Vec::new();
    let head = json!({
        "path": folder.to_string(),
        "event_id": event_id.to_string(),
        "free_bytes": free_bytes,
    });
    let head = head.to_string();
    // The object stays open for the entries.
    body.extend_from_slice(head.trim_end_matches('}').as_bytes());
    body.extend_from_slice(b",\"entries\":[");
    for (i, entry) in app.share.entries(&folder)?.enumerate() {
        if i > 0 {
            body.push(b',');
        }
        // Writing to memory cannot fail.
        write_entry(&mut body, &folder, &entry?).unwrap_or_default();
    }
    body.extend_from_slice(b"]}");
    Ok(
        Response::new(200, "application/json", Payload::Bytes(body.into()))
            .with("Cache-Control", "no-store"),
    )
}

/// One row. A name that is not UTF-8 is shown lossily, with the exact path of its file beside it.
fn write_entry(out: &mut impl Write, folder: &RelPath, entry: &Entry) -> io::Result<()> {
    let name = entry.name.to_string_lossy();
    out.write_all(b"{\"name\":")?;
    serde_json::to_writer(&mut *out, &name)?;
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
