//! `GET /events`: the live stream of what happens, on the connection's own thread.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::net::sockopt::{self, Timeout};

use crate::config::Right;
use crate::error::{Error, Result};
use crate::events::{Filter, Record, Replay, Subscription};
use crate::http::method::Method;
use crate::http::request::Request;
use crate::http::response::{LiveBody, Payload, Response};
use crate::http::socket::Socket;
use crate::http::sse;
use crate::routes::{App, session};
use crate::storage::{RelPath, Watching};

/// How soon a client that found no place should try again, in seconds.
const RETRY_AFTER_S: u32 = 5;
/// How long what was sent may stay unacknowledged: then the client's machine is gone without a
/// word, and its place is wanted.
const UNACKNOWLEDGED_MS: u32 = 60_000;

/// How long a stream may take nothing once the kernel holds all that it can for it. The hub gives
/// it up when its queue is full, too; but its thread would go on waiting to write, for as long as
/// the reader of a file may take.
const STALLED: Duration = Duration::from_secs(5);
/// What the kernel may hold of a stream that was written and not yet taken.
const SEND_BUFFER_BYTES: usize = 32 << 10;

/// Opens a stream. `Last-Event-ID`, or `last_event_id` for scripts that cannot set it, names the
/// last event seen; `dir`, repeatable, narrows it to folders.
pub(super) fn stream(app: &App, request: &mut Request<'_>, _rest: &str) -> Result<Response> {
    let asked = match request.field("Last-Event-ID") {
        Some(id) => Some(id.into_owned()),
        None => request
            .parameter("last_event_id")?
            .map(|id| String::from_utf8_lossy(&id).into_owned()),
    };
    // An empty id is what EventSource sends when it has none.
    let last_event_id = asked.filter(|id| !id.is_empty());
    let folders = request
        .parameters("dir")?
        .iter()
        .map(|dir| RelPath::parse(dir))
        .collect::<Result<Vec<_>>>()?;
    // Whoever may only add files hears that the server lives, and no name.
    let (filter, folders) = match request.may(Right::Read) {
        true => {
            let filter = Filter::folders(folders.iter().map(RelPath::to_string));
            (filter.of(request.visitor.account.clone()), folders)
        }
        false => (Filter::nothing(), Vec::new()),
    };
    // Whoever asks for the head alone takes nobody's place.
    if request.method() == Method::Head {
        return Ok(opened(Box::new(|_| Ok(()))));
    }
    let (watching, since) = hold(app, &folders);
    let subscription = app
        .hub
        .subscribe(last_event_id.as_deref(), since, filter)
        .map_err(|_| Error::Busy {
            retry_after_s: RETRY_AFTER_S,
        })?;
    let departures = app.departures.clone();
    let beat = Duration::from_secs(app.limits.beat_s);
    let cut = subscription.cutter();
    let session = session::current(app, request);
    if session.is_none() {
        // Unless it has ended this moment, it was never by a session that the client came in.
        session::identify(app, request)?;
    }
    let told = session
        .as_ref()
        .map(|session| session.on_end(subscription.cutter()));
    let is_over = move || {
        session
            .as_ref()
            .is_some_and(|it| it.is_over(Instant::now()))
    };
    let live = move |socket: &Socket| {
        let watched = departures.watch(socket, cut)?;
        sockopt::set_socket_timeout(socket, Timeout::Send, Some(STALLED))?;
        // What one that does not read costs is bounded here as well as in its queue.
        sockopt::set_socket_send_buffer_size(socket, SEND_BUFFER_BYTES)?;
        // A Unix socket has no such option and does not need it.
        let _ = sockopt::set_tcp_user_timeout(socket, UNACKNOWLEDGED_MS);
        let ended = tell(socket, subscription, beat, is_over);
        drop((watched, watching, told));
        ended
    };
    Ok(opened(Box::new(live)))
}

/// Has the folders of a stream watched for as long as what is given lives. With it comes the number
/// of the event since when all of them were: what happened in them before is not known.
fn hold(app: &App, folders: &[RelPath]) -> (Vec<Watching>, u64) {
    let mark = || app.hub.mark().seq();
    let held = folders.iter().map(|dir| app.share.hold_watch(dir, mark));
    let (watching, since): (Vec<_>, Vec<_>) = held.unzip();
    // One that cannot be watched is known to nobody.
    let since = since.into_iter().map(|mark| mark.unwrap_or(u64::MAX));
    (watching, since.max().unwrap_or(0))
}

/// The answer that a stream is the body of.
fn opened(live: LiveBody) -> Response {
    Response::new(200, "text/event-stream", Payload::Live(live))
        .with("Cache-Control", "no-store")
        .with("X-Accel-Buffering", "no")
}

/// The frame of one event, as the hub wants it encoded.
pub(crate) fn encode(record: &Record<'_>) -> Arc<[u8]> {
    let id = record.id.map(|id| id.to_string());
    sse::frame(id.as_deref(), record.name, record.data)
        .into_bytes()
        .into()
}

/// Writes the stream until the client or the hub ends it. First comes what was missed, then
/// `ready`: a client that loses the line in between must not believe that it has seen all.
fn tell(
    socket: &Socket,
    mut subscription: Subscription,
    beat: Duration,
    is_over: impl Fn() -> bool + Clone + Send + 'static,
) -> io::Result<()> {
    let newest = subscription.newest();
    let mut first = sse::opening();
    match subscription.take_replay() {
        Replay::Reset => {
            let reset = serde_json::json!({ "event_id": newest.to_string() }).to_string();
            first.extend_from_slice(sse::frame(None, "reset", &reset).as_bytes());
        }
        Replay::Events(frames) => {
            for frame in frames {
                socket.send(&frame, true)?;
            }
        }
    }
    let version = env!("CARGO_PKG_VERSION");
    let id = newest.to_string();
    let ready = serde_json::json!({ "event_id": id, "version": version }).to_string();
    first.extend_from_slice(sse::frame(Some(&id), "ready", &ready).as_bytes());
    socket.send(&first, false)?;
    let (hub_writes, ended) = (Socket::new(socket.number()), is_over.clone());
    subscription.open(Box::new(move |bytes| match ended() {
        // A session that ends by its age tells nobody.
        true => Err(io::ErrorKind::ConnectionAborted.into()),
        false => hub_writes.send_now(bytes),
    }));
    let beat_frame = sse::frame(None, "beat", "{}").into_bytes();
    let write = |bytes: &[u8]| match is_over() {
        true => Err(io::ErrorKind::ConnectionAborted.into()),
        false => socket.send(bytes, false),
    };
    loop {
        match subscription.relay((&beat_frame, beat), write) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => return Ok(()),
            Err(e) => return Err(e),
        }
    }
}
