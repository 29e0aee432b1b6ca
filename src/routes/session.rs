//! Who sends a request, by the cookie of the page or by HTTP Basic (RFC 7617), and
//! `POST`, `DELETE /api/session`: the page's own signing in and out.
//!
//! What a password is held against, and how long a wrong one takes, is for `access`.

use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Value, json};

use crate::access::{SESSION_S, Session};
use crate::config::{Grants, Visitor};
use crate::error::{Error, Result};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::target;
use crate::routes::App;

/// Bytes of a sign-in: a name, a password, and what is round them.
const SIGN_IN_BYTES_MAX: u64 = 4 << 10;
/// Credentials with or without their padding: clients differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Who sends a request to what is open to everybody: nobody is asked, and nobody has to wait. Where
/// there are accounts, whoever is not known has no rights.
pub(super) fn recognise(app: &App, request: &Request<'_>) -> Visitor {
    if app.door.is_open() {
        return Visitor::anybody(app.grants);
    }
    let by_password = || {
        let (name, password) = basic(&request.field("Authorization")?)?;
        app.door.recall(&name, &password)
    };
    let session = current(app, request).map(|session| session.account);
    let account = session.or_else(by_password);
    let known = account.and_then(|account| visitor(app, account).ok());
    known.unwrap_or(Visitor::anybody(Grants::NONE))
}

/// Finds out who sends a request.
///
/// # Errors
/// `Unauthorized` for nobody, and as `access::Door::check`.
pub(super) fn identify(app: &App, request: &Request<'_>) -> Result<Visitor> {
    if app.door.is_open() {
        return Ok(Visitor::anybody(app.grants));
    }
    if let Some(session) = current(app, request) {
        return visitor(app, session.account);
    }
    let field = request.field("Authorization").ok_or(Error::Unauthorized)?;
    let (name, password) = basic(&field).ok_or(Error::Unauthorized)?;
    let account = app.door.check(&name, &password, request.peer)?;
    visitor(app, account)
}

fn visitor(app: &App, account: usize) -> Result<Visitor> {
    let account = app.door.account(account).ok_or(Error::Unauthorized)?;
    Ok(Visitor {
        account: Some(Arc::clone(&account.name)),
        grants: app.grants.and(account.role.grants()),
    })
}

/// The session that a request belongs to.
pub(super) fn current(app: &App, request: &Request<'_>) -> Option<Arc<Session>> {
    let token = token(request)?;
    app.door.sessions.find(&token, Instant::now())
}

/// Name and password out of a field `Authorization`.
fn basic(field: &str) -> Option<(String, Vec<u8>)> {
    let (scheme, credentials) = field.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let mut name = BASE64.decode(credentials.trim()).ok()?;
    let colon = name.iter().position(|byte| *byte == b':')?;
    let password = name.split_off(colon + 1);
    name.pop();
    Some((String::from_utf8(name).ok()?, password))
}

/// Signs in: JSON or a form with `name` and `password`.
pub(super) fn sign_in(app: &App, request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    if app.door.is_open() {
        return Err(Error::NotFound);
    }
    let (name, password) = credentials(request)?;
    let (token, session) = app.door.sign_in(&name, &password, request.peer)?;
    let visitor = visitor(app, session.account)?;
    let response = match request.accepts("Accept", "text/html") {
        true => Response::empty(303)
            .with("Location", format!("{}/", app.base))
            .with("Cache-Control", "no-store"),
        false => Response::json(200, &account(&visitor)),
    };
    Ok(with_cookie(app, request, response, token.text(), SESSION_S))
}

/// Signs out. Who has not signed in is signed out already.
pub(super) fn sign_out(app: &App, request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    if let Some(token) = token(request) {
        app.door.sessions.end(&token);
    }
    let response = Response::empty(204).with("Cache-Control", "no-store");
    Ok(with_cookie(app, request, response, "", 0))
}

/// An account as its own page is told of it; null where there are none.
pub(super) fn account(visitor: &Visitor) -> Value {
    match &visitor.account {
        Some(name) => json!({ "name": **name, "role": role(visitor.grants) }),
        None => Value::Null,
    }
}

/// The role that comes nearest to what may be done.
fn role(grants: Grants) -> &'static str {
    use crate::config::Right::{Change, Create, Read};
    match [Read, Create, Change].map(|right| grants.has(right)) {
        [_, _, true] => "rw",
        [true, ..] => "ro",
        [false, true, _] => "drop",
        [false, false, _] => "none",
    }
}

fn credentials(request: &mut Request<'_>) -> Result<(String, Vec<u8>)> {
    let wrong = || Error::BadRequest("Sign in with \"name\" and \"password\".".into());
    let too_large = || Error::TooLarge("A name and a password are not that long.");
    if request.body.declared_bytes() > Some(SIGN_IN_BYTES_MAX) {
        return Err(too_large());
    }
    let media_type = request.field("Content-Type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Error::UnsupportedType(
            "Sign in by a form, application/x-www-form-urlencoded.",
        ));
    }
    let mut body = Vec::new();
    let mut limited = (&mut request.body).take(SIGN_IN_BYTES_MAX + 1);
    limited.read_to_end(&mut body).map_err(Error::from_body)?;
    if body.len() as u64 > SIGN_IN_BYTES_MAX {
        return Err(too_large());
    }
    let form = std::str::from_utf8(&body).map_err(|_| wrong())?;
    let value = |key| {
        target::query_value(form, key)
            .ok()
            .flatten()
            .ok_or_else(wrong)
    };
    let name = String::from_utf8(value("name")?).map_err(|_| wrong())?;
    Ok((name, value("password")?))
}

/// The token in the cookie of this server, if the request has one.
fn token(request: &Request<'_>) -> Option<String> {
    request.cookie(&cookie_name(request))
}

/// Cookies ignore ports, so that servers on two ports of a machine would sign each other out: the
/// name holds the port as the browser knows it, or else the one that was connected to.
fn cookie_name(request: &Request<'_>) -> String {
    let host = request.host().unwrap_or_default();
    let named = host.rsplit_once(':').map(|(_, port)| port);
    let named = named.and_then(|port| port.parse::<u16>().ok());
    let connected = || {
        let local = rustix::net::getsockname(request.socket).ok()?;
        SocketAddr::try_from(local)
            .ok()
            .map(|address| address.port())
    };
    match named.or_else(connected) {
        Some(port) => format!("livedrop-{port}"),
        None => "livedrop".to_owned(),
    }
}

fn with_cookie(
    app: &App,
    request: &Request<'_>,
    response: Response,
    token: &str,
    age_s: u64,
) -> Response {
    let (name, base) = (cookie_name(request), &app.base);
    let secure = if request.is_secure { "; Secure" } else { "" };
    let cookie =
        format!("{name}={token}; Path={base}/; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}");
    response.with("Set-Cookie", cookie)
}

/// Says how to sign in, to whom was refused for want of it. A browser that is told of Basic shows a
/// dialog of its own, which would stand before the page's form: what the page sends by itself is
/// told of another scheme. It says so by a field, by where it comes from, or by what it is.
pub(super) fn challenge(app: &App, request: &Request<'_>, response: Response) -> Response {
    if response.status != 401 {
        return response;
    }
    let path = app.base.strip(request.path()).unwrap_or_default();
    let is_from_page = request.field("Livedrop-Page").is_some()
        || request.field("Sec-Fetch-Site").as_deref() == Some("same-origin")
        || ["/events", "/api/session"].contains(&path.trim_end_matches('/'))
        || is_referred_by_page(request);
    response.with(
        "WWW-Authenticate",
        match is_from_page {
            true => "Livedrop realm=\"livedrop\"",
            false => "Basic realm=\"livedrop\", charset=\"UTF-8\"",
        },
    )
}

/// Whether a page of this server leads to a request, such as an image in it.
fn is_referred_by_page(request: &Request<'_>) -> bool {
    let Some(referer) = request.field("Referer") else {
        return false;
    };
    let host = request.host().unwrap_or_default();
    let origin = referer.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let origin = origin.parse::<crate::config::Origin>();
    origin.is_ok_and(|origin| origin.is_at(&host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_password_come_out_of_the_field() {
        for (field, found) in [
            ("Basic YW5uOnNlY3JldA==", Some(("ann", &b"secret"[..]))),
            ("basic YW5uOnNlY3JldA", Some(("ann", b"secret"))),
            // "ann:a:b"
            ("Basic YW5uOmE6Yg==", Some(("ann", b"a:b"))),
            // ":", "ann", "", bytes that are no UTF-8 in the password and in the name.
            ("Basic Og==", Some(("", b""))),
            ("Basic YW5u", None),
            ("Basic ", None),
            ("Basic", None),
            ("Basic YTr/", Some(("a", b"\xff"))),
            ("Basic /zph", None),
            ("Bearer YW5uOnNlY3JldA==", None),
            ("Basic %%%", None),
        ] {
            let read = basic(field);
            let read = read
                .as_ref()
                .map(|(name, password)| (name.as_str(), &password[..]));
            assert_eq!(read, found, "{field}");
        }
    }
}
