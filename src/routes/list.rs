//! `GET /api/list/<folder>`: what lies in a folder, in no order.
//!
//! A folder of ordinary size has a weak ETag over its entries, so that an unchanged one costs no
//! transfer; a huge one is streamed as it is read, in constant memory.

mod kept;
mod rows;

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;

use crate::error::Result;
use crate::http::request::Request;
use crate::http::response::{Payload, Response};
use crate::routes::list::rows::{Rows, push_row};
use crate::routes::{App, existing, is_known};
use crate::storage::{Entry, Kind, RelPath, Share};

use kept::Listing;

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
    body.extend_from_slice(rows.json());
    if !rows.json().is_empty() && !others.is_empty() {
        body.push(b',');
    }
    body.extend_from_slice(&others);
    body.extend_from_slice(END);
    let response = Response::new(200, "application/json", Payload::Bytes(body.into()));
    Ok(identity(response).with("ETag", etag))
}

/// The rows of plain files, and the names of what else there is; None when they are too many to be
/// held. What is kept is taken from there, and only the names that have changed are looked at again.
fn rows(app: &App, folder: &RelPath) -> Result<Option<Arc<Rows>>> {
    // Before the folder is read: what changes meanwhile has another.
    let Some((version, entries)) = app.share.version(folder) else {
        return Ok(read(app, folder)?.map(Arc::new));
    };
    if entries > TAGGED_ENTRIES_MAX {
        return Ok(None);
    }
    let now = Instant::now();
    let kept = app.listings.get(folder, now);
    let (rows, read_at) = match kept {
        Some(kept) if kept.version == version => return Ok(Some(kept.rows)),
        Some(kept) => match renew(app, folder, &kept)? {
            Some(rows) => (Some(rows), kept.read_at),
            None => (read(app, folder)?, now),
        },
        None => (read(app, folder)?, now),
    };
    let rows = rows.map(Arc::new);
    if let Some(rows) = &rows {
        let rows = Arc::clone(rows);
        let listing = Listing {
            version,
            read_at,
            rows,
        };
        app.listings.put(folder, listing);
    }
    Ok(rows)
}

/// The rows as they are on the disk; None when they are too many to be held.
fn read(app: &App, folder: &RelPath) -> Result<Option<Rows>> {
    let mut rows = Rows::default();
    let mut count = 0;
    let mut showing = app.share.show(folder).whole();
    app.share.list(folder, |entry| {
        showing.add(entry.name, Some(&entry.facts));
        count += 1;
        if count > TAGGED_ENTRIES_MAX {
            return ControlFlow::Break(());
        }
        rows.add(folder, &entry);
        ControlFlow::Continue(())
    })?;
    if count > TAGGED_ENTRIES_MAX {
        return Ok(None);
    }
    showing.end();
    Ok(Some(rows))
}

/// The rows of a while ago, with what stands by now at the names that have changed; None when not
/// all of these are known: the other names of a file change with it.
fn renew(app: &App, folder: &RelPath, kept: &Listing) -> Result<Option<Rows>> {
    let Some(names) = app.share.changed_since(folder, kept.version) else {
        return Ok(None);
    };
    let mut rows = Rows::clone(&kept.rows);
    for name in &names {
        rows.remove(folder, name);
    }
    let mut has_twins = false;
    look(app, folder, &names, |entry| {
        let is_known = || kept.rows.others().iter().any(|other| other == entry.name);
        has_twins |= entry.facts.kind == Kind::File && entry.facts.links > 1 && !is_known();
        rows.add(folder, entry);
    })?;
    Ok((!has_twins).then_some(rows))
}

/// The rows of what has to be looked at each time.
fn others(app: &App, folder: &RelPath, rows: &Rows) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    look(app, folder, rows.others(), |entry| {
        push_row(&mut out, folder, entry);
    })?;
    Ok(out)
}

/// Shows what stands at some names by now, and that there is nothing at the others.
fn look(
    app: &App,
    folder: &RelPath,
    names: &[OsString],
    mut visit: impl FnMut(&Entry<'_>),
) -> Result<()> {
    // As it is for most listings that are kept.
    if names.is_empty() {
        return Ok(());
    }
    let mut showing = app.share.show(folder);
    let mut ahead = names.iter();
    app.share.look(folder, names, |entry| {
        for name in ahead.by_ref().take_while(|name| *name != entry.name) {
            showing.add(name, None);
        }
        showing.add(entry.name, Some(&entry.facts));
        visit(&entry);
    })?;
    ahead.for_each(|name| showing.add(name, None));
    Ok(())
}

/// Writes the listing of a huge folder as it is read.
fn stream(share: &Share, folder: &RelPath, head: &[u8], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(head)?;
    let mut row = Vec::new();
    let mut is_first = true;
    let mut written = Ok(());
    let mut showing = share.show(folder);
    let listed = share.list(folder, |entry| {
        showing.add(entry.name, Some(&entry.facts));
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

/// A weak ETag: the same entries in another order are another tag, and no harm is done.
fn tag(rows: &Rows, others: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write_u64(rows.hash());
    hasher.write(others);
    format!("W/\"{:016x}\"", hasher.finish())
}
