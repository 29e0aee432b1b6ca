//! Who may write to an upload in pieces: one request at a time, and the latest goes first.
//!
//! A phone that comes back does not know that the server still holds its old, dead connection. So
//! whoever comes ends the one at work: its socket is cut, it makes certain what it brought, and then
//! leaves. Of several who wait the last is let in, and the others are told so; bytes of two never
//! mix.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::http::socket;
use crate::sys::Descriptor;

/// Ids of uploads that have ended and are remembered for their 410.
const ENDED_MAX: usize = 1000;

/// All claims there are, by the id of their upload.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    table: Mutex<Table>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Table {
    held: HashMap<String, Held>,
    ended: VecDeque<String>,
}

/// The claim on one upload.
#[derive(Debug, Default)]
struct Held {
    /// The connection that writes now, if one does that can be ended.
    socket: Option<Descriptor>,
    /// Says to the holder that it is over.
    is_over: Arc<AtomicBool>,
    is_taken: bool,
    /// The number that the next to come gets; only the last to come is let in.
    next: u64,
    waiting: usize,
}

/// The right to open an upload, until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    claims: &'a Claims,
    id: String,
    is_over: Arc<AtomicBool>,
}

impl Claims {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing in it is left half changed by a panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the upload from whoever has it; `socket` is the connection of the one who asks, to be
    /// cut in turn by the next, None when it will not be long.
    ///
    /// # Errors
    /// `Conflict` when somebody else came meanwhile.
    pub(crate) fn take(&self, id: &str, socket: Option<Descriptor>) -> Result<Claim<'_>> {
        let mut table = self.lock();
        let held = table.held.entry(id.to_owned()).or_default();
        held.next += 1;
        let number = held.next;
        held.waiting += 1;
        if held.is_taken {
            held.is_over.store(true, Ordering::SeqCst);
            if let Some(socket) = held.socket {
                // It is alive: its owner takes it out of here, under this lock, before it leaves.
                socket::cut(socket);
            }
        }
        // Those who have come before wait no longer.
        self.freed.notify_all();
        loop {
            let Some(held) = table.held.get_mut(id) else {
                return Err(Error::NotFound);
            };
            if held.next != number {
                held.waiting -= 1;
                return Err(Error::Conflict(
                    "Another request has taken this upload over.",
                ));
            }
            if !held.is_taken {
                held.waiting -= 1;
                held.is_taken = true;
                held.socket = socket;
                held.is_over = Arc::default();
                return Ok(Claim {
                    claims: self,
                    id: id.to_owned(),
                    is_over: Arc::clone(&held.is_over),
                });
            }
            table = self
                .freed
                .wait(table)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Remembers that an upload has ended before it was finished.
    pub(crate) fn end(&self, id: &str) {
        let mut table = self.lock();
        if table.ended.len() == ENDED_MAX {
            table.ended.pop_front();
        }
        table.ended.push_back(id.to_owned());
    }

    /// Whether an upload is remembered to have ended.
    pub(crate) fn has_ended(&self, id: &str) -> bool {
        self.lock().ended.iter().any(|ended| ended == id)
    }

    /// Whether somebody is at work on an upload.
    pub(crate) fn is_taken(&self, id: &str) -> bool {
        self.lock().held.get(id).is_some_and(|held| held.is_taken)
    }
}

impl Claim<'_> {
    /// Whether somebody else wants the upload: what is in hand is to be made certain, and no more
    /// is to be read.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut table = self.claims.lock();
        if let Some(held) = table.held.get_mut(&self.id) {
            held.is_taken = false;
            held.socket = None;
            if held.waiting == 0 {
                table.held.remove(&self.id);
            }
        }
        self.claims.freed.notify_all();
    }
}
