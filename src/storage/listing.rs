//! What lies in a folder: with all that is told of each entry, or the names alone.

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, FileType, RawDir, statat};
use rustix::io::Errno;

use super::entry::{Entry, Facts, Kind};
use super::name::{RelPath, is_reserved};
use super::share::{Share, readable};
use crate::error::{Error, Result};

/// Names are read from the kernel by the block; one of this size holds a few hundred.
const BUFFER_BYTES: usize = 32 << 10;

impl Share {
    /// Shows the entries of a folder, in no order, until `visit` has seen enough. Links that work
    /// are shown as what they point to; an entry that vanishes meanwhile is left out.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is no folder, `Forbidden`, `Io`.
    pub fn list(
        &self,
        folder: &RelPath,
        mut visit: impl FnMut(Entry<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        self.each_name(folder, |dir, name, _| {
            let found = self.found(dir, folder, name)?;
            Ok(found.map_or(ControlFlow::Continue(()), &mut visit))
        })
    }

    /// Shows the names in a folder and what stands there, in no order, as `list` does. Most file
    /// systems have the kind beside the name, so that only links are looked at.
    ///
    /// # Errors
    /// As `list`.
    pub fn names(
        &self,
        folder: &RelPath,
        mut visit: impl FnMut(&OsStr, Kind) -> ControlFlow<()>,
    ) -> Result<()> {
        self.each_name(folder, |dir, name, file_type| {
            if !matches!(file_type, FileType::Symlink | FileType::Unknown) {
                return Ok(visit(name, Kind::of(file_type)));
            }
            let found = self.found(dir, folder, name)?;
            Ok(found.map_or(ControlFlow::Continue(()), |entry| {
                visit(entry.name, entry.facts.kind)
            }))
        })
    }

    /// The names in a folder, but for livedrop's own.
    fn each_name(
        &self,
        folder: &RelPath,
        mut visit: impl FnMut(&OwnedFd, &OsStr, FileType) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let failed = |e: Errno| Error::io("list", folder, e.into());
        let dir = readable(&self.folder(folder)?).map_err(failed)?;
        let depth = self.depth(&dir);
        let mut buffer = Vec::with_capacity(BUFFER_BYTES);
        let mut names = RawDir::new(&dir, buffer.spare_capacity_mut());
        while let Some(item) = names.next() {
            let item = item.map_err(failed)?;
            let name = item.file_name().to_bytes();
            if name == b"." || name == b".." || is_reserved(name, depth) {
                continue;
            }
            if visit(&dir, OsStr::from_bytes(name), item.file_type())?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Shows what a listing of a folder would show under these names; what is not there is left out.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is no folder, `Forbidden`, `Io`.
    pub fn look(
        &self,
        folder: &RelPath,
        names: &[OsString],
        mut visit: impl FnMut(Entry<'_>),
    ) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let dir = self.folder(folder)?;
        let depth = self.depth(&dir);
        for name in names {
            if !is_reserved(name.as_bytes(), depth)
                && let Some(entry) = self.found(&dir, folder, name)?
            {
                visit(entry);
            }
        }
        Ok(())
    }

    /// What a listing of an open folder shows under a name, if anything is there.
    fn found<'n>(
        &self,
        dir: impl AsFd,
        folder: &RelPath,
        name: &'n OsStr,
    ) -> Result<Option<Entry<'n>>> {
        match self.entry(dir, folder, name) {
            Ok(entry) => Ok(Some(entry)),
            Err(Error::NotFound) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn entry<'n>(&self, dir: impl AsFd, folder: &RelPath, name: &'n OsStr) -> Result<Entry<'n>> {
        let own = self.own_facts(dir, folder, name)?;
        let is_link = own.kind == Kind::Link;
        let facts = match is_link {
            // One that leads nowhere or outside stays a link.
            true => self.facts(&folder.entry(name)).unwrap_or(own),
            false => own,
        };
        Ok(Entry {
            name,
            facts,
            is_link,
        })
    }

    /// The same of any name, and whether it is a link.
    ///
    /// # Errors
    /// `NotFound`, also for livedrop's own names; `Io`.
    pub(super) fn entry_facts(
        &self,
        dir: &Dir,
        folder: &RelPath,
        name: &OsStr,
    ) -> Result<(Facts, bool)> {
        if is_reserved(name.as_bytes(), self.depth(dir)) {
            return Err(Error::NotFound);
        }
        let entry = self.entry(dir, folder, name)?;
        Ok((entry.facts, entry.is_link))
    }

    /// What stands under a name itself, link or not.
    pub(super) fn own_facts(
        &self,
        dir: impl AsFd,
        folder: &RelPath,
        name: &OsStr,
    ) -> Result<Facts> {
        let stat = statat(dir, name, AtFlags::SYMLINK_NOFOLLOW);
        let stat = stat.map_err(|e| Error::io("look at", folder.entry(name), e.into()))?;
        Ok(Facts::new(&stat))
    }

    /// How deep an open folder lies, as far as livedrop's own names go by it: a link can lead to
    /// the root from deeper down, and then what is livedrop's own lies here too.
    pub(super) fn depth(&self, dir: impl AsFd) -> usize {
        usize::from(!self.is_root(dir))
    }
}
