//! A fixed number of connections at a time: a permit each, given back when its thread ends.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};

/// The permits of a server.
pub(crate) struct Permits {
    counter: Arc<Counter>,
    /// Becomes readable when the server stops, for whoever waits on descriptors.
    stop: OwnedFd,
}

struct Counter {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free: usize,
    stopped: bool,
}

/// The right to one connection.
pub(crate) struct Permit(Arc<Counter>);

impl Counter {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permits {
    pub(crate) fn new(count: usize) -> io::Result<Permits> {
        let state = Mutex::new(State {
            free: count,
            stopped: false,
        });
        let stop = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Permits {
            counter: Arc::new(Counter {
                state,
                changed: Condvar::new(),
            }),
            stop,
        })
    }

    /// Waits for a permit; None when the server stops.
    pub(crate) fn acquire(&self) -> Option<Permit> {
        let state = self.counter.lock();
        let mut state = self
            .counter
            .changed
            .wait_while(state, |state| state.free == 0 && !state.stopped)
            .unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return None;
        }
        state.free -= 1;
        Some(Permit(Arc::clone(&self.counter)))
    }

    /// Gives no more permits, and wakes whoever waits.
    pub(crate) fn stop(&self) {
        self.counter.lock().stopped = true;
        self.counter.changed.notify_all();
        // It can only fail when the counter is full, and then it is readable already.
        let _ = rustix::io::write(&self.stop, &1_u64.to_ne_bytes());
    }

    /// Readable once the server stops.
    pub(crate) fn stop_signal(&self) -> BorrowedFd<'_> {
        self.stop.as_fd()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.lock().free += 1;
        self.0.changed.notify_one();
    }
}
