//! The uploads that are running: for `/api/status`, and for whoever watches, at most five times a
//! second each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::events::{Hub, Progress, State};
use crate::random;

/// The least time between two words about one upload.
const INTERVAL: Duration = Duration::from_millis(200);
/// How much of a rate is what it was before: a rate that jumps cannot be read.
const INERTIA: f64 = 0.7;

/// All running uploads, by the number they began with.
#[derive(Debug, Default)]
pub(crate) struct Transfers {
    running: Mutex<(u64, BTreeMap<u64, Progress>)>,
    /// Those that come in pieces and wait for the next, by their ids.
    paused: Mutex<BTreeMap<String, Progress>>,
}

/// One running upload. Dropping it before `done` says that it failed. What is known of it is kept
/// once, in the table of all: a form may have any number of files.
pub(crate) struct Transfer<'a> {
    transfers: &'a Transfers,
    hub: &'a Hub,
    number: u64,
    state: State,
    received: u64,
    told: Instant,
    received_when_told: u64,
    rate: f64,
}

impl Transfers {
    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Progress>)> {
        // Only whole values are put in.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an upload of so many bytes, if that is known, to `path`.
    ///
    /// # Errors
    /// `Io` when the system has no random bytes for its name.
    pub(crate) fn begin<'a>(
        &'a self,
        hub: &'a Hub,
        owner: Option<Arc<str>>,
        path: String,
        size: Option<u64>,
    ) -> Result<Transfer<'a>> {
        let upload = format!("{:016x}", u64::from_ne_bytes(random::bytes()?));
        Ok(self.start(hub, progress(upload, owner, path, 0, size)))
    }

    /// Goes on with an upload that has an id and some bytes already, or begins it.
    pub(crate) fn go_on<'a>(
        &'a self,
        hub: &'a Hub,
        id: String,
        owner: Option<Arc<str>>,
        path: String,
        received: u64,
        size: Option<u64>,
    ) -> Transfer<'a> {
        self.lock_paused().remove(&id);
        self.start(hub, progress(id, owner, path, received, size))
    }

    fn start<'a>(&'a self, hub: &'a Hub, now: Progress) -> Transfer<'a> {
        let mut running = self.lock();
        running.0 += 1;
        let number = running.0;
        let received_when_told = now.received;
        running.1.insert(number, now.clone());
        drop(running);
        hub.publish_progress(now);
        Transfer {
            transfers: self,
            hub,
            number,
            state: State::Receiving,
            received: received_when_told,
            told: Instant::now(),
            received_when_told,
            rate: 0.0,
        }
    }

    fn lock_paused(&self) -> MutexGuard<'_, BTreeMap<String, Progress>> {
        self.paused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes known an upload that an earlier run left unfinished.
    pub(crate) fn recall(
        &self,
        id: String,
        owner: Option<Arc<str>>,
        path: String,
        received: u64,
        size: Option<u64>,
    ) {
        let mut progress = progress(id.clone(), owner, path, received, size);
        progress.state = State::Paused;
        self.lock_paused().insert(id, progress);
    }

    /// Says that an upload which waited has ended without a file.
    pub(crate) fn forget(&self, hub: &Hub, id: &str) {
        if let Some(mut progress) = self.lock_paused().remove(id) {
            progress.state = State::Failed;
            hub.publish_progress(progress);
        }
    }

    /// How many wait for their next piece.
    pub(crate) fn paused_count(&self) -> usize {
        self.lock_paused().len()
    }

    /// What is running, in the order it began, and what waits: JSON objects as `progress` events
    /// have them for this account.
    pub(crate) fn unfinished(&self, account: Option<&str>) -> Vec<String> {
        let row = |progress: &Progress| match progress.owner.as_deref() {
            Some(owner) if Some(owner) != account => progress.data_for_others(),
            _ => progress.data(),
        };
        let mut rows: Vec<String> = self.lock().1.values().map(row).collect();
        rows.extend(self.lock_paused().values().map(row));
        rows
    }
}

/// An upload that moves, at no speed yet.
fn progress(
    upload: String,
    owner: Option<Arc<str>>,
    path: String,
    received: u64,
    size: Option<u64>,
) -> Progress {
    Progress {
        upload,
        owner,
        path,
        received,
        size,
        bytes_per_second: 0,
        state: State::Receiving,
    }
}

impl Transfer<'_> {
    /// Counts bytes that have come.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.received += bytes as u64;
        let passed = self.told.elapsed();
        if passed < INTERVAL {
            return;
        }
        let come = (self.received - self.received_when_told) as f64 / passed.as_secs_f64();
        let is_first = self.rate == 0.0;
        self.rate = if is_first {
            come
        } else {
            self.rate * INERTIA + come * (1.0 - INERTIA)
        };
        self.told = Instant::now();
        self.received_when_told = self.received;
        let mut running = self.transfers.lock();
        if let Some(now) = running.1.get_mut(&self.number) {
            now.received = self.received;
            now.bytes_per_second = self.rate as u64;
            let now = now.clone();
            drop(running);
            self.hub.publish_progress(now);
        }
    }

    /// Says that the sender has stopped and may go on later.
    pub(crate) fn pause(mut self) {
        self.state = State::Paused;
    }

    /// The same, where only so many bytes of it are kept.
    pub(crate) fn pause_at(mut self, received: u64) {
        self.received = received;
        self.pause();
    }

    /// Says that it stands complete under its name.
    pub(crate) fn done(mut self) {
        self.state = State::Done;
    }
}

impl Drop for Transfer<'_> {
    fn drop(&mut self) {
        let mut running = self.transfers.lock();
        let Some(mut now) = running.1.remove(&self.number) else {
            return;
        };
        now.received = self.received;
        now.state = match self.state {
            State::Receiving => State::Failed,
            other => other,
        };
        if now.state == State::Paused {
            now.bytes_per_second = 0;
            let (id, now) = (now.upload.clone(), now.clone());
            self.transfers.lock_paused().insert(id, now);
        }
        // Not before: it is in one of the two at any time.
        drop(running);
        self.hub.publish_progress(now);
    }
}
