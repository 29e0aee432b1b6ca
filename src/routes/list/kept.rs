//! Listings that are kept while their folder is watched.
//!
//! A watched folder has a number that changes with it, so that its rows need not be read from the
//! disk again, but for those of the names that it changed with. That holds of plain files alone:
//! what a link leads to, a file with another name elsewhere, and what lies in a folder change
//! without a word about the folder around them, and are looked at each time. A file may get its
//! other name after it was looked at, so that nothing is kept for long.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::rows::Rows;
use crate::storage::RelPath;

/// Bytes of rows that are kept: two folders of 10,000 files.
const BYTES_MAX: usize = 2 << 20;
/// Listings that are kept.
const COUNT_MAX: usize = 64;
/// How long after the whole folder was read: as long as where nothing signals changes.
const AGE_MAX: Duration = Duration::from_secs(30);

/// The rows of one folder, as of a version of it.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    pub(super) version: u64,
    /// When the whole folder was read.
    pub(super) read_at: Instant,
    pub(super) rows: Arc<Rows>,
}

/// The kept listings, the newest last.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<VecDeque<(RelPath, Listing)>>);

impl Kept {
    fn lock(&self) -> MutexGuard<'_, VecDeque<(RelPath, Listing)>> {
        // Only whole listings are put in.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The listing of a folder, unless it was read too long ago.
    pub(super) fn get(&self, folder: &RelPath, now: Instant) -> Option<Listing> {
        let kept = self.lock();
        let (_, listing) = kept.iter().find(|it| it.0 == *folder)?;
        (now < listing.read_at + AGE_MAX).then(|| listing.clone())
    }

    /// Keeps the listing of a folder, in the place of what was kept of it before.
    pub(super) fn put(&self, folder: &RelPath, listing: Listing) {
        let mut kept = self.lock();
        kept.retain(|it| it.0 != *folder);
        kept.push_back((folder.clone(), listing));
        let mut bytes: usize = kept.iter().map(|(_, it)| it.rows.cost()).sum();
        while bytes > BYTES_MAX || kept.len() > COUNT_MAX {
            let Some((_, oldest)) = kept.pop_front() else {
                break;
            };
            bytes -= oldest.rows.cost();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::ffi::OsStr;

    use super::*;
    use crate::storage::{Entry, Facts, Kind};

    /// Rows that hold at least so many bytes.
    fn listing(version: u64, bytes: usize) -> Listing {
        let mut rows = Rows::default();
        let facts = Facts {
            kind: Kind::Folder,
            size: 0,
            modified_ns: 0,
            changed_ns: 0,
            inode: 1,
            links: 1,
        };
        let name = "x".repeat(bytes);
        let entry = Entry {
            name: OsStr::new(&name),
            facts,
            is_link: false,
        };
        rows.add(&RelPath::root(), &entry);
        Listing {
            version,
            read_at: Instant::now(),
            rows: Arc::new(rows),
        }
    }

    fn folder(n: usize) -> RelPath {
        RelPath::parse(n.to_string().as_bytes()).unwrap()
    }

    fn version(kept: &Kept, n: usize) -> Option<u64> {
        Some(kept.get(&folder(n), Instant::now())?.version)
    }

    #[test]
    fn the_newest_listing_of_a_folder_is_kept_and_not_for_long() {
        let kept = Kept::default();
        kept.put(&folder(1), listing(5, 1));
        assert_eq!(version(&kept, 1), Some(5));
        assert_eq!(version(&kept, 2), None);
        kept.put(&folder(1), listing(6, 1));
        assert_eq!(version(&kept, 1), Some(6));
        assert_eq!(kept.lock().len(), 1);
        assert!(kept.get(&folder(1), Instant::now() + AGE_MAX).is_none());
    }

    #[test]
    fn the_oldest_go_by_number_and_by_bytes() {
        let kept = Kept::default();
        for n in 0..=COUNT_MAX {
            kept.put(&folder(n), listing(0, 1));
        }
        assert_eq!(kept.lock().len(), COUNT_MAX);
        assert_eq!(version(&kept, 0), None);
        kept.put(&folder(0), listing(0, BYTES_MAX - 100));
        assert_eq!(version(&kept, 0), Some(0));
        kept.put(&folder(1), listing(0, BYTES_MAX + 1));
        assert_eq!(kept.lock().len(), 0);
    }
}
