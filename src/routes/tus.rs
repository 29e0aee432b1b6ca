//! `/uploads[/<id>]`: uploads that come in pieces and survive whatever happens in between, by
//! tus 1.0.0 (<https://tus.io/protocols/resumable-upload>).
//!
//! The bytes and the record of each are the store's (`storage::Partial`); who may write is decided
//! by `claims`. Here a request is read, held against the protocol, and told.

mod wish;

use std::io::Read;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::http::conditional::http_date;
use crate::http::method::Method;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::target;
use crate::http::tus::{ALGORITHMS, Checksum, EXTENSIONS, VERSION, number};
use crate::routes::claims::Claim;
use crate::routes::form::within;
use crate::routes::transfers::Transfer;
use crate::routes::tus::wish::{Piece, missing, plan};
use crate::routes::{App, files};
use crate::storage::{Partial, Published, RelPath};

/// Bytes after which what has come is made certain, while more comes.
const COMMIT_BYTES: u64 = 64 << 20;
/// Uploads that may be unfinished at a time: each costs two files and a line of the status.
const UNFINISHED_MAX: usize = 10_000;

/// What the server can do (OPTIONS).
pub(super) fn options(app: &App, _request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    let response = Response::empty(204)
        .with("Tus-Version", VERSION)
        .with("Tus-Extension", EXTENSIONS)
        .with("Tus-Checksum-Algorithm", ALGORITHMS);
    Ok(match app.limits.upload_bytes_max {
        Some(max) => response.with("Tus-Max-Size", max.to_string()),
        None => response,
    })
}

/// Begins an upload; with `X-HTTP-Method-Override`, what that says instead.
pub(super) fn post(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let instead = request.field("X-HTTP-Method-Override");
    match instead.as_deref().map(Method::from_token) {
        None | Some(Method::Post) => create(app, request, rest),
        Some(Method::Patch) => append(app, request, rest),
        Some(Method::Delete) => terminate(app, request, rest),
        Some(Method::Head) => tell(app, request, rest),
        Some(Method::Options) => options(app, request, rest),
        Some(_) => Err(Error::MethodNotAllowed(super::TUS_METHODS)),
    }
}

fn create(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    check_version(request)?;
    if !rest.is_empty() {
        return Err(Error::MethodNotAllowed(super::TUS_METHODS));
    }
    let plan = plan(app, request)?;
    let has_piece = request.body.declared_bytes() != Some(0);
    let piece = has_piece.then(|| Piece::read(request)).transpose()?;
    if app.transfers.paused_count() >= UNFINISHED_MAX {
        return Err(Error::Busy { retry_after_s: 60 });
    }
    if let (
        Some(Piece {
            declared: Some(n), ..
        }),
        Some(length),
    ) = (&piece, plan.length)
        && *n > length
    {
        return Err(too_long());
    }
    let mut partial = app.share.begin_partial(plan)?;
    let id = partial.id().to_owned();
    let claim = app.claims.take(&id, Some(request.socket))?;
    let transfer = begin_transfer(app, &partial);
    let location = format!("{}/uploads/{id}", app.base);
    let mut response = Response::empty(201).with("Location", location);
    let begun = match piece {
        Some(piece) => take(app, request, &claim, &mut partial, transfer, piece),
        None if partial.is_whole() => finish(app, request, &mut partial, transfer),
        None => {
            transfer.pause();
            Ok(None)
        }
    };
    match begun {
        Ok(published) => response = with_published(response, published),
        Err(e) => {
            // Its id is told nobody, so that nobody could go on with it.
            partial.remove()?;
            app.transfers.forget(&app.hub, &id);
            return Err(e);
        }
    }
    if has_piece {
        response = response.with("Upload-Offset", partial.offset().to_string());
    }
    Ok(response.with("Upload-Expires", expiry(&partial)))
}

/// Where an upload is (HEAD).
pub(super) fn tell(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    check_version(request)?;
    if request.method() == Method::Get {
        return Err(Error::MethodNotAllowed(super::TUS_METHODS));
    }
    let _claim = app.claims.take(rest, None)?;
    let partial = open(app, request, rest)?;
    let mut response = Response::empty(200)
        .with("Cache-Control", "no-store")
        .with("Upload-Offset", partial.offset().to_string())
        .with("Upload-Expires", expiry(&partial));
    response = match partial.length() {
        Some(length) => response.with("Upload-Length", length.to_string()),
        None => response.with("Upload-Defer-Length", "1"),
    };
    if !partial.metadata().is_empty() {
        response = response.with("Upload-Metadata", partial.metadata().to_owned());
    }
    Ok(with_path(response, partial.finished()))
}

/// Appends a piece (PATCH).
pub(super) fn append(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    check_version(request)?;
    let offset = request.field("Upload-Offset");
    let offset = number(&offset.ok_or_else(|| missing("Upload-Offset"))?)?;
    let piece = Piece::read(request)?;
    let claim = app.claims.take(rest, Some(request.socket))?;
    let mut partial = open(app, request, rest)?;
    if offset != partial.offset() {
        return Err(Error::Conflict("Upload-Offset is not the upload's offset."));
    }
    if let Some(length) = request.field("Upload-Length") {
        let length = number(&length)?;
        files::check_size(app, length)?;
        partial.set_length(length)?;
    }
    let most = partial.length().map(|length| length - offset);
    if let (Some(declared), Some(most)) = (piece.declared, most)
        && declared > most
    {
        return Err(too_long());
    }
    if let Some(path) = partial.finished() {
        return match piece.declared {
            Some(0) => Ok(with_path(Response::empty(204), Some(path))
                .with("Upload-Offset", offset.to_string())
                .with("Upload-Expires", expiry(&partial))),
            _ => Err(too_long()),
        };
    }
    let transfer = begin_transfer(app, &partial);
    let published = take(app, request, &claim, &mut partial, transfer, piece)?;
    Ok(with_published(Response::empty(204), published)
        .with("Upload-Offset", partial.offset().to_string())
        .with("Upload-Expires", expiry(&partial)))
}

/// Gives an upload up (DELETE).
pub(super) fn terminate(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    check_version(request)?;
    let _claim = app.claims.take(rest, None)?;
    let partial = open(app, request, rest)?;
    let is_finished = partial.finished().is_some();
    partial.remove()?;
    app.claims.end(rest);
    if !is_finished {
        app.transfers.forget(&app.hub, rest);
    }
    Ok(Response::empty(204))
}

/// Removes what has expired; those at work have yet to.
pub(crate) fn sweep(app: &App, now: SystemTime) -> Result<()> {
    let now_s = unix_s(now);
    for upload in app.share.partials()? {
        if upload.expires_s > now_s || app.claims.is_taken(&upload.id) {
            continue;
        }
        let Ok(_claim) = app.claims.take(&upload.id, None) else {
            continue;
        };
        app.share.remove_partial(&upload.id)?;
        app.claims.end(&upload.id);
        if !upload.is_finished {
            app.transfers.forget(&app.hub, &upload.id);
        }
    }
    Ok(())
}

/// Makes known what an earlier run left unfinished.
pub(crate) fn recall(app: &App) -> Result<()> {
    app.share.sweep_partials();
    let uploads = app.share.partials()?;
    for upload in uploads.into_iter().filter(|upload| !upload.is_finished) {
        let path = upload.path.to_string();
        let owner = upload.owner.map(Into::into);
        app.transfers
            .recall(upload.id, owner, path, upload.offset, upload.length);
    }
    Ok(())
}

/// Takes a piece in, and publishes the file when it is the last. What has come of one that breaks
/// off is kept, unless only its checksum could have told whether it is right.
fn take(
    app: &App,
    request: &mut Request<'_>,
    claim: &Claim<'_>,
    partial: &mut Partial<'_>,
    mut transfer: Transfer<'_>,
    piece: Piece,
) -> Result<Option<Published>> {
    let mut checksum = piece.checksum;
    let received = receive(app, request, claim, partial, &mut transfer, &mut checksum);
    let keeps = match (&received, checksum) {
        (Ok(()), Some(checksum)) => checksum.holds(),
        (Ok(()), None) => true,
        (Err(Error::TooLarge(_)), _) => false,
        (Err(_), checksum) => checksum.is_none(),
    };
    let kept = match keeps {
        true => partial.commit(expires_s(app)),
        false => partial.discard(),
    };
    if let Err(e) = kept.and(received) {
        transfer.pause_at(partial.offset());
        return Err(e);
    }
    if !keeps {
        transfer.pause_at(partial.offset());
        return Err(Error::ChecksumMismatch);
    }
    if partial.is_whole() {
        return finish(app, request, partial, transfer);
    }
    transfer.pause();
    Ok(None)
}

fn receive(
    app: &App,
    request: &mut Request<'_>,
    claim: &Claim<'_>,
    partial: &mut Partial<'_>,
    transfer: &mut Transfer<'_>,
    checksum: &mut Option<Checksum>,
) -> Result<()> {
    let mut block = vec![0; app.limits.transfer_buffer_bytes];
    let mut certain = partial.offset();
    loop {
        let n = request.body.read(&mut block).map_err(Error::from_body)?;
        if n == 0 {
            return Ok(());
        }
        files::check_size(app, partial.offset().saturating_add(n as u64))?;
        partial.write(&block[..n])?;
        transfer.add(n);
        match checksum {
            Some(checksum) => checksum.update(&block[..n]),
            None if partial.offset() - certain >= COMMIT_BYTES => {
                partial.commit(expires_s(app))?;
                certain = partial.offset();
            }
            None => {}
        }
        if claim.is_over() {
            return Err(Error::Conflict(
                "Another request has taken this upload over.",
            ));
        }
    }
}

/// Publishes an upload that is whole. Where that cannot be, the bytes wait for another try.
fn finish(
    app: &App,
    request: &Request<'_>,
    partial: &mut Partial<'_>,
    transfer: Transfer<'_>,
) -> Result<Option<Published>> {
    // It may have been begun when more was allowed.
    partial.set_on_conflict(within(request, partial.on_conflict()));
    match partial.publish(|_| Ok(())) {
        Ok(change) => {
            let published = files::publish_files(app, change);
            transfer.done();
            Ok(published.into_iter().next())
        }
        Err(e) => {
            transfer.pause();
            Err(e)
        }
    }
}

fn begin_transfer<'a>(app: &'a App, partial: &Partial<'_>) -> Transfer<'a> {
    let (id, path) = (partial.id().to_owned(), partial.target().to_string());
    let owner = partial.owner().map(Into::into);
    let (offset, length) = (partial.offset(), partial.length());
    app.transfers
        .go_on(&app.hub, id, owner, path, offset, length)
}

fn open<'a>(app: &'a App, request: &Request<'_>, id: &str) -> Result<Partial<'a>> {
    match app.share.open_partial(id) {
        Ok(partial) if !is_own(request, &partial) => Err(Error::NotFound),
        Err(Error::NotFound) if app.claims.has_ended(id) => Err(Error::Gone),
        Ok(partial) if partial.expires_s() <= unix_s(SystemTime::now()) => {
            let is_finished = partial.finished().is_some();
            partial.remove()?;
            app.claims.end(id);
            if !is_finished {
                app.transfers.forget(&app.hub, id);
            }
            Err(Error::Gone)
        }
        other => other,
    }
}

/// Where there are accounts, an upload is nobody's but of the one that began it.
fn is_own(request: &Request<'_>, partial: &Partial<'_>) -> bool {
    let both = request.visitor.account.as_deref().zip(partial.owner());
    both.is_none_or(|(account, owner)| account == owner)
}

/// Every request but OPTIONS says which version it speaks.
fn check_version(request: &Request<'_>) -> Result<()> {
    match request.field("Tus-Resumable").as_deref() {
        Some(VERSION) => Ok(()),
        Some(_) | None => Err(Error::PreconditionFailed),
    }
}

/// What every answer carries, refusals too.
pub(super) fn with_version(response: Response) -> Response {
    let response = response.with("Tus-Resumable", VERSION);
    match response.status {
        412 => response.with("Tus-Version", VERSION),
        _ => response,
    }
}

/// What the answer to the last piece says of the file.
fn with_published(response: Response, published: Option<Published>) -> Response {
    let response = with_path(response, published.as_ref().map(|file| &file.path));
    files::with_undo(response, published.and_then(|file| file.undo))
}

fn with_path(response: Response, path: Option<&RelPath>) -> Response {
    match path {
        Some(path) => response.with("Livedrop-Path", target::encode_path(path.as_bytes())),
        None => response,
    }
}

fn too_long() -> Error {
    Error::TooLarge("The piece goes beyond Upload-Length.")
}

pub(super) fn expires_s(app: &App) -> u64 {
    unix_s(SystemTime::now()).saturating_add(app.limits.uploads_keep_s)
}

fn expiry(partial: &Partial<'_>) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(partial.expires_s()));
    http_date(time.unwrap_or(UNIX_EPOCH))
}

fn unix_s(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
