//! Which pages may make a browser do something here. Those of this server may; a page of the web
//! cannot change anything (it would do so with the network, or the account, of whoever reads it),
//! and it cannot read anything either, unless `--cors` names its origin.
//!
//! What is no browser sends none of these fields and is not held up.

use crate::config::Origin;
use crate::error::{Error, Result};
use crate::http::method::Method;
use crate::http::request::Request;
use crate::http::response::Response;

/// How long a browser may keep the answer to a preflight; Chromium keeps none for longer.
const PREFLIGHT_S: &str = "7200";
/// What of an answer a page of another origin may see beyond what every page may.
const EXPOSED: &str = "Accept-Ranges, Allow, Content-Disposition, Content-Length, Content-Range, \
    ETag, Livedrop-Event, Livedrop-Free, Livedrop-Path, Livedrop-Undo, Location, Retry-After, \
    Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, \
    Upload-Defer-Length, Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset, \
    WWW-Authenticate";

/// The origins that may use the server beside its own.
#[derive(Debug)]
pub(crate) struct Origins(Vec<Origin>);

impl Origins {
    /// Those given by `--cors`.
    pub(crate) fn new(given: &[Origin]) -> Origins {
        Origins(given.to_vec())
    }

    /// Refuses a request by which a page from elsewhere would change something.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(super) fn check(&self, request: &Request<'_>) -> Result<()> {
        if is_safe(request.method()) || self.allowed(request).is_some() {
            return Ok(());
        }
        let site = request.field("Sec-Fetch-Site");
        let is_ours = match request.field("Origin") {
            Some(origin) => {
                let host = request.host().unwrap_or_default();
                let origin = origin.parse::<Origin>();
                // What parses as none, `null` among it, is a stranger's.
                origin.is_ok_and(|origin| origin.is_at(&host))
            }
            None => true,
        };
        match is_ours && site.as_deref() != Some("cross-site") {
            true => Ok(()),
            false => Err(Error::Forbidden(
                "A page of another origin cannot change anything here.",
            )),
        }
    }

    /// The answer to a browser that asks whether a page may send a request (Fetch, section 3.2.2);
    /// None for what is no such question, or comes from an origin that may not.
    pub(super) fn preflight(&self, request: &Request<'_>, allow: &'static str) -> Option<Response> {
        if request.method() != Method::Options {
            return None;
        }
        request.field("Access-Control-Request-Method")?;
        self.allowed(request)?;
        let mut response = Response::empty(204)
            .with("Access-Control-Allow-Methods", allow)
            .with("Access-Control-Max-Age", PREFLIGHT_S);
        if let Some(fields) = request.field("Access-Control-Request-Headers") {
            response = response.with("Access-Control-Allow-Headers", fields.into_owned());
        }
        if request
            .field("Access-Control-Request-Private-Network")
            .is_some()
        {
            response = response.with("Access-Control-Allow-Private-Network", "true");
        }
        Some(response)
    }

    /// Lets a page of an allowed origin read an answer.
    pub(super) fn share(&self, request: &Request<'_>, response: Response) -> Response {
        if self.0.is_empty() {
            return response;
        }
        // What is kept for one origin is not for another.
        let response = response.with("Vary", "Origin");
        match self.allowed(request) {
            Some(origin) => response
                .with("Access-Control-Allow-Origin", origin.to_string())
                .with("Access-Control-Allow-Credentials", "true")
                .with("Access-Control-Expose-Headers", EXPOSED),
            None => response,
        }
    }

    fn allowed(&self, request: &Request<'_>) -> Option<&Origin> {
        let origin: Origin = request.field("Origin")?.parse().ok()?;
        self.0.iter().find(|allowed| **allowed == origin)
    }
}

/// Whether a method only asks (RFC 9110, section 9.2.1).
fn is_safe(method: Method) -> bool {
    matches!(method, Method::Get | Method::Head | Method::Options)
}
