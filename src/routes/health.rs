//! `GET /health`: whether the server can take and serve files.

use std::ops::ControlFlow;

use crate::error::{Error, Result};
use crate::http::request::Request;
use crate::http::response::{Payload, Response};
use crate::routes::App;
use crate::storage::RelPath;

/// How soon to ask again, in seconds.
const RETRY_AFTER_S: u32 = 10;

/// 200 `ok` while the shared folder is there, else 503.
pub(super) fn report(app: &App, _request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    match app.share.list(&RelPath::root(), |_| ControlFlow::Break(())) {
        Ok(_) => Ok(
            Response::new(200, "text/plain", Payload::Bytes(b"ok\n"[..].into()))
                .with("Cache-Control", "no-store"),
        ),
        Err(_) => Err(Error::Busy {
            retry_after_s: RETRY_AFTER_S,
        }),
    }
}
