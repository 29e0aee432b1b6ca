//! A copy in the making, under a hidden name beside its destination: of a file, or of a tree.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::syncfs;

use super::entry::Kind;
use super::name::RelPath;
use super::naming::Source;
use super::publish::reports_errors_of_syncfs;
use super::removal::remove_tree;
use super::room::Room;
use super::share::{OpenFile, Share, Stored, readable};
use super::upload::{FILE_MODE, lock, set_modified, temporary_name};
use super::walk::Tree;
use crate::error::{Error, Result};

/// How much of a folder is copied (RFC 4918, section 10.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The folder alone.
    Zero,
    /// All that it holds.
    Infinity,
}

/// A hidden copy; dropping it removes what stands under its hidden name by then.
#[derive(Debug)]
pub(super) struct Replica<'s> {
    share: &'s Share,
    dir: Dir,
    hidden: OsString,
    is_folder: bool,
    room: Room<'s>,
}

impl Share {
    /// Copies what stands at a path under a hidden name in `folder`, and to the disk.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden` for what is neither file nor folder, `Conflict` when a file changes
    /// meanwhile, `NoSpace`, `Io`.
    pub(super) fn replicate(
        &self,
        from: &RelPath,
        folder: &RelPath,
        depth: Depth,
    ) -> Result<Replica<'_>> {
        let stored = self.read(from)?;
        let mut replica = Replica {
            share: self,
            dir: self.destination(folder)?,
            hidden: temporary_name()?.into(),
            is_folder: matches!(stored, Stored::Folder),
            room: self.promise(0)?,
        };
        let top = Path::new(&replica.hidden).to_path_buf();
        match stored {
            Stored::File(source) => replica.copy(&source, &top, from)?,
            Stored::Folder => {
                replica.make_folder(&top, from)?;
                if depth == Depth::Infinity {
                    replica.fill(from, &top)?;
                }
            }
        }
        replica.sync(from)?;
        Ok(replica)
    }
}

impl Replica<'_> {
    /// Where it lies.
    pub(super) fn source(&self) -> Source<'_> {
        (&self.dir, &self.hidden)
    }

    fn fill(&mut self, from: &RelPath, top: &Path) -> Result<()> {
        let tree = Tree {
            top: from.clone(),
            names: None,
        };
        let share = self.share;
        share.walk(&tree, |found| {
            let inner = top.join(OsStr::from_bytes(found.inner));
            match found.facts.kind {
                Kind::Folder => self.make_folder(&inner, found.path),
                _ => match share.read(found.path)? {
                    Stored::File(source) => self.copy(&source, &inner, found.path),
                    Stored::Folder => Err(changed()),
                },
            }
        })
    }

    fn make_folder(&self, at: &Path, path: &RelPath) -> Result<()> {
        let failed = |e: io::Error| Error::io("make a copy of", path, e);
        self.dir.create_dir(at).map_err(failed)?;
        if let Some(mode) = self.share.terms.folder_mode {
            let permissions = cap_std::fs::Permissions::from_std(Permissions::from_mode(mode));
            self.dir.set_permissions(at, permissions).map_err(failed)?;
        }
        Ok(())
    }

    fn copy(&mut self, source: &OpenFile, at: &Path, path: &RelPath) -> Result<()> {
        let failed = |e: io::Error| Error::io("make a copy of", path, e);
        self.room.promise_more(source.facts.size)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(FILE_MODE);
        let file = self.dir.open_with(at, &options).map_err(failed)?.into_std();
        lock(&file);
        if let Some(mode) = self.share.terms.file_mode {
            file.set_permissions(Permissions::from_mode(mode))
                .map_err(failed)?;
        }
        let copied = io::copy(&mut &source.file, &mut &file).map_err(failed)?;
        if copied != source.facts.size || !source.is_unchanged() {
            return Err(changed());
        }
        self.room.spend(copied)?;
        set_modified(&file, source.facts.modified()).map_err(|e| failed(e.into()))?;
        if self.share.terms.sync && (!self.is_folder || !reports_errors_of_syncfs()) {
            file.sync_all().map_err(failed)?;
        }
        Ok(())
    }

    /// Brings a tree to the disk.
    fn sync(&self, path: &RelPath) -> Result<()> {
        if !self.is_folder || !self.share.terms.sync {
            return Ok(());
        }
        let synced = readable(&self.dir).and_then(|dir| syncfs(File::from(dir)));
        synced.map_err(|e| Error::io("make a copy of", path, e.into()))
    }
}

impl Drop for Replica<'_> {
    fn drop(&mut self) {
        // Once it has its name, nothing stands here any more.
        match self.is_folder {
            true => drop(remove_tree(&self.dir, &self.hidden)),
            false => drop(self.dir.remove_file(&self.hidden)),
        }
    }
}

fn changed() -> Error {
    Error::Conflict("It was changed while it was copied.")
}
