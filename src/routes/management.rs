//! `MKCOL`, `MOVE` and `COPY` of `/files/<path>`, and `POST /api/undo/<token>`: managing what
//! stands in the share, with the words of WebDAV (RFC 4918).

use serde_json::json;

use crate::error::{Error, Result};
use crate::events::Event;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::routes::{App, FILES_METHODS, existing, files, kind_of_event, publish_folders};
use crate::storage::{Change, Depth, Facts, Kind, Placed, RelPath, Removed, Undone};

/// The field that carries the token which takes a change back.
pub(super) const UNDO: &str = "Livedrop-Undo";

/// Makes a folder.
pub(super) fn make_folder(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let path = super::new_path(rest)?;
    if request.body.declared_bytes() != Some(0) {
        return Err(Error::UnsupportedType("MKCOL takes no body."));
    }
    let change = app.share.make_folder(&path).map_err(|e| match e {
        Error::Exists => Error::MethodNotAllowed(FILES_METHODS),
        other => other,
    })?;
    app.hub.publish(Event::Folder {
        path: path.to_string(),
    });
    drop(change);
    Ok(Response::empty(201))
}

/// Moves a file, or a folder with what it holds.
pub(super) fn relocate(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let from = source(rest)?;
    let to = destination(app, request)?;
    let overwrite = overwrite(request)?;
    check_depth(request, &["infinity"])?;
    let permit = |path: &RelPath| files::require(app, request, path);
    check_slash(app, &from, &to)?;
    let change = app
        .share
        .relocate(&from, &to.path, overwrite, permit)
        .map_err(refused)?;
    app.hub.publish(Event::Move {
        from: from.to_string(),
        path: to.path.to_string(),
        kind: kind_of_event(change.what.facts.kind),
        undo: undo_of(&change),
    });
    Ok(finish(change))
}

/// Copies a file, or a folder with what it holds.
pub(super) fn duplicate(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let from = source(rest)?;
    let to = destination(app, request)?;
    let overwrite = overwrite(request)?;
    let depth = match check_depth(request, &["0", "infinity"])?.as_deref() {
        Some("0") => Depth::Zero,
        _ => Depth::Infinity,
    };
    let permit = |path: &RelPath| files::require(app, request, path);
    check_slash(app, &from, &to)?;
    let change = app
        .share
        .duplicate(&from, &to.path, overwrite, depth, permit)
        .map_err(refused)?;
    let replaced = change.what.replaced.as_ref();
    let old = replaced.map(|old| (old.kind, old.undo.clone()));
    publish_arrival(app, &to.path, &change.what.facts, old);
    Ok(finish(change))
}

/// Brings back what a delete or a replace took away.
pub(super) fn undo(app: &App, _request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let change = app.share.undo(rest)?;
    publish_folders(app, &change.folders);
    let Undone {
        path,
        facts,
        undo,
        replaced,
    } = &change.what;
    let old = replaced.map(|kind| (kind, undo.clone()));
    publish_arrival(app, path, facts, old);
    let response = Response::json(200, &json!({ "path": path.to_string() }));
    Ok(files::with_undo(response, undo.clone()))
}

/// Tells that something stands at a path now, in the place of what was there.
fn publish_arrival(app: &App, path: &RelPath, facts: &Facts, old: Option<(Kind, Option<String>)>) {
    let (size, modified) = (facts.size, facts.modified_ms());
    let path = path.to_string();
    match (facts.kind, old) {
        (Kind::File, Some((Kind::File, undo))) => {
            app.hub.publish(Event::Update {
                path,
                size,
                modified,
                undo,
            });
        }
        (kind, old) => {
            if let Some((kind, undo)) = old {
                app.hub.publish(Event::Delete {
                    path: path.clone(),
                    kind: kind_of_event(kind),
                    undo,
                });
            }
            match kind {
                Kind::File => drop(app.hub.publish(Event::Upload {
                    path,
                    size,
                    modified,
                })),
                Kind::Folder => drop(app.hub.publish(Event::Folder { path })),
                // No event has a word for the rest.
                Kind::Link | Kind::Other => app.hub.reset(),
            }
        }
    }
}

/// Lets others change those folders again, and clears away what is over.
fn finish(change: Change<'_, Placed>) -> Response {
    let undo = undo_of(&change);
    let placed = change.finish();
    let status = if placed.replaced.is_some() { 204 } else { 201 };
    let old = placed.replaced.and_then(|old| old.rest);
    old.into_iter().chain(placed.rest).for_each(|it| it.clear());
    files::with_undo(Response::empty(status), undo)
}

fn undo_of(change: &Change<'_, Placed>) -> Option<String> {
    let replaced: Option<&Removed> = change.what.replaced.as_ref();
    replaced.and_then(|old| old.undo.clone())
}

fn refused(error: Error) -> Error {
    match error {
        // RFC 4918, section 10.6.
        Error::Exists => Error::PreconditionFailed,
        other => other,
    }
}

fn source(rest: &str) -> Result<RelPath> {
    let path = existing(rest)?;
    match path.is_root() {
        true => Err(Error::Forbidden(
            "The shared folder itself cannot be moved or copied.",
        )),
        false => Ok(path),
    }
}

/// Where something is to be put.
struct Destination {
    path: RelPath,
    /// Whether it was written as a folder.
    ends_with_slash: bool,
}

/// The field `Destination`: a path of this server, or a URL (RFC 4918, section 10.3).
fn destination(app: &App, request: &Request<'_>) -> Result<Destination> {
    let wrong = |text: &'static str| Error::BadRequest(text.into());
    let field = request.field("Destination");
    let field = field.ok_or_else(|| wrong("Say where to by the field Destination."))?;
    let elsewhere = || wrong("The Destination is not on this server.");
    let path = match field.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            let is_http = ["http", "https"]
                .iter()
                .any(|it| scheme.eq_ignore_ascii_case(it));
            let (authority, _) = rest.split_once('/').ok_or_else(elsewhere)?;
            let host = request.host().unwrap_or_default();
            if !is_http || !is_same_host(authority, &host) {
                return Err(elsewhere());
            }
            &rest[authority.len()..]
        }
        _ => &*field,
    };
    let path = app.base.strip(path).ok_or_else(elsewhere)?;
    let rest = path.strip_prefix("/files/").ok_or_else(elsewhere)?;
    if rest.contains(['?', '#']) {
        return Err(wrong("The Destination is no path of a file."));
    }
    let path = super::new_path(rest)?;
    if path.is_root() {
        return Err(Error::Forbidden(
            "The shared folder itself cannot be replaced.",
        ));
    }
    Ok(Destination {
        path,
        ends_with_slash: rest.ends_with('/'),
    })
}

/// Whether two authorities are the same, the default ports left out or not.
fn is_same_host(one: &str, other: &str) -> bool {
    let plain = |text: &str| {
        let text = text.to_ascii_lowercase();
        let without = text
            .strip_suffix(":80")
            .or_else(|| text.strip_suffix(":443"));
        without.map_or(text.clone(), str::to_owned)
    };
    plain(one) == plain(other)
}

/// A file's name cannot end with a slash.
fn check_slash(app: &App, from: &RelPath, to: &Destination) -> Result<()> {
    let is_folder = || Ok::<_, Error>(app.share.facts(from)?.kind == Kind::Folder);
    match to.ends_with_slash && !is_folder()? {
        true => Err(Error::Conflict("A file's name cannot end with a slash.")),
        false => Ok(()),
    }
}

/// The field `Overwrite` (RFC 4918, section 10.6).
fn overwrite(request: &Request<'_>) -> Result<bool> {
    match request.field("Overwrite").as_deref() {
        None | Some("T" | "t") => Ok(true),
        Some("F" | "f") => Ok(false),
        Some(_) => Err(Error::BadRequest("Overwrite can be T or F.".into())),
    }
}

/// The field `Depth`, where it has one of these values (RFC 4918, section 10.2).
fn check_depth(request: &Request<'_>, allowed: &[&str]) -> Result<Option<String>> {
    let depth = request.field("Depth").map(|it| it.to_ascii_lowercase());
    match depth {
        Some(depth) if !allowed.contains(&depth.as_str()) => {
            Err(Error::BadRequest("That Depth is not possible here.".into()))
        }
        depth => Ok(depth),
    }
}

/// Whether a removal may have the depth that it was asked with (RFC 4918, section 9.6.1).
pub(super) fn check_infinite(request: &Request<'_>) -> Result<()> {
    check_depth(request, &["infinity"]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_the_same_without_their_default_ports() {
        for (one, other, same) in [
            ("nas", "NAS", true),
            ("nas:80", "nas", true),
            ("nas:8080", "nas:8080", true),
            ("nas:8080", "nas", false),
            ("nas", "nas.local", false),
            ("[::1]:80", "[::1]", true),
        ] {
            assert_eq!(is_same_host(one, other), same, "{one} {other}");
        }
    }
}
