//! `GET /api/list/<folder>`: what lies in a folder, in no order.
//!
//! A folder of ordinary size has a weak ETag over its entries, so that an unchanged one costs no
//! transfer; a huge one is streamed as it is read, in constant memory.

mod kept;

use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::json;

use crate::error::Result;
use crate::http::request::Request;
use crate::http::response::{Payload, Response};
use crate::http::target;
use crate::routes::list::kept::Rows;
use crate::routes::{App, existing, is_known};
use crate::storage::{Entry, Kind, RelPath, Share};

pub(crate) use kept::Kept;

/// Entries that are held in memory to be tagged and measured: about a megabyte of JSON.
const TAGGED_ENTRIES_MAX: usize = 10_000;
/// What ends the object and its array of entries.
const END: &[u8] = b"]}";

/// The listing, as JSON. What is not about the entries alone is in `Livedrop-Event` and
/// `Livedrop-Free` too, since a 304 must not bring back an old id.
pub(super) fn entries(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let folder = existing(rest)?;
    // From here on changes from outside are told too.
    app.share.watch(&folder, || app.hub.mark().seq());
    // Before the folder is read: what changes meanwhile may then be told twice, but never missed.
    let event_id = app.hub.last_id().to_string();
    let free_bytes = app.share.free_bytes()?;
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
    let Some(rows) = rows(app, &folder)? else {
        let share = Arc::clone(&app.share);
        let stream = move |out: &mut dyn Write| stream(&share, &folder, &body, out);
        let response = Response::new(200, "application/json", Payload::Stream(Box::new(stream)));
        return Ok(identity(response));
    };
    let others = others(app, &folder, &rows)?;
    let etag = tag(&rows, &others);
    if is_known(request, &etag) {
        return Ok(identity(Response::empty(304)).with("ETag", etag));
    }
    body.extend_from_slice(&rows.files);
    if !rows.files.is_empty() && !others.is_empty() {
        body.push(b',');
    }
    body.extend_from_slice(&others);
    body.extend_from_slice(END);
    let response = Response::new(200, "application/json", Payload::Bytes(body.into()));
    Ok(identity(response).with("ETag", etag))
}

/// The rows of plain files, and the names of what else there is; None when they are too many to be
/// held. What is kept is taken from there.
fn rows(app: &App, folder: &RelPath) -> Result<Option<Arc<Rows>>> {
    // Before the folder is read: what changes meanwhile has another.
    let (version, known) = app.share.version(folder).unzip();
    if known.is_some_and(|entries| entries > TAGGED_ENTRIES_MAX) {
        return Ok(None);
    }
    if let Some(rows) = version.and_then(|version| app.listings.get(folder, version)) {
        return Ok(Some(rows));
    }
    let (mut files, mut others) = (Vec::new(), Vec::new());
    let mut count = 0;
    app.share.list(folder, |entry| {
        count += 1;
        if count > TAGGED_ENTRIES_MAX {
            return ControlFlow::Break(());
        }
        if entry.is_link || entry.facts.kind != Kind::File || entry.facts.links > 1 {
            others.push(entry.name.to_os_string());
        } else {
            push_row(&mut files, folder, &entry);
        }
        ControlFlow::Continue(())
    })?;
    if count > TAGGED_ENTRIES_MAX {
        return Ok(None);
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(&files);
    let rows = Arc::new(Rows {
        files,
        hash: hasher.finish(),
        others,
    });
    if let Some(version) = version {
        app.listings.put(folder, version, Arc::clone(&rows));
    }
    Ok(Some(rows))
}

/// The rows of what has to be looked at each time.
fn others(app: &App, folder: &RelPath, rows: &Rows) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    app.share.look(folder, &rows.others, |entry| {
        push_row(&mut out, folder, &entry);
    })?;
    Ok(out)
}

/// Writes the listing of a huge folder as it is read.
fn stream(share: &Share, folder: &RelPath, head: &[u8], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(head)?;
    let mut row = Vec::new();
    let mut is_first = true;
    let mut written = Ok(());
    let listed = share.list(folder, |entry| {
        row.clear();
        push_row(&mut row, folder, &entry);
        let comma: &[u8] = if std::mem::take(&mut is_first) {
            b""
        } else {
            b","
        };
        written = out.write_all(comma).and_then(|()| out.write_all(&row));
        if written.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    written?;
    listed.map_err(io::Error::other)?;
    out.write_all(END)
}

/// One row, with a comma before it when it is not the first. A name that is not UTF-8 is shown lossily, with the exact path of its file beside it.
fn push_row(out: &mut Vec<u8>, folder: &RelPath, entry: &Entry<'_>) {
    if !out.is_empty() {
        out.push(b',');
    }
    out.extend_from_slice(b"{\"name\":");
    let name = entry.name.to_string_lossy();
    let is_plain = name.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\');
    if is_plain {
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(json!(name).to_string().as_bytes());
    }
    if entry.name.to_str().is_none() {
        let href = target::encode_path(folder.entry(entry.name).as_bytes());
        out.extend_from_slice(format!(",\"href\":\"{href}\"").as_bytes());
    }
    out.extend_from_slice(b",\"kind\":\"");
    out.extend_from_slice(entry.facts.kind.word().as_bytes());
    out.extend_from_slice(b"\",\"size\":");
    push_number(out, entry.facts.size);
    out.extend_from_slice(b",\"modified\":");
    let modified = entry.facts.modified_ms();
    if modified < 0 {
        out.push(b'-');
    }
    push_number(out, modified.unsigned_abs());
    out.push(b'}');
}

/// Decimal digits, without the detour by a formatter: a listing has two numbers a row.
fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// A weak ETag: the same entries in another order are another tag, and no harm is done.
fn tag(rows: &Rows, others: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write_u64(rows.hash);
    hasher.write(others);
    format!("W/\"{:016x}\"", hasher.finish())
}
