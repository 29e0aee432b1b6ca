//! `POST /upload`: the files of a form, streamed to the disk as they come and published together.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::config::Right;
use crate::error::{Error, Result};
use crate::http::body::Body;
use crate::http::multipart::{Form, boundary};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::routes::transfers::Transfer;
use crate::routes::{App, files};
use crate::storage::{OnConflict, Published, RelPath, Uploads};

/// Longest value of the field `modified`: any number of milliseconds in 64 bits.
const MODIFIED_BYTES_MAX: usize = 20;

/// Takes each part that has a filename as a file of the folder `dir`.
pub(super) fn upload(app: &App, request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    let folder = RelPath::parse(&request.parameter("dir")?.unwrap_or_default())?;
    let on_conflict = on_conflict(request.parameter("on_conflict")?.as_deref())?;
    let on_conflict = within(request, on_conflict);
    let content_type = request.field("Content-Type").unwrap_or_default();
    let boundary = boundary(&content_type)?;
    let declared = request.body.declared_bytes();
    if declared == Some(0) && request.field("Content-Length").is_none() {
        return Err(Error::LengthRequired);
    }
    let is_plain_form = request.accepts("Accept", "text/html");
    let block_bytes = app.limits.transfer_buffer_bytes;
    let owner = request.visitor.account.clone();
    let mut form = Form::new(&mut request.body, &boundary, block_bytes);
    let mut uploads = app.share.uploads(declared)?;
    let transfers = receive(app, owner.as_ref(), &folder, &mut form, &mut uploads)?;
    let change = uploads.publish(on_conflict, |_| Ok(()))?;
    let published = files::publish_files(app, change);
    transfers.into_iter().for_each(Transfer::done);
    if is_plain_form {
        return Ok(files::to_page(app, &folder));
    }
    Ok(Response::json_text(201, rows(&published)))
}

/// What a client wants done where something stands at a name.
pub(super) fn on_conflict(word: Option<&[u8]>) -> Result<OnConflict> {
    match word {
        None | Some(b"rename") => Ok(OnConflict::Rename),
        Some(b"replace") => Ok(OnConflict::Replace),
        Some(b"fail") => Ok(OnConflict::Fail),
        Some(_) => Err(Error::BadRequest(
            "on_conflict can be \"rename\", \"replace\" or \"fail\".".into(),
        )),
    }
}

/// The same as far as the sender may: where nothing can be replaced, both are kept.
pub(super) fn within(request: &Request<'_>, on_conflict: OnConflict) -> OnConflict {
    match on_conflict {
        OnConflict::Replace if !request.may(Right::Change) => OnConflict::Rename,
        other => other,
    }
}

/// What became of each file, as JSON. It is written row by row: values are ten times as large.
fn rows(published: &[Published]) -> String {
    let mut text = String::from("{\"files\":[");
    for (number, file) in published.iter().enumerate() {
        text.push_str(if number == 0 { "" } else { "," });
        text.push_str(&row(file).to_string());
    }
    text + "]}"
}

fn row(file: &Published) -> Value {
    let mut row = json!({ "path": file.path.to_string(), "size": file.facts.size });
    if let Some(wished) = &file.renamed_from {
        row["renamed_from"] = wished.to_string().into();
    }
    if let Some(token) = &file.undo {
        row["undo"] = token.clone().into();
    }
    row
}

/// Brings every file of a form to the disk, under hidden names.
fn receive<'a>(
    app: &'a App,
    owner: Option<&Arc<str>>,
    folder: &RelPath,
    form: &mut Form<&mut Body<'_>>,
    uploads: &mut Uploads<'_>,
) -> Result<Vec<Transfer<'a>>> {
    let mut transfers = Vec::new();
    let mut modified = None;
    while let Some(part) = form.next_part()? {
        match part.filename {
            // A file input that nobody chose a file for.
            Some(filename) if filename.is_empty() && form.data()?.is_empty() => {}
            Some(filename) if filename.is_empty() => {
                return Err(Error::BadRequest("A file in the form has no name.".into()));
            }
            Some(filename) => {
                let target = folder.join_new(&filename)?;
                uploads.begin(&target, None)?;
                let (owner, path) = (owner.cloned(), target.to_string());
                let mut transfer = app.transfers.begin(&app.hub, owner, path, None)?;
                receive_file(app, form, uploads, &mut transfer)?;
                transfers.push(transfer);
                uploads.finish(modified.take())?;
            }
            None if part.name == b"modified" => modified = Some(modified_value(form)?),
            None => {}
        }
    }
    Ok(transfers)
}

fn receive_file(
    app: &App,
    form: &mut Form<&mut Body<'_>>,
    uploads: &mut Uploads<'_>,
    transfer: &mut Transfer<'_>,
) -> Result<()> {
    loop {
        let data = form.data()?;
        if data.is_empty() {
            return Ok(());
        }
        files::check_size(app, uploads.size() + data.len() as u64)?;
        uploads.write(data)?;
        transfer.add(data.len());
    }
}

/// The time of the next file, in Unix milliseconds.
fn modified_value(form: &mut Form<&mut Body<'_>>) -> Result<SystemTime> {
    let wrong = || Error::BadRequest("The field \"modified\" is not a number of ms.".into());
    let mut digits = Vec::new();
    loop {
        let data = form.data()?;
        if data.is_empty() {
            break;
        }
        digits.extend_from_slice(data);
        if digits.len() > MODIFIED_BYTES_MAX {
            return Err(wrong());
        }
    }
    let text = std::str::from_utf8(&digits).map_err(|_| wrong())?;
    let ms: i64 = text.trim().parse().map_err(|_| wrong())?;
    let distance = Duration::from_millis(ms.unsigned_abs());
    let time = if ms < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.ok_or_else(wrong)
}
