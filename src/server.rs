//! Floor 3: listens, gives each connection a thread, and ends cleanly.
//!
//! One thread accepts for all listeners, since the socket of a new connection is found by what
//! descriptors are new, and two acceptors would take each other's. It waits for a permit before it
//! accepts, so that a full server lets the kernel's backlog hold the rest.

mod accept;
mod connection;
mod listener;
mod permits;
mod roll;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::{Config, Limits};
use crate::events::{self, Epoch, Hub};
use crate::http::departures::Departures;
use crate::log::Log;
use crate::random;
use crate::routes::{self, App, outside, tus};
use crate::server::accept::Acceptor;
use crate::server::listener::Bound;
use crate::server::permits::Permits;
use crate::server::roll::Roll;
use crate::storage::{Pace, Share, Terms};

/// Why the server did not start: one line.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// Descriptors that no connection gets: standard streams, listeners, folders, what wakes threads.
const OWN_DESCRIPTORS: usize = 16;
/// Seconds between two looks for uploads that are over.
const EXPIRY_S: i64 = 60;
/// How long the start waits for left-overs to be swept away. A large share takes longer, and then
/// the sweep goes on while the server serves.
const SWEEP_WAIT: Duration = Duration::from_secs(1);
/// How long connections whose time is up get to notice that they were cut.
const CUT_WAIT: Duration = Duration::from_secs(1);

/// A server that listens, and does not serve yet.
pub struct Server {
    shared: Arc<Shared>,
    listeners: Vec<Bound>,
}

/// What the threads of the server share.
pub(crate) struct Shared {
    app: App,
    roll: Arc<Roll>,
    permits: Permits,
    stopping: AtomicBool,
}

/// Stops a server from another thread.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

impl Handle {
    /// Makes `serve` return: no new connections, streams end, running transfers get their time.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        self.0.permits.stop();
    }
}

impl Server {
    /// Opens the folder, sweeps it, and listens.
    ///
    /// # Errors
    /// One line that says what could not be done and why.
    pub fn bind(config: Config, log: Log) -> Result<Server, StartError> {
        let descriptors = raise_descriptor_limit();
        let limits = config.limits.clone();
        let terms = Terms {
            sync: config.sync,
            free_bytes_min: limits.free_bytes_min,
            file_mode: config.file_mode,
            folder_mode: config.folder_mode,
            undo_s: limits.undo_s,
        };
        let pace = Pace {
            lease: Duration::from_millis(limits.watch_ms),
            stillness: Duration::from_millis(limits.stillness_ms),
            compare: Duration::from_millis(limits.compare_ms),
        };
        let share = Share::open(&config.folder, terms, pace).map_err(|e| {
            StartError(format!(
                "cannot share {}: {}",
                config.folder.display(),
                reason(&e)
            ))
        })?;
        let listeners = listener::bind_all(&config)?;
        let hub = start_hub(&limits)?;
        let connections_max = limits
            .connections_max
            .unwrap_or(descriptors.saturating_sub(OWN_DESCRIPTORS) / 3)
            .max(1);
        let departures = Departures::new()
            .map_err(|e| StartError(format!("cannot watch connections: {}", reason(&e))))?;
        let mut app = App::new(share, hub, departures, &config, log)
            .map_err(|e| StartError(e.to_string()))?;
        app.listeners = listeners.iter().filter_map(Bound::address).collect();
        let shared = Arc::new(Shared {
            app,
            roll: Arc::new(Roll::new(connections_max)),
            permits: Permits::new(connections_max)
                .map_err(|e| StartError(format!("cannot wait for connections: {}", reason(&e))))?,
            stopping: AtomicBool::new(false),
        });
        sweep(&shared);
        shared.app.share.recall_trash();
        if let Err(e) = tus::recall(&shared.app) {
            shared
                .app
                .log
                .trouble(format_args!("cannot go on with unfinished uploads: {e}"));
        }
        Ok(Server { shared, listeners })
    }

    /// The addresses of the TCP listeners, in the order they were asked for.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(Bound::address).collect()
    }

    /// The URL of the first TCP listener, a wildcard as the loopback address; of a server that
    /// listens on Unix sockets alone, `unix:` and the path of the first.
    pub fn url(&self) -> String {
        match self.addresses().first() {
            Some(address) => {
                let ip = if address.ip().is_unspecified() {
                    std::net::Ipv4Addr::LOCALHOST.into()
                } else {
                    address.ip()
                };
                let address = SocketAddr::new(ip, address.port());
                format!("http://{address}{}/", self.shared.app.base)
            }
            None => self
                .listeners
                .first()
                .map(Bound::to_string)
                .unwrap_or_default(),
        }
    }

    /// A handle to stop it by.
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.shared))
    }

    /// Serves until it is stopped, then ends in order: no new connections, streams and idle
    /// connections at once, running transfers when they are done or their time is up.
    pub fn serve(self) {
        let Server { shared, listeners } = self;
        let acceptor = Acceptor::new(Arc::clone(&shared));
        expire(&shared);
        observe(&shared);
        acceptor.run(&listeners);
        drop(listeners);
        shared.app.share.stop_observing();
        shared.app.hub.close();
        shared.roll.cut_idle();
        let grace = Duration::from_secs(shared.app.limits.stop_s);
        if !shared.roll.wait_until_empty(grace) {
            shared.roll.cut_all();
            shared.roll.wait_until_empty(CUT_WAIT);
        }
    }
}

fn start_hub(limits: &Limits) -> Result<Hub, StartError> {
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let start_ms = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
    let random = random::bytes().map_err(|e| StartError(e.to_string()))?;
    let epoch = Epoch::new(start_ms, u32::from_ne_bytes(random));
    let hub_limits = events::Limits {
        kept_events_max: limits.events_kept,
        kept_bytes_max: limits.events_kept_bytes,
        streams_max: limits.streams_max,
        queue_frames_max: limits.stream_queue_events,
        patience_ms: limits.stream_patience_ms,
    };
    Hub::new(epoch, hub_limits, routes::encode).map_err(|e| StartError(e.to_string()))
}

/// Sweeps what an earlier run left behind, on a thread of its own, and waits a little for it, so
/// that on a share of ordinary size it is gone before anybody can look.
fn sweep(shared: &Arc<Shared>) {
    let (done, finished) = crossbeam_channel::bounded(1);
    let theirs = Arc::clone(shared);
    let sweeper = move || {
        let removed = theirs.app.share.sweep();
        if removed > 0 {
            theirs.app.log.trouble(format_args!(
                "removed {removed} left-overs of an earlier run"
            ));
        }
        // Nobody waits any more when it took long.
        let _ = done.send(());
    };
    let thread = std::thread::Builder::new()
        .name("sweep".into())
        .spawn(sweeper);
    if thread.is_ok() {
        let _ = finished.recv_timeout(SWEEP_WAIT);
    }
}

/// Removes uploads whose time is over, on a thread of its own, until the server stops.
fn expire(shared: &Arc<Shared>) {
    let theirs = Arc::clone(shared);
    let every = Timespec {
        tv_sec: EXPIRY_S,
        tv_nsec: 0,
    };
    let run = move || {
        loop {
            if let Err(e) = tus::sweep(&theirs.app, SystemTime::now()) {
                let log = &theirs.app.log;
                log.trouble(format_args!("cannot remove uploads that are over: {e}"));
            }
            theirs.app.share.purge_trash();
            let mut stop = [PollFd::from_borrowed_fd(
                theirs.permits.stop_signal(),
                PollFlags::IN,
            )];
            match poll(&mut stop, Some(&every)) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) | Err(_) => return,
            }
        }
    };
    let thread = std::thread::Builder::new()
        .name("expiry".into())
        .stack_size(shared.app.limits.stack_bytes)
        .spawn(run);
    if let Err(e) = thread {
        let log = &shared.app.log;
        log.trouble(format_args!(
            "uploads will not expire, for want of a thread: {e}"
        ));
    }
}

/// Follows changes from outside, on a thread of its own, until the server stops.
fn observe(shared: &Arc<Shared>) {
    let theirs = Arc::clone(shared);
    let thread = std::thread::Builder::new()
        .name("observer".into())
        .stack_size(shared.app.limits.stack_bytes)
        .spawn(move || outside::observe(&theirs.app));
    if let Err(e) = thread {
        let log = &shared.app.log;
        log.trouble(format_args!(
            "changes from outside will not be seen, for want of a thread: {e}"
        ));
    }
}

/// Raises the soft limit on descriptors to the hard one and gives what it is then; a connection
/// takes two, and a third for the file that it transfers.
fn raise_descriptor_limit() -> usize {
    /// More than there are ports for one peer, and than a `/proc/self/fd` that is quick to read.
    const ENOUGH: u64 = 65_536;
    let now = getrlimit(Resource::Nofile);
    let wanted = now.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    let raised = Rlimit {
        current: Some(wanted),
        maximum: now.maximum,
    };
    let limit = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => wanted,
        Err(_) => now.current.unwrap_or(ENOUGH),
    };
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// The system's words for an error, lower case and without its number.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests;
