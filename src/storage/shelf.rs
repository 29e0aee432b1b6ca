//! Where uploads in pieces are kept: a folder of livedrop's own, with the bytes and the record of
//! each, `<id>` and `<id>.record`. Listing, sweeping, and the two ways in which a record changes:
//! whole, or not at all.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::sync::atomic::Ordering;

use cap_std::fs::{Dir, DirBuilder, DirBuilderExt, OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, Mode, OFlags, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::entry::Facts;
use super::name::{PRIVATE_FOLDER, RelPath};
use super::record::{Record, Stage};
use super::share::{Share, readable};
use super::sweep;
use super::upload::temporary_name;
use crate::error::{Error, Result};

/// The folder of the uploads in the private one.
pub(super) const UPLOADS_FOLDER: &str = "uploads";
/// Random bytes of an id: it is the only key to an upload.
pub(super) const ID_BYTES: usize = 16;
/// What follows the id in the name of a record.
const RECORD_SUFFIX: &str = ".record";

/// What can be told of an upload.
#[derive(Debug, Clone)]
pub struct Unfinished {
    /// Its id.
    pub id: String,
    /// Where the file is to stand, or stands.
    pub path: RelPath,
    /// Bytes that are certain.
    pub offset: u64,
    /// Bytes of the whole, if that is known.
    pub length: Option<u64>,
    /// Whether it is published.
    pub is_finished: bool,
    /// When it is removed, in Unix seconds.
    pub expires_s: u64,
    /// The account that it belongs to.
    pub owner: Option<String>,
}

impl Share {
    /// All uploads there are, finished ones too, as their records have them.
    ///
    /// # Errors
    /// `Io`.
    pub fn partials(&self) -> Result<Vec<Unfinished>> {
        let folder = match self.open_private_folder(UPLOADS_FOLDER) {
            Ok(folder) => folder,
            Err(Error::NotFound) => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let failed = |e: io::Error| Error::io("list", "the uploads", e);
        let mut list = Vec::new();
        for entry in folder.entries().map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let Some(id) = name.to_str().and_then(|n| n.strip_suffix(RECORD_SUFFIX)) else {
                continue;
            };
            if let Ok(record) = self.settled(&folder, id) {
                list.push(Unfinished {
                    id: id.to_owned(),
                    is_finished: !matches!(record.stage, Stage::Open),
                    offset: record.offset,
                    length: record.length,
                    expires_s: record.expires_s,
                    owner: record.owner,
                    path: match record.stage {
                        Stage::Finished { path } => path,
                        Stage::Open | Stage::Publishing { .. } => record.target,
                    },
                });
            }
        }
        Ok(list)
    }

    /// Removes what of the uploads no record stands for any more: an earlier run was killed
    /// between the two. Nobody may be at work meanwhile.
    pub fn sweep_partials(&self) {
        let Ok(folder) = self.open_private_folder(UPLOADS_FOLDER) else {
            return;
        };
        let Ok(entries) = folder.entries() else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let id = name.strip_suffix(RECORD_SUFFIX).unwrap_or(name);
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if !is_id(id) || self.settled(&folder, id).is_err() {
                // What cannot be removed, or is at work in another server, stays.
                sweep::remove(&folder, &entry.file_name(), kind);
            }
        }
    }

    /// Removes an upload with its record.
    ///
    /// # Errors
    /// `NotFound`, `Io`.
    pub fn remove_partial(&self, id: &str) -> Result<()> {
        if !is_id(id) {
            return Err(Error::NotFound);
        }
        let folder = self.open_private_folder(UPLOADS_FOLDER)?;
        remove(&folder, id)
    }

    /// The record of an upload. Where the last run ended between publishing and saying so, what
    /// happened is found out by the number of the file's inode, which it has under any name.
    pub(super) fn settled(&self, folder: &Dir, id: &str) -> Result<Record> {
        let mut record = load(folder, id)?;
        let Stage::Publishing { inode, is_copy } = record.stage else {
            return Ok(record);
        };
        let data = statat(folder, id, AtFlags::SYMLINK_NOFOLLOW).ok();
        let is_untouched = data.is_some_and(|stat| is_copy || Facts::new(&stat).inode == inode);
        let found = self.find_inode(&record.target, inode);
        record.stage = match found {
            Some(path) => Stage::Finished { path },
            None if is_untouched => Stage::Open,
            None => Stage::Finished {
                path: record.target.clone(),
            },
        };
        save(self, folder, id, &record)?;
        if let (Stage::Finished { .. }, Some(_)) = (&record.stage, data) {
            // The file that was replaced, or the original of a copy.
            match folder.remove_file(id) {
                Ok(()) | Err(_) => {}
            }
        }
        Ok(record)
    }

    fn find_inode(&self, target: &RelPath, inode: u64) -> Option<RelPath> {
        let (parent, _) = target.split()?;
        let mut found = None;
        let listed = self.list(&parent, |entry| {
            if entry.facts.inode == inode {
                found = Some(parent.entry(entry.name));
                return std::ops::ControlFlow::Break(());
            }
            std::ops::ControlFlow::Continue(())
        });
        listed.ok().and(found)
    }

    /// A folder in the private one, made where it is missing.
    pub(super) fn private_folder(&self, name: &str) -> Result<Dir> {
        let failed = |e: io::Error| Error::io("make", "a folder for uploads", e);
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        let mut at = self.root.try_clone().map_err(failed)?;
        self.has_private.store(true, Ordering::Relaxed);
        for step in [PRIVATE_FOLDER, name] {
            let made = match at.create_dir_with(step, &builder) {
                Ok(()) => true,
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
                Err(e) => return Err(failed(e)),
            };
            if made && self.terms.sync {
                readable(&at)
                    .and_then(rustix::fs::fsync)
                    .or_else(ignorable)
                    .map_err(|e| failed(e.into()))?;
            }
            at = open_real(&at, step).map_err(failed)?;
        }
        Ok(at)
    }

    pub(super) fn open_private_folder(&self, name: &str) -> Result<Dir> {
        let opened = open_real(&self.root, PRIVATE_FOLDER).and_then(|at| open_real(&at, name));
        opened.map_err(|e| Error::io("open", "the folder of uploads", e))
    }
}

fn load(folder: &Dir, id: &str) -> Result<Record> {
    let text = folder
        .read_to_string(record_name(id))
        .map_err(|e| Error::io("read the record of", id, e))?;
    Record::parse(&text).ok_or_else(|| {
        let source = io::Error::other("it is broken");
        Error::io("read the record of", id, source)
    })
}

/// Writes a record so that it is there whole, the old or the new.
pub(super) fn save(share: &Share, folder: &Dir, id: &str, record: &Record) -> Result<()> {
    let failed = |e: io::Error| Error::io("write the record of", &record.target, e);
    let temporary = temporary_name()?;
    let written = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = folder.open_with(&temporary, &options)?.into_std();
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all_at(record.to_string().as_bytes(), 0)?;
        if share.terms.sync {
            file.sync_data()?;
        }
        renameat(folder, &temporary, folder, record_name(id))?;
        if share.terms.sync {
            readable(folder)
                .and_then(rustix::fs::fsync)
                .or_else(ignorable)?;
        }
        Ok(())
    };
    written().map_err(|e| match unlinkat(folder, &temporary, AtFlags::empty()) {
        Ok(()) | Err(_) => failed(e),
    })
}

/// The record goes first: data without one is swept, a record without its data would mislead.
pub(super) fn remove(folder: &Dir, id: &str) -> Result<()> {
    let failed = |e: io::Error| Error::io("remove the upload", id, e);
    folder.remove_file(record_name(id)).map_err(failed)?;
    match folder.remove_file(id) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed(e)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn record_name(id: &str) -> String {
    format!("{id}{RECORD_SUFFIX}")
}

/// Whether it has the form of an id; nothing else becomes a name here.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 2 * ID_BYTES
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A folder itself, never one that a link leads to.
fn open_real(parent: &Dir, name: &str) -> io::Result<Dir> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = openat(parent, name, flags, Mode::empty())?;
    Ok(Dir::from_std_file(File::from(fd)))
}

/// What a file system says that has no such thing as syncing a folder.
fn ignorable(error: Errno) -> rustix::io::Result<()> {
    match error {
        Errno::INVAL | Errno::NOTSUP => Ok(()),
        other => Err(other),
    }
}
