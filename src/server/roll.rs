//! The roll of open connections: who is there, and whether it is in the middle of a request.
//!
//! The lock is held while a socket is cut, and a connection is struck off before its socket is
//! closed; so no number here is ever one that the system has given to something else.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::http::socket;
use crate::sys::Descriptor;

/// All open connections, by the identity of their sockets.
#[derive(Default)]
pub(crate) struct Roll {
    members: Mutex<HashMap<u64, Arc<Member>>>,
    left: Condvar,
}

/// One connection.
pub(crate) struct Member {
    number: Descriptor,
    idle: AtomicBool,
}

impl Member {
    /// Says whether the connection waits for a request.
    pub(crate) fn set_idle(&self, idle: bool) {
        self.idle.store(idle, Ordering::SeqCst);
    }
}

impl Roll {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn contains(&self, identity: u64) -> bool {
        self.lock().contains_key(&identity)
    }

    pub(crate) fn enter(&self, identity: u64, number: Descriptor) -> Arc<Member> {
        let member = Arc::new(Member {
            number,
            idle: AtomicBool::new(true),
        });
        self.lock().insert(identity, Arc::clone(&member));
        member
    }

    pub(crate) fn strike_off(&self, identity: u64) {
        self.lock().remove(&identity);
        self.left.notify_all();
    }

    /// Cuts the connections that are between requests.
    pub(crate) fn cut_idle(&self) {
        let members = self.lock();
        for member in members.values().filter(|m| m.idle.load(Ordering::SeqCst)) {
            socket::cut(member.number);
        }
    }

    /// Cuts every connection.
    pub(crate) fn cut_all(&self) {
        for member in self.lock().values() {
            socket::cut(member.number);
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
