//! `/files/<path>`: a file's bytes out, a file's bytes in, and its removal.

use std::io::Read;
use std::time::{Duration, SystemTime};

use crate::config::Right;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::http::conditional::{self, Access, Verdict};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::target;
use crate::routes::management::{UNDO, check_infinite};
use crate::routes::representation::{represent, validators, with_conditions};
use crate::routes::{App, FILES_METHODS, existing, kind_of_event, new_path, publish_folders};
use crate::storage::{Change, OnConflict, Published, RelPath, Rest, Stored};

/// The bytes of a file, inline; for a folder the way to its page.
pub(super) fn read(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let path = existing(rest)?;
    match app.share.read(&path)? {
        Stored::Folder => Ok(to_page(app, &path)),
        Stored::File(file) => represent(request, &path, file, "inline".into()),
    }
}

/// A redirect to the page of a folder.
pub(super) fn to_page(app: &App, folder: &RelPath) -> Response {
    let folder = target::encode_path(folder.as_bytes());
    let location = format!("{}/?dir={folder}", app.base);
    Response::empty(303)
        .with("Location", location)
        .with("Cache-Control", "no-store")
}

/// The body becomes the file.
pub(super) fn put(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let path = new_path(rest)?;
    if path.is_root() {
        return Err(Error::Forbidden(
            "The shared folder itself cannot be replaced.",
        ));
    }
    if rest.ends_with('/') {
        return Err(Error::Conflict("A file's name cannot end with a slash."));
    }
    if request.field("Content-Range").is_some() {
        return Err(Error::BadRequest("A part of a file cannot be put.".into()));
    }
    if request.body.declared_bytes() == Some(0) && request.field("Content-Length").is_none() {
        return Err(Error::LengthRequired);
    }
    // Both what can be known now and what has to be known when the name is taken.
    let permit = |path: &RelPath| permit_put(app, request, path);
    permit(&path)?;
    let declared = request.body.declared_bytes();
    check_size(app, declared.unwrap_or(0))?;
    let modified = modified_field(request)?;
    let mut uploads = app.share.uploads(declared)?;
    uploads.begin(&path, declared)?;
    let owner = request.visitor.account.clone();
    let transfers = &app.transfers;
    let mut transfer = transfers.begin(&app.hub, owner, path.to_string(), declared)?;
    let mut block = vec![0; app.limits.transfer_buffer_bytes];
    loop {
        match request.body.read(&mut block).map_err(Error::from_body)? {
            0 => break,
            n => {
                check_size(app, uploads.size() + n as u64)?;
                uploads.write(&block[..n])?;
                transfer.add(n);
            }
        }
    }
    uploads.finish(modified)?;
    let permit = |path: &RelPath| permit_put(app, request, path);
    // A file that is only to be created takes its name from nobody, whoever comes in between.
    let is_new_only = request.field("If-None-Match").as_deref() == Some("*");
    let change = match (request.may(Right::Change), is_new_only) {
        (false, _) => uploads.publish(OnConflict::Fail, permit).map_err(taken)?,
        (true, true) => match uploads.publish(OnConflict::Fail, permit) {
            Err(Error::Exists) => return Err(Error::PreconditionFailed),
            other => other?,
        },
        (true, false) => uploads.publish(OnConflict::Replace, permit)?,
    };
    let published = publish_files(app, change);
    transfer.done();
    let file = published.first().ok_or(Error::NotFound)?;
    let etag = validators(&file.facts).etag.to_string();
    let response = Response::empty(if file.replaced { 204 } else { 201 }).with("ETag", etag);
    Ok(with_undo(response, file.undo.clone()))
}

/// Removes a file, or a folder with what it holds.
pub(super) fn remove(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let path = existing(rest)?;
    if path.is_root() {
        return Err(Error::Forbidden(
            "The shared folder itself cannot be removed.",
        ));
    }
    check_infinite(request)?;
    let permit = |path: &RelPath| require(app, request, path);
    let change = app.share.remove(&path, permit)?;
    app.hub.publish(Event::Delete {
        path: path.to_string(),
        kind: kind_of_event(change.what.kind),
        undo: change.what.undo.clone(),
    });
    let removed = change.finish();
    // It may be a large tree, and nobody is to wait for that.
    removed.rest.into_iter().for_each(Rest::clear);
    Ok(with_undo(Response::empty(204), removed.undo))
}

/// The way back, for whoever made the change.
pub(super) fn with_undo(response: Response, undo: Option<String>) -> Response {
    match undo {
        Some(token) => response.with(UNDO, token),
        None => response,
    }
}

/// What can be done with a path (OPTIONS).
pub(super) fn options(_app: &App, _request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    Ok(Response::empty(204).with("Allow", FILES_METHODS))
}

/// Tells what was published, in the order of the disk, and lets others change those folders again.
pub(super) fn publish_files(app: &App, change: Change<'_, Vec<Published>>) -> Vec<Published> {
    publish_folders(app, &change.folders);
    for file in &change.what {
        let (path, size) = (file.path.to_string(), file.facts.size);
        let modified = file.facts.modified_ms();
        app.hub.publish(if file.replaced {
            Event::Update {
                path,
                size,
                modified,
                undo: file.undo.clone(),
            }
        } else {
            Event::Upload {
                path,
                size,
                modified,
            }
        });
    }
    change.what
}

/// Refuses a file over the limit.
pub(super) fn check_size(app: &App, bytes: u64) -> Result<()> {
    match app.limits.upload_bytes_max {
        Some(max) if bytes > max => Err(Error::TooLarge("The file is over the server's limit.")),
        _ => Ok(()),
    }
}

/// What somebody hears who may only add, where something stands already.
fn taken(error: Error) -> Error {
    match error {
        Error::Exists => Error::Forbidden("That name is taken, and nothing can be replaced here."),
        other => other,
    }
}

fn permit_put(app: &App, request: &Request<'_>, path: &RelPath) -> Result<()> {
    match app.share.facts(path) {
        Ok(_) if !request.may(Right::Change) => return Err(taken(Error::Exists)),
        Ok(facts) if facts.kind == crate::storage::Kind::Folder => {
            return Err(Error::Conflict("A folder stands at that path."));
        }
        Err(e @ (Error::Conflict(_) | Error::Io { .. } | Error::Busy { .. })) => return Err(e),
        Ok(_) | Err(_) => {}
    }
    require(app, request, path)
}

/// Holds the conditions of a request that changes what stands at a path.
pub(super) fn require(app: &App, request: &Request<'_>, path: &RelPath) -> Result<()> {
    let current = match app.share.facts(path) {
        Ok(facts) => Some(validators(&facts)),
        // That it could not be looked at does not mean that nothing stands there.
        Err(e @ (Error::Io { .. } | Error::Busy { .. })) => return Err(e),
        Err(_) => None,
    };
    let verdict = with_conditions(request, |conditions| {
        conditional::evaluate(conditions, Access::Write, current.as_ref())
    });
    match verdict {
        Verdict::Proceed => Ok(()),
        Verdict::NotModified | Verdict::PreconditionFailed => Err(Error::PreconditionFailed),
    }
}

/// The time that the file is to have: `X-OC-Mtime`, in Unix seconds, else `Last-Modified`.
fn modified_field(request: &Request<'_>) -> Result<Option<SystemTime>> {
    let wrong = |text: &'static str| Error::BadRequest(text.into());
    if let Some(seconds) = request.field("X-OC-Mtime") {
        let seconds = seconds
            .parse()
            .map_err(|_| wrong("X-OC-Mtime is no number of seconds."))?;
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        return time
            .map(Some)
            .ok_or_else(|| wrong("X-OC-Mtime is out of range."));
    }
    let date = request.field("Last-Modified");
    date.map(|date| {
        conditional::parse_date(&date).ok_or_else(|| wrong("Last-Modified is no date."))
    })
    .transpose()
}
