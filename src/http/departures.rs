//! Notices that the client of an event stream has gone, although nothing is being sent to it.
//!
//! One thread waits on all such sockets at once (`EPOLLRDHUP`). Without it, a closed tab would hold
//! its thread and its place until the next beat.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::io::Errno;

use crate::http::socket::Socket;

/// Departures handled per wake-up.
const BATCH: usize = 64;
/// The thread calls nothing deep.
const STACK_BYTES: usize = 128 << 10;

type Action = Box<dyn FnOnce() + Send>;

/// The sockets that are watched.
#[derive(Clone)]
pub struct Departures(Arc<Watch>);

struct Watch {
    epoll: OwnedFd,
    actions: Mutex<Actions>,
}

/// What is to be done when somebody leaves, by keys that are never used twice.
#[derive(Default)]
struct Actions {
    next: u64,
    waiting: HashMap<u64, Action>,
}

/// A socket under watch; dropping it ends the watch.
pub struct Watched<'s> {
    watch: Arc<Watch>,
    socket: &'s Socket,
    key: u64,
}

impl Departures {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no descriptor or no thread left.
    pub fn new() -> io::Result<Departures> {
        let watch = Arc::new(Watch {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            actions: Mutex::default(),
        });
        let waiting = Arc::downgrade(&watch);
        let run = move || {
            // Ends with the last owner, at the latest at the wake-up after.
            while let Some(watch) = waiting.upgrade() {
                watch.wait();
            }
        };
        thread::Builder::new()
            .name("departures".into())
            .stack_size(STACK_BYTES)
            .spawn(run)?;
        Ok(Departures(watch))
    }

    /// Runs `action` once, on the watching thread, when the peer of `socket` closes or is gone.
    ///
    /// # Errors
    /// When the system has no room for another watch.
    pub fn watch<'s>(
        &self,
        socket: &'s Socket,
        action: impl FnOnce() + Send + 'static,
    ) -> io::Result<Watched<'s>> {
        let mut actions = self.0.lock();
        let key = actions.next;
        actions.next += 1;
        actions.waiting.insert(key, Box::new(action));
        drop(actions);
        let watched = Watched {
            watch: Arc::clone(&self.0),
            socket,
            key,
        };
        // One shot: after the action there is nothing more to be told.
        let flags = epoll::EventFlags::RDHUP | epoll::EventFlags::ONESHOT;
        epoll::add(&self.0.epoll, socket, epoll::EventData::new_u64(key), flags)?;
        Ok(watched)
    }
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Actions> {
        self.actions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) {
        let mut events = Vec::with_capacity(BATCH);
        let one_second = rustix::event::Timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&one_second)) {
            Ok(_) | Err(Errno::INTR) => {}
            // Cannot happen to a descriptor that is ours; better to stop looking than to spin.
            Err(_) => thread::sleep(std::time::Duration::from_secs(1)),
        }
        for event in events {
            let action = self.lock().waiting.remove(&event.data.u64());
            if let Some(action) = action {
                action();
            }
        }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.watch.lock().waiting.remove(&self.key);
        // It is not there when adding it failed.
        let _ = epoll::delete(&self.watch.epoll, self.socket);
    }
}

impl fmt::Debug for Departures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Departures")
            .field("watched", &self.0.lock().waiting.len())
            .finish()
    }
}
