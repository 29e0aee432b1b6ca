//! Listings that are kept for as long as nothing changes in their folder.
//!
//! A watched folder has a number that changes with it, so that its rows need not be read from the
//! disk again. That holds of plain files alone: what a link leads to, a file with another name
//! elsewhere, and what lies in a folder change without a word about the folder around them, and
//! are looked at each time.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::storage::RelPath;

/// Bytes of rows that are kept: two folders of 10,000 files.
const BYTES_MAX: usize = 2 << 20;
/// Listings that are kept.
const COUNT_MAX: usize = 64;

/// The rows of one folder that need not be looked at again, and the names that do.
#[derive(Debug)]
pub(super) struct Rows {
    /// Rows of files, as JSON with commas between.
    pub(super) files: Vec<u8>,
    /// A hash over them.
    pub(super) hash: u64,
    /// What else lies in the folder.
    pub(super) others: Vec<OsString>,
}

/// The kept listings, the newest last.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<VecDeque<(RelPath, u64, Arc<Rows>)>>);

impl Rows {
    fn cost(&self) -> usize {
        let others = self.others.iter();
        let names: usize = others.map(|name| name.len() + size_of::<OsString>()).sum();
        self.files.len() + names
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, VecDeque<(RelPath, u64, Arc<Rows>)>> {
        // Only whole listings are put in.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows of a folder as of this version of it.
    pub(super) fn get(&self, folder: &RelPath, version: u64) -> Option<Arc<Rows>> {
        let kept = self.lock();
        let found = kept.iter().find(|it| it.0 == *folder && it.1 == version);
        found.map(|(_, _, rows)| Arc::clone(rows))
    }

    /// Keeps the rows of a folder, in the place of what was kept of it before.
    pub(super) fn put(&self, folder: &RelPath, version: u64, rows: Arc<Rows>) {
        let mut kept = self.lock();
        kept.retain(|it| it.0 != *folder);
        kept.push_back((folder.clone(), version, rows));
        let mut bytes: usize = kept.iter().map(|(_, _, rows)| rows.cost()).sum();
        while bytes > BYTES_MAX || kept.len() > COUNT_MAX {
            let Some((_, _, oldest)) = kept.pop_front() else {
                break;
            };
            bytes -= oldest.cost();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn rows(bytes: usize) -> Arc<Rows> {
        Arc::new(Rows {
            files: vec![0; bytes],
            hash: 0,
            others: Vec::new(),
        })
    }

    fn folder(n: usize) -> RelPath {
        RelPath::parse(n.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_listing_is_kept_as_of_one_version() {
        let kept = Kept::default();
        kept.put(&folder(1), 5, rows(1));
        assert!(kept.get(&folder(1), 5).is_some());
        assert!(kept.get(&folder(1), 6).is_none());
        assert!(kept.get(&folder(2), 5).is_none());
        kept.put(&folder(1), 6, rows(1));
        assert!(kept.get(&folder(1), 5).is_none());
        assert_eq!(kept.lock().len(), 1);
    }

    #[test]
    fn the_oldest_go_by_number_and_by_bytes() {
        let kept = Kept::default();
        for n in 0..=COUNT_MAX {
            kept.put(&folder(n), 0, rows(1));
        }
        assert_eq!(kept.lock().len(), COUNT_MAX);
        assert!(kept.get(&folder(0), 0).is_none());
        kept.put(&folder(0), 0, rows(BYTES_MAX));
        assert_eq!(kept.lock().len(), 1);
        kept.put(&folder(1), 0, rows(BYTES_MAX + 1));
        assert_eq!(kept.lock().len(), 0);
    }
}
