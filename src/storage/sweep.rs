//! What an earlier run left behind when it was killed: temporary names, removed at start.
//!
//! A file that somebody holds a lock on is being written, by another server on the same folder,
//! and stays.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use cap_std::fs::{Dir, FileType, OpenOptions};
use rustix::fs::FlockOperation;

use super::name::TEMPORARY_PREFIX;
use super::removal::remove_tree;
use super::share::Share;

impl Share {
    /// Removes what was left over, below the whole shared folder; gives the number of names. What
    /// cannot be looked into or removed is passed over: the next start tries again.
    pub fn sweep(&self) -> u64 {
        let mut removed = 0;
        // Names on the way to each folder that is still to be visited: no recursion, and only one
        // folder open at a time.
        let mut ahead = vec![Vec::<OsString>::new()];
        while let Some(way) = ahead.pop() {
            let path: std::path::PathBuf = way.iter().collect();
            let opened = if way.is_empty() {
                self.root.try_clone()
            } else {
                self.root.open_dir(&path)
            };
            let Ok(dir) = opened else { continue };
            let Ok(entries) = dir.entries() else { continue };
            for entry in entries.flatten() {
                let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else {
                    continue;
                };
                if name.as_bytes().starts_with(TEMPORARY_PREFIX.as_bytes()) {
                    removed += u64::from(remove(&dir, &name, kind));
                } else if kind.is_dir() {
                    ahead.push([&way[..], &[name]].concat());
                }
            }
        }
        removed
    }
}

pub(super) fn remove(dir: &Dir, name: &OsStr, kind: FileType) -> bool {
    if kind.is_dir() {
        return remove_tree(dir, name).is_ok();
    }
    if kind.is_file() {
        let Ok(file) = dir.open_with(name, OpenOptions::new().write(true)) else {
            return false;
        };
        let lock = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive);
        if lock == Err(rustix::io::Errno::WOULDBLOCK) {
            return false;
        }
    }
    dir.remove_file(name).is_ok()
}
