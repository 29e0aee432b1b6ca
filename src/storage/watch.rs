//! Folders that somebody looks at, and what was told of them: the ground on which changes from
//! outside are noticed (Samba, ssh, a camera's script).
//!
//! Each watched folder has a table of its entries as its watchers know them. Whatever the kernel
//! signals is only a hint: the name is looked at again, and what differs from the table is told.
//! So our own changes, which are entered into the table before their folder's order lock is let
//! go, are never told twice, and signals may come late, doubled or out of date. What a listing has
//! shown is held against the table too: its readers are told what became of that.
//!
//! Locks nest as order lock, then state; under the state nothing is read from the disk.

mod crowded;
mod entries;
mod moves;
mod notes;
mod observer;
mod recent;
mod shown;
mod signals;
mod upkeep;

use std::ffi::{OsStr, OsString};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::OwnedFd;

use self::entries::{Folder, Identity, Known, Stage, State};
pub use self::shown::Showing;
use self::signals::Kernel;
use super::entry::{Facts, Kind};
use super::kinds;
use super::name::RelPath;
use super::share::{Share, readable};
use crate::error::Result;

/// Folders that may be watched at a time; a listing beyond it shows what stands there, and no more.
const FOLDERS_MAX: usize = 1_024;
/// Entries of all watched folders together: about 150 bytes each.
const ENTRIES_MAX: usize = 50_000;

/// How long things last.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long a folder is watched after it was listed.
    pub lease: Duration,
    /// How long a file must be left alone to count as finished when nobody closes it.
    pub stillness: Duration,
    /// Between two looks at folders whose changes the kernel does not signal.
    pub compare: Duration,
}

/// What has happened in a watched folder without us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// A file stands that did not stand there.
    Upload(RelPath, Size),
    /// A file has other content.
    Update(RelPath, Size),
    /// Something is gone; of a tree, its top.
    Delete(RelPath, Kind),
    /// Something has another name.
    Move {
        /// Where it stood.
        from: RelPath,
        /// Where it stands.
        path: RelPath,
        /// What it is.
        kind: Kind,
    },
    /// A folder stands that did not stand there.
    Folder(RelPath),
    /// What happened is not known in full.
    Reset,
}

/// What is told of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Bytes of content.
    pub bytes: u64,
    /// Last change of it in Unix milliseconds.
    pub modified_ms: i64,
}

/// What a share knows of its watched folders.
#[derive(Debug)]
pub(super) struct Watch {
    state: Mutex<State>,
    /// None where the system gives no inotify: then folders are compared from time to time.
    kernel: Option<Kernel>,
    /// Wakes the observer.
    wake: Option<OwnedFd>,
    stopping: AtomicBool,
    pace: Pace,
}

/// Keeps a folder watched until it is dropped.
#[derive(Debug)]
pub struct Watching {
    share: Arc<Share>,
    folder: RelPath,
}

impl Watch {
    pub(super) fn new(pace: Pace) -> Watch {
        Watch {
            state: Mutex::default(),
            kernel: Kernel::new().ok(),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok(),
            stopping: AtomicBool::new(false),
            pace,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change of it is whole before anything could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the observer look what is to be done.
    fn wake(&self) {
        if let Some(wake) = &self.wake {
            // It fails when it was woken four billion times and did not wake.
            let _ = rustix::io::write(wake, &1_u64.to_ne_bytes());
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let watch = &self.share.watch;
        if let Some(folder) = watch.lock().folders.get_mut(&self.folder) {
            folder.holders = folder.holders.saturating_sub(1);
            folder.lease_until = Instant::now() + watch.pace.lease;
        }
    }
}

impl Share {
    /// Has a folder watched for as long as a listing of it may be on somebody's screen. `mark` says
    /// where in the order of events we are, and is asked once when the watch begins; what it said
    /// then is given: whoever knows the folder as of earlier than that has missed something.
    ///
    /// None when the folder cannot be watched: it is missing, or there are too many.
    pub fn watch(&self, folder: &RelPath, mark: impl FnOnce() -> u64) -> Option<u64> {
        self.begin_watch(folder, mark, false)
    }

    /// Has a folder watched until what is given is dropped, with the mark of `watch`.
    pub fn hold_watch(
        self: &Arc<Share>,
        folder: &RelPath,
        mark: impl FnOnce() -> u64,
    ) -> (Watching, Option<u64>) {
        let mark = self.begin_watch(folder, mark, true);
        let watching = Watching {
            share: Arc::clone(self),
            folder: folder.clone(),
        };
        (watching, mark)
    }

    /// A number that changes with what a listing of the folder's files would show, and how many
    /// entries that would have at least; None where it is not known at once.
    pub fn version(&self, folder: &RelPath) -> Option<(u64, usize)> {
        let identity = self.identity(folder)?;
        let mut state = self.watch.lock();
        let kernel = self.watch.kernel.as_ref()?;
        // What waits to be read has happened already.
        if !kernel.is_quiet() && state.signals.len() < signals::SIGNALS_MAX {
            state.take(kernel.read());
            self.watch.wake();
        }
        let known = state.folders.get(folder)?;
        // The path may lead to another by now.
        let is_this = known.identity == Some(identity);
        (is_this && known.stage == Stage::Watched && known.is_signalled() && kernel.is_quiet())
            .then(|| (known.version, state.entries_at_least(known)))
    }

    /// The names in a folder that something may have happened to since it had this version; None
    /// where they are not known, or too many.
    pub fn changed_since(&self, folder: &RelPath, version: u64) -> Option<Vec<OsString>> {
        let state = self.watch.lock();
        let known = state.folders.get(folder)?;
        // A change by one spelling is one of what is known by another.
        (!known.folds_case).then(|| known.recent.since(version))?
    }

    /// Ends the observer.
    pub fn stop_observing(&self) {
        self.watch.stopping.store(true, Ordering::SeqCst);
        self.watch.wake();
    }

    fn begin_watch(
        &self,
        path: &RelPath,
        mark: impl FnOnce() -> u64,
        is_held: bool,
    ) -> Option<u64> {
        if let Some(known) = self.prolong(path, is_held) {
            return known;
        }
        // The observer and our own changes wait here until the table is full.
        let _order = self.hold(std::iter::once(path.clone()));
        if let Some(known) = self.prolong(path, is_held) {
            return known;
        }
        let stage = self.fill(path, is_held);
        let mark = mark();
        let mut state = self.watch.lock();
        let folder = state.folders.get_mut(path)?;
        folder.mark = mark;
        // Whoever found another at its path meanwhile has let go of it.
        let is_lost = stage == Stage::Watched && folder.identity.is_none();
        let stage = if is_lost { Stage::Missing } else { stage };
        folder.stage = stage;
        if stage == Stage::Missing {
            state.leave(path);
            state.lose(path);
        }
        drop(state);
        self.watch.wake();
        (stage == Stage::Watched).then_some(mark)
    }

    /// Keeps a folder that is watched already; None when that has yet to begin.
    fn prolong(&self, path: &RelPath, is_held: bool) -> Option<Option<u64>> {
        let mut state = self.watch.lock();
        let lease_until = Instant::now() + self.watch.pace.lease;
        let folder = state.folders.get_mut(path)?;
        // One that was missing may be there by now, for a listing or a new stream to begin with.
        if matches!(folder.stage, Stage::Filling | Stage::Missing) {
            return None;
        }
        folder.lease_until = lease_until;
        folder.holders += usize::from(is_held);
        Some((folder.stage == Stage::Watched).then_some(folder.mark))
    }

    /// Enters a folder and what lies in it. The order lock of the folder is held.
    fn fill(&self, path: &RelPath, is_held: bool) -> Stage {
        let opened = self.folder(path).ok().and_then(|dir| {
            let dir = readable(&dir).ok()?;
            Some((Identity::of(&dir)?, dir))
        });
        self.make_room();
        let mut state = self.watch.lock();
        let has_room = state.folders.len() < FOLDERS_MAX || state.folders.contains_key(path);
        if !has_room && !is_held {
            return Stage::TooLarge;
        }
        let lease_until = Instant::now() + self.watch.pace.lease;
        let new = || Folder::new(lease_until);
        let folder = state.folders.entry(path.clone()).or_insert_with(new);
        folder.lease_until = lease_until;
        folder.holders += usize::from(is_held);
        folder.stage = Stage::Filling;
        let Some((identity, dir)) = opened else {
            return Stage::Missing;
        };
        if !has_room {
            return Stage::TooLarge;
        }
        folder.identity = Some(identity);
        folder.is_remote = kinds::is_remote(&dir);
        folder.folds_case = kinds::folds_case(&dir);
        // Before the table is filled, so that nothing falls between; under the state, so that no
        // signal comes for a number that nobody knows.
        if let Some(number) = self.watch.kernel.as_ref().and_then(|k| k.add(&dir)) {
            state.enter(number, path);
        }
        let room = ENTRIES_MAX.saturating_sub(state.entries);
        drop(state);
        match self.scan(path, room) {
            Ok(Some(table)) => {
                self.watch.lock().set_table(path, table);
                Stage::Watched
            }
            // Signals go on, and `crowded` makes of them what it can.
            Ok(None) => Stage::TooLarge,
            Err(_) => {
                self.unwatch(path);
                Stage::Missing
            }
        }
    }

    /// Has the kernel no longer signal for a folder, which stays known.
    fn unwatch(&self, path: &RelPath) {
        let mut state = self.watch.lock();
        let number = state.leave(path);
        if let (Some(number), Some(kernel)) = (number, &self.watch.kernel) {
            kernel.remove(number);
        }
    }

    /// Makes room for one more folder where that takes nothing from anybody's screen.
    fn make_room(&self) {
        let oldest = {
            let state = self.watch.lock();
            let is_full = state.folders.len() >= FOLDERS_MAX;
            is_full.then(|| state.oldest()).flatten()
        };
        if let Some(path) = oldest {
            self.forget(&path, |folder| folder.holders == 0);
        }
    }

    /// Lets go of a folder for good, if that still holds of it.
    fn forget(&self, path: &RelPath, holds: impl Fn(&Folder) -> bool) {
        let mut state = self.watch.lock();
        if state.folders.get(path).is_some_and(holds) {
            let number = state.leave(path);
            if let (Some(number), Some(kernel)) = (number, &self.watch.kernel) {
                kernel.remove(number);
            }
            state.folders.remove(path);
        }
    }

    /// What lies in a folder now; None when that are more entries than there is room for.
    fn scan(&self, path: &RelPath, room: usize) -> Result<Option<Vec<(OsString, Known)>>> {
        let mut table = Vec::new();
        let mut fits = true;
        self.list(path, |entry| {
            fits = table.len() < room;
            if !fits {
                return std::ops::ControlFlow::Break(());
            }
            table.push((entry.name.to_os_string(), Known::of(&entry.facts)));
            std::ops::ControlFlow::Continue(())
        })?;
        Ok(fits.then_some(table))
    }

    fn identity(&self, path: &RelPath) -> Option<Identity> {
        Identity::of(&self.folder(path).ok()?)
    }

    /// What stands under a name of a folder, links followed where they work; nothing for what is
    /// livedrop's own. None when the folder itself is no longer the one that is watched.
    fn glance(&self, folder: &RelPath, name: &OsStr) -> Option<Option<Facts>> {
        let dir = self.folder(folder).ok()?;
        let identity = Identity::of(&dir);
        let is_watched = |it: &Folder| it.identity == identity;
        let state = self.watch.lock();
        state
            .folders
            .get(folder)
            .is_some_and(is_watched)
            .then_some(())?;
        drop(state);
        let entry = self.entry_facts(&dir, folder, name).ok();
        Some(entry.map(|(facts, _)| facts))
    }
}
