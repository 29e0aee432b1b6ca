//! `GET /download/<path>`: a file to be saved rather than shown.

use crate::error::{Error, Result};
use crate::http::disposition;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::routes::representation::represent;
use crate::routes::{App, existing};
use crate::storage::Stored;

/// The same bytes as below `/files`, as an attachment under the file's own name.
pub(super) fn attachment(app: &App, request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let path = existing(rest)?;
    match app.share.read(&path)? {
        Stored::Folder => Err(Error::NotImplemented("Folders cannot be downloaded yet.")),
        Stored::File(file) => {
            let name = disposition::attachment(path.name().as_encoded_bytes());
            represent(request, &path, file, name)
        }
    }
}
