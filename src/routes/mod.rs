//! Floor 2, one short story per URL: parse, ask the store, publish, reply.
//!
//! The table says which URL is told where. A route returns a response or an error; it never fills
//! in one that was handed to it, and it publishes an event only after the store said Ok.

mod archive;
mod claims;
mod download;
mod events;
mod files;
mod form;
mod health;
mod hosts;
mod list;
mod management;
pub(crate) mod outside;
mod page;
mod plain;
mod qr;
mod representation;
mod search;
mod status;
mod transfers;
pub(crate) mod tus;

pub(crate) use events::encode;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::SystemTime;

use crate::config::Limits;
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
    /// The names it answers to.
    pub hosts: Hosts,
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
    pub(crate) fn new(
        share: Share,
        hub: Hub,
        departures: Departures,
        hosts: &[String],
        limits: Limits,
        log: Log,
    ) -> App {
        App {
            share: Arc::new(share),
            hub,
            departures,
            hosts: Hosts::new(hosts),
            limits,
            log,
            transfers: Transfers::default(),
            listings: list::Kept::default(),
            claims: Claims::default(),
            listeners: Vec::new(),
            panics: AtomicUsize::new(0),
        }
    }
}

type Tell = fn(&App, &mut Request<'_>, &str) -> Result<Response>;

/// A URL, or all below one, and what its methods do.
struct Route {
    /// The path; what is below it, when it ends with a slash.
    path: &'static str,
    /// The methods, as the `Allow` field lists them.
    allow: &'static str,
    methods: &'static [(Method, Tell)],
}

/// Where uploads in pieces are, and their methods.
const TUS_PATH: &str = "/uploads/";
/// The methods of what stands in the share.
const FILES_METHODS: &str = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, MOVE, COPY";
const TUS_METHODS: &str = "HEAD, POST, PATCH, DELETE, OPTIONS";

/// HEAD is told by GET; the body is left out where the answer is written.
const ROUTES: &[Route] = &[
    Route {
        path: "/",
        allow: "GET, HEAD",
        methods: &[(Method::Get, page::index)],
    },
    Route {
        path: "/web/",
        allow: "GET, HEAD",
        methods: &[(Method::Get, page::part)],
    },
    Route {
        path: "/favicon.ico",
        allow: "GET, HEAD",
        methods: &[(Method::Get, page::icon)],
    },
    Route {
        path: "/api/qr.svg",
        allow: "GET, HEAD",
        methods: &[(Method::Get, qr::picture)],
    },
    Route {
        path: "/api/list/",
        allow: "GET, HEAD",
        methods: &[(Method::Get, list::entries)],
    },
    Route {
        path: "/api/status",
        allow: "GET, HEAD",
        methods: &[(Method::Get, status::report)],
    },
    Route {
        path: "/api/search",
        allow: "GET, HEAD",
        methods: &[(Method::Get, search::names)],
    },
    Route {
        path: "/api/undo/",
        allow: "POST",
        methods: &[(Method::Post, management::undo)],
    },
    Route {
        path: "/files/",
        allow: FILES_METHODS,
        methods: &[
            (Method::Options, files::options),
            (Method::Get, files::read),
            (Method::Put, files::put),
            (Method::Delete, files::remove),
            (Method::Mkcol, management::make_folder),
            (Method::Move, management::relocate),
            (Method::Copy, management::duplicate),
        ],
    },
    Route {
        path: "/download/",
        allow: "GET, HEAD, POST",
        methods: &[
            (Method::Get, download::attachment),
            (Method::Post, archive::selection),
        ],
    },
    Route {
        path: "/upload",
        allow: "POST",
        methods: &[(Method::Post, form::upload)],
    },
    Route {
        path: TUS_PATH,
        allow: TUS_METHODS,
        methods: &[
            (Method::Options, tus::options),
            (Method::Post, tus::post),
            (Method::Get, tus::tell),
            (Method::Patch, tus::append),
            (Method::Delete, tus::terminate),
        ],
    },
    Route {
        path: "/events",
        allow: "GET, HEAD",
        methods: &[(Method::Get, events::stream)],
    },
    Route {
        path: "/health",
        allow: "GET, HEAD",
        methods: &[(Method::Get, health::report)],
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
    match below(TUS_PATH, request.path()) {
        Some(_) => tus::with_version(response),
        None => response,
    }
}

fn route(app: &App, request: &mut Request<'_>) -> Result<Response> {
    app.hosts.check(request)?;
    let path = request.path().to_owned();
    let (route, rest) = ROUTES
        .iter()
        .find_map(|route| Some((route, below(route.path, &path)?)))
        .ok_or(Error::NotFound)?;
    let wanted = match request.method() {
        Method::Head => Method::Get,
        other => other,
    };
    let methods = route.methods.iter();
    let tell = methods
        .filter(|(method, _)| *method == wanted)
        .map(|(_, tell)| tell)
        .next();
    match (tell, wanted) {
        (Some(tell), _) => tell(app, request, rest),
        // RFC 9110, section 15.6.2.
        (None, Method::Other) => Err(Error::NotImplemented("There is no such method here.")),
        (None, _) => Err(Error::MethodNotAllowed(route.allow)),
    }
}

/// What `path` has below a route, empty for the route itself, with or without its slash.
fn below<'p>(route: &str, path: &'p str) -> Option<&'p str> {
    let prefix = route.trim_end_matches('/');
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
