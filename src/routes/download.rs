//! `GET /download/<path>`: a file to be saved rather than shown; a folder as one file.

use crate::error::Result;
use crate::http::disposition;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::routes::archive::archive;
use crate::routes::representation::represent;
use crate::routes::{App, existing};
use crate::storage::Stored;

/// The same bytes as below `/files`, as an attachment under the file's own name; of a folder, all
/// that it holds.
pub(super) fn attachment(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let path = existing(rest)?;
    match app.share.read(&path)? {
        Stored::Folder => archive(app, request, path, None),
        Stored::File(file) => {
            let name = disposition::attachment(path.name().as_encoded_bytes()).into();
            represent(request, &path, file, name)
        }
    }
}
