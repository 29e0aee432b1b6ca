//! `GET /api/status`: what the server is and how it fares.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::config::Right;
use crate::error::Result;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::routes::{App, session};

/// The report, as JSON.
pub(super) fn report(app: &App, request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    let name = app
        .share
        .path()
        .file_name()
        .unwrap_or(app.share.path().as_os_str());
    // In a drop box there are names in it.
    let running = match request.may(Right::Read) {
        true => app.transfers.unfinished(request.visitor.account.as_deref()),
        false => Vec::new(),
    };
    let uploads: Vec<Value> = running.iter().filter_map(|row| row.parse().ok()).collect();
    Ok(Response::json(
        200,
        &json!({
            "name": name.to_string_lossy(),
            "version": env!("CARGO_PKG_VERSION"),
            "event_id": app.hub.last_id().to_string(),
            "read_only": !request.may(Right::Create),
            "account": session::account(&request.visitor),
            "upload_only": !request.may(Right::Read),
            "upload_bytes_max": app.limits.upload_bytes_max,
            "free_bytes": app.share.free_bytes()?,
            "uploads": uploads,
            "undo_s": app.limits.undo_s,
            "streams": app.hub.subscribers(),
            "panics": app.panics.load(Ordering::Relaxed),
        }),
    ))
}
