//! What was deleted or replaced, kept for a while so that it can be brought back: below
//! `.livedrop/trash`, each under a token with a record beside it, `<token>` and `<token>.record`.
//!
//! The record is written before its thing is moved in, by one rename; so a crash in between leaves
//! a record without a thing, and never the other way round. What lies on another file system than
//! the trash is not kept, nor is anything that there is no room for a record of.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, FileType, renameat, statat};
use rustix::io::Errno;

use super::entry::Facts;
use super::name::RelPath;
use super::removal::remove_tree;
use super::share::Share;
use super::shelf::{ID_BYTES, is_id};
use super::upload::temporary_name;
use crate::error::{Error, Result};
use crate::random;

const TRASH_FOLDER: &str = "trash";
/// What follows the token in the name of a record.
const RECORD_SUFFIX: &str = ".record";
/// The first line of a record: what it is, and the version of its form.
const FIRST_LINE: &str = "livedrop-trash 1";
/// Things that are kept at most; beyond it the oldest go.
const KEPT_MAX: usize = 10_000;

/// The tokens of what is kept, the oldest first, each with when it was removed in Unix seconds.
#[derive(Debug, Default)]
pub(super) struct Trash(Mutex<VecDeque<(u64, String)>>);

/// What is known of a thing in the trash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// When it was removed, in Unix seconds.
    pub(super) removed_s: u64,
    /// What took its place.
    pub(super) successor: Option<Successor>,
    /// Where it stood.
    pub(super) path: RelPath,
}

/// What took the place of something, to be known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Successor {
    inode: u64,
    size: u64,
    modified_ns: i128,
}

/// What was removed and is not kept: hidden already, and to be cleared away once nobody waits.
#[derive(Debug)]
#[must_use]
pub struct Rest {
    dir: Dir,
    hidden: OsString,
    is_folder: bool,
}

impl Rest {
    /// Hides what stands at a name.
    pub(super) fn hide(dir: &Dir, name: &OsStr) -> rustix::io::Result<Rest> {
        let stat = statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let hidden = OsString::from(temporary_name().map_err(|_| Errno::AGAIN)?);
        let dir = dir.try_clone().map_err(|_| Errno::MFILE)?;
        renameat(&dir, name, &dir, &hidden)?;
        Ok(Rest {
            dir,
            hidden,
            is_folder: FileType::from_raw_mode(stat.st_mode) == FileType::Directory,
        })
    }

    /// What it is called now.
    pub(super) fn name(&self) -> &OsStr {
        &self.hidden
    }

    /// Removes it, which may take long. What of it cannot be removed, the next start sweeps.
    pub fn clear(self) {
        match self.is_folder {
            true => drop(remove_tree(&self.dir, &self.hidden)),
            false => drop(self.dir.remove_file(&self.hidden)),
        }
    }
}

impl Trash {
    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, String)>> {
        // Each change of it is one push or pop.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Successor {
    pub(super) fn of(facts: &Facts) -> Successor {
        Successor {
            inode: facts.inode,
            size: facts.size,
            modified_ns: facts.modified_ns,
        }
    }
}

impl Share {
    /// Moves what stands at a name into the trash, and gives the token that brings it back; None
    /// when it is not kept, and then it is where it was. `path` is where it stood for people.
    pub(super) fn discard(
        &self,
        (from, name): (&Dir, &OsStr),
        path: &RelPath,
        successor: Option<Successor>,
        sync: bool,
    ) -> Option<String> {
        if self.terms.undo_s == 0 {
            return None;
        }
        let random: [u8; ID_BYTES] = random::bytes().ok()?;
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = self.private_folder(TRASH_FOLDER).ok()?;
        let record = Record {
            removed_s: now_s(),
            successor,
            path: path.clone(),
        };
        let is_kept = record
            .save(&folder, &token, sync && self.terms.sync)
            .is_ok()
            && renameat(from, name, &folder, &token).is_ok();
        if !is_kept {
            match folder.remove_file(record_name(&token)) {
                Ok(()) | Err(_) => return None,
            }
        }
        self.trash
            .lock()
            .push_back((record.removed_s, token.clone()));
        Some(token)
    }

    /// The trash, and the record of what is to be brought back.
    ///
    /// # Errors
    /// `NotFound` when there is no such token, or its time is over.
    pub(super) fn discarded(&self, token: &str) -> Result<(Dir, Record)> {
        if !is_id(token) {
            return Err(Error::NotFound);
        }
        let folder = self.open_private_folder(TRASH_FOLDER)?;
        let record = Record::load(&folder, token)?;
        match record.removed_s.saturating_add(self.terms.undo_s) > now_s() {
            true => Ok((folder, record)),
            false => Err(Error::NotFound),
        }
    }

    /// Forgets a token whose thing was brought back.
    pub(super) fn forget_discarded(&self, folder: &Dir, token: &str) {
        match folder.remove_file(record_name(token)) {
            // It is swept when its time is over.
            Ok(()) | Err(_) => {}
        }
    }

    /// Finds out what an earlier run kept. Nobody may be at work meanwhile.
    pub fn recall_trash(&self) {
        let Ok(folder) = self.open_private_folder(TRASH_FOLDER) else {
            return;
        };
        let Ok(entries) = folder.entries() else {
            return;
        };
        let mut found = Vec::new();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let token = name.strip_suffix(RECORD_SUFFIX).unwrap_or(name);
            if is_id(token) {
                // A thing without a record, or the other way round, goes first.
                let record = Record::load(&folder, token).ok();
                let is_whole = folder.symlink_metadata(token).is_ok();
                let removed_s = record.filter(|_| is_whole).map_or(0, |it| it.removed_s);
                found.push((removed_s, token.to_owned()));
            }
        }
        found.sort_unstable();
        found.dedup();
        self.trash.lock().extend(found);
    }

    /// Removes for good what was kept for long enough, and the oldest of too many.
    pub fn purge_trash(&self) {
        let now_s = now_s();
        loop {
            let due = {
                let mut kept = self.trash.lock();
                let is_over = |removed_s: u64| removed_s.saturating_add(self.terms.undo_s) <= now_s;
                let is_due = kept
                    .front()
                    .is_some_and(|(removed_s, _)| is_over(*removed_s));
                let is_due = is_due || kept.len() > KEPT_MAX;
                is_due.then(|| kept.pop_front()).flatten()
            };
            let Some((_, token)) = due else { return };
            self.bury(&token);
        }
    }

    /// Makes room by what has been kept for longest; false when there is nothing.
    pub(super) fn purge_oldest(&self) -> bool {
        let oldest = self.trash.lock().pop_front();
        oldest.map(|(_, token)| self.bury(&token)).is_some()
    }

    fn bury(&self, token: &str) {
        let Ok(folder) = self.open_private_folder(TRASH_FOLDER) else {
            return;
        };
        // Hidden first: from then on nobody can bring it back half.
        if let Ok(rest) = Rest::hide(&folder, OsStr::new(token)) {
            rest.clear();
        }
        match folder.remove_file(record_name(token)) {
            Ok(()) | Err(_) => {}
        }
    }
}

impl Record {
    fn save(&self, folder: &Dir, token: &str, sync: bool) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = folder.open_with(record_name(token), &options)?.into_std();
        io::Write::write_all(&mut &file, &self.to_bytes())?;
        if sync { file.sync_data() } else { Ok(()) }
    }

    fn load(folder: &Dir, token: &str) -> Result<Record> {
        let bytes = folder
            .read(record_name(token))
            .map_err(|e| Error::io("read the record of", token, e))?;
        Record::parse(&bytes).ok_or(Error::NotFound)
    }

    /// Three lines, and the path as it is: it may hold anything, the end of a line too.
    fn to_bytes(&self) -> Vec<u8> {
        let successor = self.successor.as_ref().map_or("-".to_owned(), |it| {
            format!("{} {} {}", it.inode, it.size, it.modified_ns)
        });
        let removed_s = self.removed_s;
        let head = format!("{FIRST_LINE}\nremoved {removed_s}\nsuccessor {successor}\npath ");
        [head.as_bytes(), self.path.as_bytes()].concat()
    }

    fn parse(bytes: &[u8]) -> Option<Record> {
        let mut lines = bytes.splitn(4, |&b| b == b'\n');
        let mut value = |word: &str| {
            let line = lines.next()?.strip_prefix(word.as_bytes())?;
            line.strip_prefix(b" ")
        };
        (value("livedrop-trash")? == b"1").then_some(())?;
        let text = |bytes| std::str::from_utf8(bytes).ok();
        let removed_s = text(value("removed")?)?.parse().ok()?;
        let successor = match text(value("successor")?)? {
            "-" => None,
            numbers => {
                let mut numbers = numbers.split(' ');
                let successor = Successor {
                    inode: numbers.next()?.parse().ok()?,
                    size: numbers.next()?.parse().ok()?,
                    modified_ns: numbers.next()?.parse().ok()?,
                };
                numbers.next().is_none().then_some(())?;
                Some(successor)
            }
        };
        let path = RelPath::parse(value("path")?).ok()?;
        (!path.is_root()).then_some(Record {
            removed_s,
            successor,
            path,
        })
    }
}

/// Whether something stands at a name, and is what took the place of another.
pub(super) fn is_successor(dir: &Dir, name: &OsStr, successor: &Successor) -> bool {
    let stat = statat(dir, name, AtFlags::SYMLINK_NOFOLLOW);
    stat.is_ok_and(|stat| Successor::of(&Facts::new(&stat)) == *successor)
}

fn record_name(token: &str) -> String {
    format!("{token}{RECORD_SUFFIX}")
}

fn now_s() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn record(path: &[u8], successor: Option<Successor>) -> Record {
        Record {
            removed_s: 1_800_000_000,
            successor,
            path: RelPath::parse(path).unwrap(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let successor = Successor {
            inode: u64::MAX,
            size: 1 << 40,
            modified_ns: -5,
        };
        for path in [&b"a"[..], b"a folder/b (2)", b"line\nend\n", b"\xff\xfe"] {
            for successor in [None, Some(successor)] {
                let record = record(path, successor);
                assert_eq!(Record::parse(&record.to_bytes()), Some(record));
            }
        }
    }

    #[test]
    fn anything_else_is_none() {
        let whole = record(b"path", None).to_bytes();
        for end in 0..=whole.len() - b"path".len() {
            assert_eq!(Record::parse(&whole[..end]), None, "cut at {end}");
        }
        let text = String::from_utf8(whole).unwrap();
        for (old, new) in [
            ("trash 1", "trash 2"),
            ("removed 1", "removed -1"),
            ("successor -", "successor 1 2"),
            ("successor -", "successor 1 2 3 4"),
            ("path path", "path ../a"),
            ("path path", "path .livedrop/uploads"),
        ] {
            let broken = text.replace(old, new);
            assert_ne!(broken, text, "{old}");
            assert_eq!(Record::parse(broken.as_bytes()), None, "{new}");
        }
    }
}
