//! `GET /api/qr.svg?dir=<folder>`: the page's address for others, as a picture for a phone's camera.
//! The same address, as text, is in the field `Livedrop-Url`.
//!
//! Whoever opened the page by a name or an address of the network gets that; whoever sits at the
//! machine itself, as `localhost`, gets what the network calls it. Nothing is looked up by name.

use std::fmt::Write;
use std::net::IpAddr;

use qrcodegen::{QrCode, QrCodeEcc};

use crate::error::{Error, Result};
use crate::http::request::Request;
use crate::http::response::{Payload, Response};
use crate::http::target;
use crate::lan;
use crate::routes::App;
use crate::storage::RelPath;

/// Modules of white round the code (ISO/IEC 18004, section 9.1).
const QUIET_MODULES: i32 = 4;

/// The picture. A folder whose address is too long for any code gets that of the page.
pub(super) fn picture(app: &App, request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    let folder = RelPath::parse(&request.parameter("dir")?.unwrap_or_default())?;
    let base = base_url(app, request);
    let url = if folder.is_root() {
        base.clone()
    } else {
        format!("{base}?dir={}", target::encode_path(folder.as_bytes()))
    };
    let code = QrCode::encode_text(&url, QrCodeEcc::Medium)
        .or_else(|_| QrCode::encode_text(&base, QrCodeEcc::Medium))
        .map_err(|_| Error::UriTooLong)?;
    let payload = Payload::Bytes(svg(&code).into_bytes().into());
    Ok(Response::new(200, "image/svg+xml", payload)
        .with("Livedrop-Url", url)
        .with("Cache-Control", "no-store"))
}

/// The root's URL as another machine can use it.
fn base_url(app: &App, request: &Request<'_>) -> String {
    let host = request.host().unwrap_or_default().into_owned();
    if !host.is_empty() && !is_loopback(&host) {
        // Only a proxy that ends TLS knows that it did; a client that lies misleads itself.
        let secure = request
            .field("X-Forwarded-Proto")
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let scheme = if secure { "https" } else { "http" };
        return format!("{scheme}://{host}{}/", app.base);
    }
    let known = lan::lan_urls(&app.listeners, &lan::machine_addresses());
    let known = known.into_iter().next();
    let known = known.unwrap_or_else(|| format!("http://{host}/"));
    format!("{}{}/", known.trim_end_matches('/'), app.base)
}

/// Whether a value of Host means the machine that it is typed at.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address: Option<IpAddr> = name.parse().ok();
    address.is_some_and(|ip| ip.is_loopback()) || name.eq_ignore_ascii_case("localhost")
}

/// Black on white whatever the theme, since scanners fail on inverted codes: a run of modules is
/// one stroke.
fn svg(code: &QrCode) -> String {
    let whole = code.size() + 2 * QUIET_MODULES;
    let mut strokes = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = (x..code.size())
                .take_while(|&x| code.get_module(x, y))
                .count();
            let run = i32::try_from(run).unwrap_or_default();
            if run > 0 {
                let (left, top) = (x + QUIET_MODULES, y + QUIET_MODULES);
                // Writing to a string cannot fail.
                let _ = write!(strokes, "M{left} {top}h{run}v1h-{run}z");
            }
            x += run + 1;
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{whole}v{whole}H0z\"/>\
         <path d=\"{strokes}\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_knows_its_own_names() {
        for (host, own) in [
            ("localhost:8080", true),
            ("LocalHost", true),
            ("127.0.0.1:1", true),
            ("127.8.9.1", true),
            ("[::1]:8080", true),
            ("192.168.1.20:8080", false),
            ("[fd00::1]:8080", false),
            ("nas.local", false),
            ("localhost.lan", false),
        ] {
            assert_eq!(is_loopback(host), own, "{host}");
        }
    }
}
