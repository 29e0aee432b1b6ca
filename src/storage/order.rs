//! The locks that keep the events of a folder in the order of its changes.
//!
//! One is held from a change of the disk until its event is published, and whoever watches for
//! changes from outside looks under it, too.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::entry::Facts;
use super::name::RelPath;
use super::share::Share;

/// Locks, shared by folders. More than the transfers that a small machine runs at once, so that two
/// folders seldom share one.
const LOCKS: usize = 64;

/// All of them.
#[derive(Debug)]
pub(super) struct Locks([Mutex<()>; LOCKS]);

impl Default for Locks {
    fn default() -> Locks {
        Locks([const { Mutex::new(()) }; LOCKS])
    }
}

/// The locks of folders that are being changed. What was changed in them is entered for those who
/// watch before anybody else can change it.
#[derive(Debug)]
pub(super) struct Order<'s> {
    share: &'s Share,
    touched: Vec<(RelPath, Option<Facts>)>,
    made: Vec<RelPath>,
    _locks: Vec<MutexGuard<'s, ()>>,
}

impl Order<'_> {
    /// Notes what we have made of a path in one of the folders, nothing when it was removed.
    pub(super) fn touch(&mut self, path: &RelPath, made: Option<Facts>) {
        self.touched.push((path.clone(), made));
    }

    /// Notes that a folder was made on the way to one of the folders.
    pub(super) fn make(&mut self, path: &RelPath) {
        self.made.push(path.clone());
    }
}

impl Drop for Order<'_> {
    fn drop(&mut self) {
        for (path, made) in &self.touched {
            self.share.note(path, made.as_ref());
        }
        for path in &self.made {
            self.share.confirm_folder(path, true);
        }
    }
}

impl Share {
    /// Takes the locks of these folders, always in the same order.
    pub(super) fn hold(&self, folders: impl Iterator<Item = RelPath>) -> Order<'_> {
        let slot = |folder: RelPath| {
            let mut hasher = DefaultHasher::new();
            folder.hash(&mut hasher);
            (hasher.finish() % LOCKS as u64) as usize
        };
        let slots: BTreeSet<usize> = folders.map(slot).collect();
        // The lock guards no data that a panic could have left wrong.
        let take = |slot: usize| {
            self.order.0[slot]
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        Order {
            share: self,
            touched: Vec::new(),
            made: Vec::new(),
            _locks: slots.into_iter().map(take).collect(),
        }
    }
}
