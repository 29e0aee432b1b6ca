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
use crate::error::{Error, Result};

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
    /// The locks, a bit for each.
    slots: u64,
    _locks: Vec<MutexGuard<'s, ()>>,
}

impl Order<'_> {
    /// Notes what we have made of a path in one of the folders, nothing when it was removed.
    pub(super) fn touch(&mut self, path: &RelPath, made: Option<Facts>) {
        self.touched.push((path.clone(), made));
    }

    /// Whether nobody else changes a folder through us meanwhile.
    pub(super) fn holds(&self, folder: &RelPath) -> bool {
        self.slots & slot(folder) != 0
    }
}

impl Drop for Order<'_> {
    fn drop(&mut self) {
        for (path, made) in &self.touched {
            self.share.note(path, made.as_ref());
        }
    }
}

impl Share {
    /// Takes the locks of these folders, always in the same order.
    pub(super) fn hold(&self, folders: impl Iterator<Item = RelPath>) -> Order<'_> {
        self.take(folders.fold(0, |slots, folder| slots | slot(&folder)))
    }

    /// Takes the locks of these folders, and where they are missing those of the folders that they
    /// are to be made in.
    ///
    /// # Errors
    /// Of opening them, but for `NotFound`.
    pub(super) fn hold_way_to(&self, folders: impl Iterator<Item = RelPath>) -> Result<Order<'_>> {
        let folders: BTreeSet<RelPath> = folders.collect();
        let mut order = self.hold(folders.iter().cloned());
        loop {
            // Only what is looked at under the locks is sure to stay, and they can only be taken
            // all at once; each time they are more.
            let mut slots = order.slots;
            for folder in &folders {
                self.each_missing(folder, |parent| slots |= slot(parent))?;
            }
            if slots == order.slots {
                return Ok(order);
            }
            drop(order);
            order = self.take(slots);
        }
    }

    /// Shows the folders in which others are to be made, so that this one is there.
    fn each_missing(&self, folder: &RelPath, mut visit: impl FnMut(&RelPath)) -> Result<()> {
        let mut at = folder.clone();
        loop {
            match (self.folder(&at), at.split()) {
                (Err(Error::NotFound), Some((parent, _))) => {
                    visit(&parent);
                    at = parent;
                }
                (result, _) => return result.map(drop),
            }
        }
    }

    fn take(&self, slots: u64) -> Order<'_> {
        // The lock guards no data that a panic could have left wrong.
        let locks = self.order.0.iter().enumerate();
        let locks = locks.filter(|(at, _)| slots & (1 << at) != 0);
        Order {
            share: self,
            touched: Vec::new(),
            _locks: locks
                .map(|(_, lock)| lock.lock().unwrap_or_else(PoisonError::into_inner))
                .collect(),
            slots,
        }
    }
}

/// The bit of a folder's lock.
fn slot(folder: &RelPath) -> u64 {
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    1 << (hasher.finish() % LOCKS as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::fs;

    use super::super::folders::Made;
    use super::super::publish::OnConflict;
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text.as_bytes()).unwrap()
    }

    fn are_held(share: &Share, folders: [&str; 3]) -> [bool; 3] {
        folders.map(|folder| {
            let at = slot(&path(folder)).trailing_zeros() as usize;
            share.order.0[at].try_lock().is_err()
        })
    }

    #[test]
    fn the_folders_that_others_are_made_in_are_held_until_that_is_told() {
        let place = tempfile::tempdir().unwrap();
        let share = Share::for_test(place.path());
        for (target, held) in [
            ("new/deep/file", [true, true, true]),
            // Now they stand.
            ("new/deep/other", [false, false, true]),
        ] {
            let mut uploads = share.uploads(None).unwrap();
            uploads.begin(&path(target), None).unwrap();
            uploads.finish(None).unwrap();
            let change = uploads.publish(OnConflict::Fail, |_| Ok(())).unwrap();
            assert_eq!(are_held(&share, ["", "new", "new/deep"]), held);
            change.finish();
            assert_eq!(are_held(&share, ["", "new", "new/deep"]), [false; 3]);
        }
    }

    #[test]
    fn no_folder_is_made_in_one_that_is_not_held() {
        let place = tempfile::tempdir().unwrap();
        let share = Share::for_test(place.path());
        fs::create_dir(place.path().join("there")).unwrap();
        let order = share
            .hold_way_to(std::iter::once(path("there/new")))
            .unwrap();
        assert!(!order.holds(&RelPath::root()));
        fs::remove_dir(place.path().join("there")).unwrap();
        let made = Made::new(&share).open(&path("there/new"), &order);
        assert!(matches!(made, Err(Error::Conflict(_))));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
