//! One connection on its own thread: heads through the gate, answers out, in step until the end.
//!
//! The library that accepted the connection owns its descriptor and does no more: it reads heads a
//! byte at a time, which was a third of all CPU of a small answer to a browser, and reads ahead, so
//! that it would swallow what follows.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::config::{Grants, Visitor, client, is_proxy};
use crate::error::Error;
use crate::http::body::{Body, Rate};
use crate::http::gate::{Arrival, Gate};
use crate::http::head::{Framing, Head, HeadLimits};
use crate::http::method::Method;
use crate::http::refusal::refusal;
use crate::http::request::Request;
use crate::http::response::Delivery;
use crate::http::socket::Socket;
use crate::routes::{self, App};
use crate::server::Shared;
use crate::server::roll::Seat;

/// The library's end of a connection, which owns the descriptor. Its type has no public name.
pub(crate) type Owner = Box<dyn Send>;

/// An accepted connection.
pub(crate) struct Connection {
    socket: Socket,
    _owner: Owner,
    /// Dropped last: until the descriptor is closed, the roll must know whose it is.
    seat: Seat,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.seat.leave();
    }
}

/// Whether the connection goes on after an answer.
#[derive(PartialEq, Eq)]
enum Then {
    Next,
    Close,
}

impl Connection {
    pub(crate) fn new(seat: Seat, owner: Owner, socket: Socket) -> Connection {
        Connection {
            socket,
            _owner: owner,
            seat,
        }
    }

    /// Serves requests until one side is done.
    pub(crate) fn run(self, shared: &Shared) {
        // A panic in a handler is caught nearer; this one is for whatever else there may be.
        if catch_unwind(AssertUnwindSafe(|| self.serve(shared))).is_err() {
            shared.app.panics.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn serve(&self, shared: &Shared) {
        let app = &shared.app;
        let limits = HeadLimits {
            bytes_max: app.limits.head_bytes_max,
            fields_max: app.limits.head_fields_max,
            target_bytes_max: app.limits.target_bytes_max,
        };
        let mut gate = Gate::new(limits, Duration::from_secs(app.limits.head_s));
        loop {
            self.seat.set_idle();
            if shared.stopping.load(Ordering::SeqCst) {
                break;
            }
            let arrival = gate.wait(&self.socket, || self.seat.set_busy());
            let then = match arrival {
                Arrival::Nothing => break,
                Arrival::Refused(error) => self.refuse(app, &error),
                Arrival::Request(head) => self.answer(shared, head, gate.ahead()),
            };
            if then == Then::Close {
                break;
            }
        }
        self.socket.cut();
    }

    /// Answers one request.
    fn answer(&self, shared: &Shared, head: Head, ahead: &mut Vec<u8>) -> Then {
        let app = &shared.app;
        let begun = app.log.tells_access().then(Instant::now);
        let rate = Rate {
            bytes: app.limits.body_rate_bytes_per_s * app.limits.body_rate_window_s,
            window: Duration::from_secs(app.limits.body_rate_window_s),
        };
        let body = Body::new(
            &self.socket,
            ahead,
            head.framing,
            head.expects_continue,
            rate,
        );
        let (peer, is_secure) = asking(app, self.seat.peer(), &head);
        let mut request = Request {
            head,
            body,
            socket: self.socket.number(),
            peer,
            is_secure,
            visitor: Visitor::anybody(Grants::NONE),
        };
        let routed = catch_unwind(AssertUnwindSafe(|| routes::answer(app, &mut request)));
        let (response, panicked) = match routed {
            Ok(response) => (response, false),
            Err(_) => {
                app.panics.fetch_add(1, Ordering::Relaxed);
                let source = io::Error::other("a panic");
                (
                    refusal(&Error::Io {
                        action: "answer",
                        path: String::new(),
                        source,
                    }),
                    true,
                )
            }
        };
        let go_on = !shared.stopping.load(Ordering::SeqCst);
        let status = response.status;
        // A client without a length may be sending a body all the same, that must not be read as
        // its next request.
        let is_read = request.body.leaves_the_rest() && !panicked && status != 411;
        let close = !(is_read && go_on && request.head.keep_alive);
        let is_chunked = request.head.framing == Framing::Chunked;
        let delivery = Delivery {
            head_only: request.method() == Method::Head,
            close,
            is_1_1: request.head.is_1_1,
        };
        let send = AssertUnwindSafe(|| response.send(&self.socket, delivery));
        let sent = catch_unwind(send).unwrap_or_else(|_| {
            app.panics.fetch_add(1, Ordering::Relaxed);
            Err(io::Error::other("a panic"))
        });
        let bytes = sent.as_ref().map_or(0, |sent| sent.body_bytes);
        log_access(app, &request, status, bytes, begun);
        match sent {
            // Half an answer may be on the wire; another must not follow it.
            Err(_) => Then::Close,
            Ok(sent) if !close && !sent.must_close => Then::Next,
            // What lies unread would make the kernel send a reset, and that can overtake the answer.
            Ok(_) if !is_read || is_chunked || !go_on || self.socket.unread() > 0 => {
                self.linger(app);
                Then::Close
            }
            Ok(_) => Then::Close,
        }
    }

    /// Answers a head that was refused; what follows it is thrown away.
    fn refuse(&self, app: &App, error: &Error) -> Then {
        let delivery = Delivery {
            head_only: false,
            close: true,
            is_1_1: true,
        };
        let response = refusal(error);
        app.log.access(format_args!(
            "{} - - {} 0 0ms",
            Peer(self.seat.peer()),
            response.status
        ));
        if response.send(&self.socket, delivery).is_ok() {
            self.linger(app);
        }
        Then::Close
    }

    fn linger(&self, app: &App) {
        let time = Duration::from_millis(app.limits.linger_ms);
        self.socket.linger(app.limits.linger_bytes_max, time);
    }
}

/// Who asks, and whether by TLS: what a proxy says of it, where there is one that is believed.
fn asking(app: &App, peer: Option<IpAddr>, head: &Head) -> (Option<IpAddr>, bool) {
    if !is_proxy(&app.proxies, peer) {
        return (peer, false);
    }
    let forwarded_for = head.field("X-Forwarded-For").unwrap_or_default();
    let proto = head.field("X-Forwarded-Proto").unwrap_or_default();
    let nearest = proto.rsplit(',').next().unwrap_or_default().trim();
    let is_secure = nearest.eq_ignore_ascii_case("https");
    (client(&app.proxies, peer, &forwarded_for), is_secure)
}

fn log_access(app: &App, request: &Request<'_>, status: u16, bytes: u64, begun: Option<Instant>) {
    let Some(begun) = begun else {
        return;
    };
    app.log.access(format_args!(
        "{} {} {} {status} {bytes} {}ms",
        Peer(request.peer),
        request.method().name(),
        request.head.target(),
        begun.elapsed().as_millis(),
    ));
}

/// Who sent a request, as a line of the log shows it.
struct Peer(Option<IpAddr>);

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(ip) => ip.fmt(f),
            None => f.write_str("unix"),
        }
    }
}
