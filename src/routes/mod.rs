//! Floor 2, one short story per URL: parse, ask the store, publish, reply.
//!
//! The table says which URL is told where. A route returns a response or an error; it never fills
//! in one that was handed to it, and it publishes an event only after the store said Ok.

mod archive;
#[cfg(test)]
mod broken;
mod claims;
mod download;
mod events;
mod files;
mod form;
mod health;
mod hosts;
mod list;
mod management;
mod origins;
pub(crate) mod outside;
mod page;
mod plain;
mod qr;
mod representation;
mod search;
mod session;
mod status;
mod transfers;
pub(crate) mod tus;

pub(crate) use events::encode;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::SystemTime;

use crate::access::Door;
use crate::config::{BasePath, Config, Grants, Limits, Proxy, Right};
use crate::error::{Error, Result};
use crate::events::{Event, Hub};
use crate::http::conditional::{self, Access, Conditions, EntityTag, Validators, Verdict};
use crate::http::departures::Departures;
use crate::http::method::Method;
use crate::http::refusal::refusal;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::target;
use crate::log::Log;
use crate::routes::claims::Claims;
use crate::routes::hosts::Hosts;
use crate::routes::origins::Origins;
use crate::routes::transfers::Transfers;
use crate::storage::{Kind, RelPath, Share};

/// What every route can reach.
pub(crate) struct App {
    /// The shared folder.
    pub share: Arc<Share>,
    /// Where changes are told.
    pub hub: Hub,
    /// Who notices that the reader of a stream has gone.
    pub departures: Departures,
    /// The path below which all of it is.
    pub base: BasePath,
    /// The proxies that are believed.
    pub proxies: Vec<Proxy>,
    /// The names it answers to.
    pub hosts: Hosts,
    /// The origins whose pages may use it.
    pub origins: Origins,
    /// Who may come in.
    pub door: Door,
    /// The most that anybody may do.
    pub grants: Grants,
    /// The ceilings.
    pub limits: Limits,
    /// Where the server speaks.
    pub log: Log,
    /// The uploads that are running, or wait for their next piece.
    pub transfers: Transfers,
    /// Listings of folders in which nothing has changed.
    pub listings: list::Kept,
    /// Who writes to uploads that come in pieces.
    pub claims: Claims,
    /// Where it listens, by TCP.
    pub listeners: Vec<SocketAddr>,
    /// Panics that were caught in connections.
    pub panics: AtomicUsize,
}

impl App {
    /// Puts one together.
    ///
    /// # Errors
    /// `Io` when the system has no random bytes.
    pub(crate) fn new(
        share: Share,
        hub: Hub,
        departures: Departures,
        config: &Config,
        log: Log,
    ) -> Result<App> {
        Ok(App {
            share: Arc::new(share),
            hub,
            departures,
            base: config.base_path.clone(),
            proxies: config.proxies.clone(),
            hosts: Hosts::new(&config.hosts),
            origins: Origins::new(&config.cors),
            door: Door::new(&config.accounts)?,
            grants: config.grants(),
            limits: config.limits.clone(),
            log,
            transfers: Transfers::default(),
            listings: list::Kept::default(),
            claims: Claims::default(),
            listeners: Vec::new(),
            panics: AtomicUsize::new(0),
        })
    }
}

type Tell = fn(&App, &mut Request<'_>, &str) -> Result<Response>;

/// A URL, or all below one, and what its methods do.
struct Route {
    /// The path; what is below it, when it ends with a slash.
    path: &'static str,
    /// The methods, as the `Allow` field lists them.
    allow: &'static str,
    /// What each method needs of whoever asks, and what it does.
    methods: &'static [(Method, Right, Tell)],
}

/// Where uploads in pieces are, and their methods.
const TUS_PATH: &str = "/uploads/";
/// The methods that anything here has.
const ALL_METHODS: &str = "OPTIONS, GET, HEAD, POST, PUT, PATCH, DELETE, MKCOL, MOVE, COPY";
/// The methods of what stands in the share.
const FILES_METHODS: &str = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, MOVE, COPY";
const TUS_METHODS: &str = "HEAD, POST, PATCH, DELETE, OPTIONS";

/// HEAD is told by GET; the body is left out where the answer is written.
const ROUTES: &[Route] = &[
    #[cfg(test)]
    Route {
        path: "/broken/",
        allow: "GET",
        methods: &[(Method::Get, Right::Nothing, broken::read)],
    },
    Route {
        path: "/",
        allow: "GET, HEAD",
        methods: &[(Method::Get, Right::Nothing, page::index)],
    },
    Route {
        path: "/web/",
        allow: "GET, HEAD",
        methods: &[(Method::Get, Right::Nothing, page::part)],
    },
    Route {
        path: "/favicon.ico",
        allow: "GET, HEAD",
        methods: &[(Method::Get, Right::Nothing, page::icon)],
    },
    Route {
        path: "/api/qr.svg",
        allow: "GET, HEAD",
        methods: &[(Method::Get, Right::Entry, qr::picture)],
    },
    Route {
        path: "/api/list/",
        allow: "GET, HEAD",
        methods: &[(Method::Get, Right::Read, list::entries)],
    },
    Route {
        path: "/api/status",
        allow: "GET, HEAD",
        methods: &[(Method::Get, Right::Entry, status::report)],
    },
    Route {
        path: "/api/search",
        allow: "GET, HEAD",
        methods: &[(Method::Get, Right::Read, search::names)],
    },
    Route {
        path: "/api/undo/",
        allow: "POST",
        methods: &[(Method::Post, Right::Change, management::undo)],
    },
    Route {
        path: "/api/session",
        allow: "POST, DELETE",
        methods: &[
            (Method::Post, Right::Nothing, session::sign_in),
            (Method::Delete, Right::Nothing, session::sign_out),
        ],
    },
    Route {
        path: "/files/",
        allow: FILES_METHODS,
        methods: &[
            (Method::Options, Right::Entry, files::options),
            (Method::Get, Right::Read, files::read),
            (Method::Put, Right::Create, files::put),
            (Method::Delete, Right::Change, files::remove),
            (Method::Mkcol, Right::Create, management::make_folder),
            (Method::Move, Right::Change, management::relocate),
            (Method::Copy, Right::Change, management::duplicate),
        ],
    },
    Route {
        path: "/download/",
        allow: "GET, HEAD, POST",
        methods: &[
            (Method::Get, Right::Read, download::attachment),
            (Method::Post, Right::Read, archive::selection),
        ],
    },
    Route {
        path: "/upload",
        allow: "POST",
        methods: &[(Method::Post, Right::Create, form::upload)],
    },
    Route {
        path: TUS_PATH,
        allow: TUS_METHODS,
        methods: &[
            (Method::Options, Right::Entry, tus::options),
            (Method::Post, Right::Create, tus::post),
            (Method::Get, Right::Create, tus::tell),
            (Method::Patch, Right::Create, tus::append),
            (Method::Delete, Right::Create, tus::terminate),
        ],
    },
    Route {
        path: "/events",
        allow: "GET, HEAD",
        methods: &[(Method::Get, Right::Entry, events::stream)],
    },
    Route {
        path: "/health",
        allow: "GET, HEAD",
        methods: &[(Method::Get, Right::Nothing, health::report)],
    },
];

/// The answer to a request, whatever it may be.
pub(crate) fn answer(app: &App, request: &mut Request<'_>) -> Response {
    let told = route(app, request);
    let response = told.unwrap_or_else(|error| {
        if let Error::Io { .. } = error {
            let (method, target) = (request.method().name(), request.head.target());
            app.log.trouble(format_args!("{method} {target}: {error}"));
        }
        refusal(&error)
    });
    let path = app.base.strip(request.path());
    let response = match path.and_then(|path| below(TUS_PATH, path)) {
        Some(_) => tus::with_version(response),
        None => response,
    };
    let response = session::challenge(app, request, response);
    app.origins.share(request, response)
}

fn route(app: &App, request: &mut Request<'_>) -> Result<Response> {
    app.hosts.check(request)?;
    app.origins.check(request)?;
    if request.head.target() == "*" {
        // About the server as a whole (RFC 9110, section 9.3.7).
        return Ok(Response::empty(204).with("Allow", ALL_METHODS));
    }
    let path = request.path().to_owned();
    let path = app.base.strip(&path).ok_or(Error::NotFound)?;
    if path.is_empty() {
        return Ok(to_root(app, request));
    }
    let (route, rest) = ROUTES
        .iter()
        .find_map(|route| Some((route, below(route.path, path)?)))
        .ok_or(Error::NotFound)?;
    if let Some(response) = app.origins.preflight(request, route.allow) {
        return Ok(response);
    }
    let wanted = match request.method() {
        Method::Head => Method::Get,
        other => other,
    };
    let row = route.methods.iter().find(|(method, ..)| *method == wanted);
    let (_, right, tell) = row.ok_or(match wanted {
        // RFC 9110, section 15.6.2.
        Method::Other => Error::NotImplemented("There is no such method here."),
        _ => Error::MethodNotAllowed(route.allow),
    })?;
    // The one place where this is decided, before a byte of the body is read.
    request.visitor = match right {
        Right::Nothing => session::recognise(app, request),
        _ => session::identify(app, request)?,
    };
    if !request.may(*right) {
        return Err(Error::Forbidden("That is not allowed here."));
    }
    tell(app, request, rest)
}

/// To the base path with its slash, without which the page would look for its parts elsewhere.
fn to_root(app: &App, request: &Request<'_>) -> Response {
    let query = target::split(request.head.target()).1;
    let mark = if query.is_empty() { "" } else { "?" };
    Response::empty(308).with("Location", format!("{}/{mark}{query}", app.base))
}

/// What `path` has below a route, empty for the route itself, with or without its slash.
fn below<'p>(route: &str, path: &'p str) -> Option<&'p str> {
    let prefix = route.strip_suffix('/').unwrap_or(route);
    let rest = path.strip_prefix(prefix)?;
    match rest.strip_prefix('/') {
        // The root has nothing below it: what else begins with a slash is another route.
        Some("") => Some(""),
        Some(rest) if route.ends_with('/') && route != "/" => Some(rest),
        None if rest.is_empty() => Some(""),
        Some(_) | None => None,
    }
}

/// The path of something that exists, from the rest of a URL.
fn existing(rest: &str) -> Result<RelPath> {
    RelPath::parse(&target::decode_path(rest)?)
}

/// The path of something that is to be created, from the rest of a URL.
fn new_path(rest: &str) -> Result<RelPath> {
    RelPath::parse_new(&target::decode_path(rest)?)
}

/// Whether the client says that it has what this ETag names.
fn is_known(request: &Request<'_>, etag: &str) -> bool {
    let if_none_match = request.field("If-None-Match");
    let conditions = Conditions {
        if_none_match: if_none_match.as_deref(),
        ..Conditions::default()
    };
    EntityTag::parse(etag).is_some_and(|etag| {
        // There is no date to be asked about.
        let current = Validators {
            etag,
            modified: SystemTime::UNIX_EPOCH,
        };
        conditional::evaluate(&conditions, Access::Read, Some(&current)) == Verdict::NotModified
    })
}

/// Tells the folders that were made on the way to a file.
fn publish_folders(app: &App, folders: &[RelPath]) {
    for folder in folders {
        app.hub.publish(Event::Folder {
            path: folder.to_string(),
        });
    }
}

/// The hub's word for what the store found.
fn kind_of_event(kind: Kind) -> crate::events::Kind {
    match kind {
        Kind::File => crate::events::Kind::File,
        Kind::Folder => crate::events::Kind::Folder,
        Kind::Link => crate::events::Kind::Link,
        Kind::Other => crate::events::Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_has_what_is_below_it() {
        for (route, path, rest) in [
            ("/", "/", Some("")),
            ("/", "/x", None),
            ("/files/", "/files/a/b", Some("a/b")),
            ("/files/", "/files/", Some("")),
            ("/files/", "/files", Some("")),
            ("/files/", "/filesx", None),
            ("/files/", "/files//", Some("/")),
            ("/upload", "/upload", Some("")),
            ("/upload", "/upload/", Some("")),
            ("/upload", "/upload/x", None),
        ] {
            assert_eq!(below(route, path), rest, "{route} {path}");
        }
    }
}
