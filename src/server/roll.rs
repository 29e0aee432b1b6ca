//! The roll of open connections: who is there, whether it is in the middle of a request, and whose
//! place goes to another when there are too few.
//!
//! The lock is held while a socket is cut, and nothing is cut once its connection has said that it
//! is about to close; so no number that is used here is one that the system has given to something
//! else. Struck off is a connection only after that: until its descriptor is closed, it must not be
//! mistaken for one that was just accepted.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::http::socket;
use crate::sys::Descriptor;

/// Of all connections, the part that one address can hold: three quarters, so that one machine
/// cannot shut the others out.
const SHARE: (usize, usize) = (3, 4);
/// How long a connection lies idle before another may have its place: a browser that goes on
/// reading the same page is back sooner.
const IDLE_ENOUGH: Duration = Duration::from_secs(1);
/// How long a reader takes nothing before another may have its place.
const STALLED_ENOUGH: Duration = Duration::from_secs(30);

/// All open connections, by the identity of their sockets.
pub(crate) struct Roll {
    members: Mutex<HashMap<u64, Arc<Member>>>,
    left: Condvar,
    per_address_max: usize,
}

/// One connection.
pub(crate) struct Member {
    number: Descriptor,
    peer: Option<IpAddr>,
    /// When it began to wait for a request; None during one.
    idle_since: Mutex<Option<Instant>>,
    /// Whether its descriptor is about to be closed, or is.
    is_leaving: AtomicBool,
    /// Whether its socket was cut: its thread may not have noticed yet, and its place is given away
    /// once only.
    is_cut: AtomicBool,
}

/// A place on the roll; dropping it strikes the connection off.
pub(crate) struct Seat {
    roll: Arc<Roll>,
    identity: u64,
    member: Arc<Member>,
}

impl Deref for Seat {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.member
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.roll.lock().remove(&self.identity);
        self.roll.left.notify_all();
    }
}

impl Seat {
    /// Says that the descriptor is about to be closed. Dropping the seat comes after that.
    pub(crate) fn leave(&self) {
        // With the lock, so that nobody is cutting it at the moment.
        let _members = self.roll.lock();
        self.member.is_leaving.store(true, Ordering::SeqCst);
    }
}

impl Member {
    /// Cuts its socket, unless the number may be somebody else's by now.
    fn cut(&self) {
        if !self.is_leaving.load(Ordering::SeqCst) {
            self.is_cut.store(true, Ordering::SeqCst);
            socket::cut(self.number);
        }
    }

    /// Says that the connection waits for a request.
    pub(crate) fn set_idle(&self) {
        *self.lock_idle() = Some(Instant::now());
    }

    /// Says that a request has begun.
    pub(crate) fn set_busy(&self) {
        *self.lock_idle() = None;
    }

    /// Who is at the other end; None on a Unix socket.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// Whoever is leaving, or was asked to, cannot be asked again.
    fn is_going(&self) -> bool {
        self.is_cut.load(Ordering::SeqCst) || self.is_leaving.load(Ordering::SeqCst)
    }

    fn idle_since(&self) -> Option<Instant> {
        if self.is_going() {
            return None;
        }
        let since = *self.lock_idle();
        // A request may have come that its thread has yet to see.
        since.filter(|_| socket::unread(self.number) == 0)
    }

    fn lock_idle(&self) -> MutexGuard<'_, Option<Instant>> {
        // Only whole values are put in.
        self.idle_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn stalled_for(&self) -> Option<Duration> {
        if self.is_going() {
            return None;
        }
        socket::stalled_for(self.number)
    }
}

impl Roll {
    /// A roll for at most so many connections.
    pub(crate) fn new(connections_max: usize) -> Roll {
        Roll {
            members: Mutex::default(),
            left: Condvar::new(),
            per_address_max: (connections_max / SHARE.1 * SHARE.0
                + connections_max % SHARE.1 * SHARE.0 / SHARE.1)
                .max(1),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn contains(&self, identity: u64) -> bool {
        self.lock().contains_key(&identity)
    }

    /// Enters a connection, before the next is accepted: whom the roll knows is not mistaken for it.
    /// An address that holds its share already loses its oldest idle connection for it; where it
    /// has none, the new one is refused. Unix sockets have no address, and no share; nor has a proxy,
    /// which stands for many.
    pub(crate) fn enter(
        self: &Arc<Roll>,
        identity: u64,
        number: Descriptor,
        peer: Option<IpAddr>,
        is_proxy: bool,
    ) -> Option<Seat> {
        let mut members = self.lock();
        let held = members
            .values()
            .filter(|m| peer.is_some() && m.peer == peer && !m.is_going())
            .filter(|_| !is_proxy);
        if held.clone().count() >= self.per_address_max {
            let oldest = held
                .filter_map(|m| Some((m.idle_since()?, m)))
                .min_by_key(|(since, _)| *since);
            oldest?.1.cut();
        }
        let member = Arc::new(Member {
            number,
            peer,
            idle_since: Mutex::new(Some(Instant::now())),
            is_leaving: AtomicBool::new(false),
            is_cut: AtomicBool::new(false),
        });
        members.insert(identity, Arc::clone(&member));
        Some(Seat {
            roll: Arc::clone(self),
            identity,
            member,
        })
    }

    /// Frees a place for a connection that waits: that of the one that has been idle longest, else
    /// of the reader that has been stalled longest. Busy ones keep theirs.
    pub(crate) fn make_room(&self) {
        let members = self.lock();
        let idle = members
            .values()
            .filter_map(|m| Some((m.idle_since()?.elapsed(), m)))
            .filter(|(since, _)| *since >= IDLE_ENOUGH)
            .max_by_key(|(since, _)| *since);
        let stalled = || {
            members
                .values()
                .filter_map(|m| Some((m.stalled_for()?, m)))
                .filter(|(since, _)| *since >= STALLED_ENOUGH)
                .max_by_key(|(since, _)| *since)
        };
        if let Some((_, member)) = idle.or_else(stalled) {
            member.cut();
        }
    }

    /// Cuts the connections that are between requests.
    pub(crate) fn cut_idle(&self) {
        let members = self.lock();
        for member in members.values().filter(|m| m.idle_since().is_some()) {
            member.cut();
        }
    }

    /// Cuts every connection.
    pub(crate) fn cut_all(&self) {
        for member in self.lock().values() {
            member.cut();
        }
    }

    /// Waits until nobody is left; false when the time was up before.
    pub(crate) fn wait_until_empty(&self, time: Duration) -> bool {
        let members = self.lock();
        let (members, _) = self
            .left
            .wait_timeout_while(members, time, |members| !members.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        members.is_empty()
    }
}
