//! Accepting connections, finding the socket of each, and giving it a thread.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt;
use tiny_http::{Server, SslContextWrap};

use crate::config::is_proxy;
use crate::http::socket::Socket;
use crate::server::Shared;
use crate::server::connection::Connection;
use crate::server::listener::{Bound, set_timeouts};
use crate::server::permits::Permit;
use crate::sys::Descriptor;

/// How long to hold back when the system has nothing left to give. Connections that end meanwhile
/// give it back.
const SHORTAGE_WAIT: Duration = Duration::from_millis(50);

/// The accepting side of a server.
pub(crate) struct Acceptor {
    shared: Arc<Shared>,
}

impl Acceptor {
    pub(crate) fn new(shared: Arc<Shared>) -> Acceptor {
        Acceptor { shared }
    }

    /// Accepts until the server stops.
    pub(crate) fn run(&self, listeners: &[Bound]) {
        // Plain connections: there is no TLS to be set up, so this cannot fail.
        let Ok(no_tls) = SslContextWrap::build_ssl_capabilities(None) else {
            return;
        };
        while let Some(permit) = self.acquire(listeners) {
            let Some(listener) = self.wait(listeners) else {
                continue;
            };
            match self.accept(listener, &no_tls) {
                Ok(connection) => self.start(connection, permit),
                Err(Trouble::Passing) => {}
                Err(Trouble::Shortage) => thread::sleep(SHORTAGE_WAIT),
            }
        }
    }

    /// Waits for a permit. While there is none but somebody waits to be let in, those who can do
    /// without theirs lose it.
    fn acquire(&self, listeners: &[Bound]) -> Option<Permit> {
        self.shared.permits.acquire(|| {
            let mut fds: Vec<_> = listeners
                .iter()
                .map(|l| PollFd::new(l, PollFlags::IN))
                .collect();
            let now = Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            if poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0) {
                self.shared.roll.make_room();
            }
        })
    }

    /// Waits until a listener has a connection. None when woken for another reason: that the server
    /// stops is seen at the next permit.
    fn wait<'l>(&self, listeners: &'l [Bound]) -> Option<&'l Bound> {
        let stop = self.shared.permits.stop_signal();
        let mut fds: Vec<_> = listeners
            .iter()
            .map(|l| PollFd::new(l, PollFlags::IN))
            .collect();
        fds.push(PollFd::from_borrowed_fd(stop, PollFlags::IN));
        if poll(&mut fds, None).is_err() {
            return None;
        }
        let ready = fds.iter().position(|fd| !fd.revents().is_empty())?;
        listeners.get(ready)
    }

    fn accept(&self, bound: &Bound, no_tls: &SslContextWrap) -> Result<Connection, Trouble> {
        let guess = lowest_free(bound).ok_or(Trouble::Shortage)?;
        // The library panics when the last descriptor is gone between its two.
        let accept = AssertUnwindSafe(|| Server::accept_connection(&bound.listener, no_tls));
        let client = match catch_unwind(accept) {
            Ok(Ok(Some(client))) => client,
            Ok(Ok(None)) => return Err(Trouble::Passing),
            Ok(Err(e)) => return Err(Trouble::of(&e)),
            Err(_) => return Err(Trouble::Shortage),
        };
        // A client that has reset its connection already leaves nothing that could be found.
        let (number, identity) = self.find(guess, bound).ok_or(Trouble::Passing)?;
        if bound.address().is_none() {
            // Unix sockets do not inherit them.
            set_timeouts(number, &self.shared.app.limits).map_err(|e| Trouble::of(&e))?;
        }
        let socket = Socket::new(number);
        let peer = socket.peer().map(|address| address.ip().to_canonical());
        let seat = self
            .shared
            .roll
            .enter(
                identity,
                number,
                peer,
                is_proxy(&self.shared.app.proxies, peer),
            )
            .ok_or(Trouble::Passing)?;
        Ok(Connection::new(seat, Box::new(client), socket))
    }

    /// Finds the socket that was just accepted: by the number that was the lowest free one before,
    /// else among all. It is the right one when it is connected to our listener and nobody we know.
    fn find(&self, guess: Descriptor, bound: &Bound) -> Option<(Descriptor, u64)> {
        let ours = |number: Descriptor| {
            let identity = identity(number)?;
            let is_new = !self.shared.roll.contains(identity);
            (is_new && belongs_to(number, bound)).then_some((number, identity))
        };
        ours(guess).or_else(|| open_descriptors().into_iter().find_map(ours))
    }

    fn start(&self, connection: Connection, permit: Permit) {
        let shared = Arc::clone(&self.shared);
        let run = move || {
            connection.run(&shared);
            drop(permit);
        };
        let thread = thread::Builder::new()
            .name("connection".into())
            .stack_size(self.shared.app.limits.stack_bytes);
        // Without a thread the closure is dropped, and with it the connection and its permit.
        if let Err(e) = thread.spawn(run) {
            self.shared
                .app
                .log
                .trouble(format_args!("cannot start a thread: {e}"));
            thread::sleep(SHORTAGE_WAIT);
        }
    }
}

/// Why a connection was not accepted.
enum Trouble {
    /// This one is lost; the next may be there already.
    Passing,
    /// The system is short of something; it takes others to end.
    Shortage,
}

impl Trouble {
    fn of(error: &io::Error) -> Trouble {
        let short = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
        if short
            .iter()
            .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
        {
            Trouble::Shortage
        } else {
            Trouble::Passing
        }
    }
}

/// The lowest number that is free now, which is what `accept` takes unless another thread is faster.
/// None unless there are two: the library takes a second, and a connection that it has accepted
/// before it finds none is lost, while one that is not accepted waits.
fn lowest_free(any: impl AsFd) -> Option<Descriptor> {
    let first = rustix::io::fcntl_dupfd_cloexec(&any, 0).ok()?;
    let _second = rustix::io::fcntl_dupfd_cloexec(&any, 0).ok()?;
    Descriptor::new(first.as_raw_fd())
}

/// What no two open sockets have in common: the kernel's cookie, or where there is none (before
/// Linux 4.12, and in user-mode emulation, which has two words for it) the number of its inode.
fn identity(number: Descriptor) -> Option<u64> {
    match sockopt::socket_cookie(number) {
        Ok(cookie) => Some(cookie),
        #[allow(clippy::unnecessary_cast, reason = "32 bits wide on some targets")]
        Err(Errno::NOPROTOOPT | Errno::INVAL) => rustix::fs::fstat(number)
            .ok()
            .map(|stat| stat.st_ino as u64),
        Err(_) => None,
    }
}

/// Whether it is a connected stream socket whose local end is the listener's.
fn belongs_to(number: Descriptor, bound: &Bound) -> bool {
    let is_connected = sockopt::socket_acceptconn(number) == Ok(false)
        && rustix::net::getpeername(number).is_ok_and(|peer| peer.is_some());
    let local = rustix::net::getsockname(number);
    match (bound.address(), local) {
        (Some(listening), Ok(local)) => {
            let local = std::net::SocketAddr::try_from(local);
            is_connected && local.is_ok_and(|local| local.port() == listening.port())
        }
        (None, Ok(local)) => is_connected && rustix::net::getsockname(bound) == Ok(local),
        (_, Err(_)) => false,
    }
}

fn open_descriptors() -> Vec<Descriptor> {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Descriptor::new)
        .collect()
}
