//! A handler as nobody should write one: it opens whatever path it is asked for. Only the unit tests
//! of the library are built with it, to show that a process which is confined is safe from it.

use crate::error::{Error, Result};
use crate::http::request::Request;
use crate::http::response::{Payload, Response};
use crate::routes::App;

/// The bytes of any file of the machine.
pub(super) fn read(_app: &App, _request: &mut Request<'_>, rest: &str) -> Result<Response> {
    let path = format!("/{rest}");
    let bytes = std::fs::read(&path).map_err(|e| Error::io("open", path, e))?;
    Ok(Response::new(
        200,
        "text/plain",
        Payload::Bytes(bytes.into()),
    ))
}
