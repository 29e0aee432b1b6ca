//! How an error reaches the client: a status, a stable code and a sentence. The one place that
//! turns the domain's words into HTTP's. The sentence never holds a path of the server or what the
//! system said; the log does.

use std::borrow::Cow;

use serde_json::json;

use crate::error::Error;
use crate::http::response::Response;

/// The answer for an error: `{"error":{"code","message"}}`.
pub fn refusal(error: &Error) -> Response {
    let (status, code, message) = terms(error);
    let body = json!({ "error": { "code": code, "message": message } });
    let response = Response::json(status, &body);
    match error {
        Error::MethodNotAllowed(allow) => response.with("Allow", *allow),
        Error::BadRange { size } => response.with("Content-Range", format!("bytes */{size}")),
        Error::Busy { retry_after_s } | Error::TooManyTries { retry_after_s } => {
            response.with("Retry-After", retry_after_s.to_string())
        }
        _ => response,
    }
}

fn terms(error: &Error) -> (u16, &'static str, Cow<'static, str>) {
    let (status, code, message) = match error {
        Error::BadRequest(text) => return (400, "bad_request", text.clone()),
        Error::BadName(text) => (400, "bad_name", *text),
        Error::Disconnected => (400, "bad_request", "The request ended before its body did."),
        Error::Unauthorized => (401, "unauthorized", "Sign in with a name and a password."),
        Error::Forbidden(text) => (403, "forbidden", *text),
        Error::NotFound => (404, "not_found", "Nothing stands at that path."),
        Error::MethodNotAllowed(_) => (405, "method_not_allowed", "That cannot be done here."),
        Error::Timeout => (408, "timeout", "The request took too long to arrive."),
        Error::Exists => (409, "exists", "Something stands at that path already."),
        Error::Conflict(text) => (409, "conflict", *text),
        Error::Gone => (410, "gone", "That upload has ended."),
        Error::LengthRequired => (
            411,
            "length_required",
            "Send Content-Length, or a chunked body.",
        ),
        Error::PreconditionFailed => (
            412,
            "precondition_failed",
            "The file is not as the request expects it.",
        ),
        Error::TooLarge(text) => (413, "too_large", *text),
        Error::UriTooLong => (414, "uri_too_long", "The request target is too long."),
        Error::UnsupportedType(text) => (415, "unsupported_type", *text),
        Error::BadRange { .. } => (416, "bad_range", "The file has no such range."),
        Error::ExpectationFailed => (
            417,
            "expectation_failed",
            "Only 100-continue can be expected.",
        ),
        Error::WrongHost => (
            421,
            "wrong_host",
            "This server does not go by that name; --host NAME would let it.",
        ),
        Error::TooManyTries { .. } => (429, "too_many_tries", "Wrong too often; wait a minute."),
        Error::TooManyHeaders => (
            431,
            "too_many_headers",
            "The head of the request is too large.",
        ),
        Error::ChecksumMismatch => (
            460,
            "checksum_mismatch",
            "The piece does not have the checksum it was sent with.",
        ),
        Error::Io { .. } => (
            500,
            "internal",
            "The server could not do that; its log says why.",
        ),
        Error::NotImplemented(text) => (501, "not_implemented", *text),
        Error::Busy { .. } => (
            503,
            "busy",
            "The server cannot do that now; try again shortly.",
        ),
        Error::BadVersion => (
            505,
            "bad_version",
            "Only HTTP/1.0 and HTTP/1.1 are spoken here.",
        ),
        Error::NoSpace => (507, "no_space", "There is not enough room on the disk."),
    };
    (status, code, message.into())
}
