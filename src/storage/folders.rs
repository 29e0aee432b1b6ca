//! Folders that are made on the way to something, and taken back when nothing comes of it.

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, Mode, chmodat, mkdirat, unlinkat};
use rustix::io::Errno;

use super::entry::{Facts, Kind};
use super::name::RelPath;
use super::naming::cannot_hold;
use super::order::Order;
use super::publish::Change;
use super::share::{Share, stat_of};
use crate::error::{Error, Result};

/// Somebody else was faster.
const REMOVED: Error = Error::Conflict("A folder was removed meanwhile.");
/// Permissions of a new folder, less the umask.
const FOLDER_MODE: u32 = 0o755;

/// The folders that one request has made so far.
#[derive(Debug)]
pub(super) struct Made<'s> {
    share: &'s Share,
    /// Outermost first.
    pub(super) list: Vec<RelPath>,
    /// What each of them is.
    facts: Vec<Facts>,
}

impl<'s> Made<'s> {
    pub(super) fn new(share: &'s Share) -> Made<'s> {
        Made {
            share,
            list: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// Opens a folder, making it and the folders on the way to it where they are missing. The way
    /// to it is held.
    pub(super) fn open(&mut self, path: &RelPath, order: &Order<'_>) -> Result<Dir> {
        match self.share.folder(path) {
            Err(Error::NotFound) => {}
            other => return other,
        }
        let mut at = self.share.folder(&RelPath::root())?;
        for step in path.ancestors() {
            at = match self.share.folder(&step) {
                Err(Error::NotFound) => {
                    let is_held = step.split().is_some_and(|(parent, _)| order.holds(&parent));
                    if !is_held {
                        return Err(REMOVED);
                    }
                    self.make(&at, &step)?
                }
                other => other?,
            };
        }
        Ok(at)
    }

    /// Opens a folder that was missing just now.
    fn make(&mut self, parent: &Dir, path: &RelPath) -> Result<Dir> {
        let is_ours = match self.share.mkdir(parent, path) {
            Ok(()) => true,
            Err(Error::Exists) => false,
            Err(e) => return Err(e),
        };
        if is_ours {
            self.list.push(path.clone());
        }
        let folder = self.share.folder(path).map_err(|e| match e {
            Error::NotFound if is_ours => REMOVED,
            Error::NotFound => Error::Forbidden("A link that leads nowhere is in the way."),
            other => other,
        })?;
        if is_ours {
            self.facts.push(stat_of(&folder, path)?);
        }
        Ok(folder)
    }

    /// Removes them again. What is no longer empty stays: it is somebody else's by now.
    pub(super) fn take_back(&mut self) {
        for made in self.list.drain(..).rev() {
            let parent = made
                .split()
                .and_then(|(parent, _)| self.share.folder(&parent).ok());
            let removed = parent.map(|dir| unlinkat(&dir, made.name(), AtFlags::REMOVEDIR));
            match removed {
                Some(Ok(()) | Err(_)) | None => {}
            }
        }
    }

    /// Has it noted that they were made, and told.
    pub(super) fn note(&self, order: &mut Order<'_>) {
        let made = self.list.iter().zip(&self.facts);
        made.for_each(|(path, facts)| order.touch(path, Some(*facts)));
    }
}

impl Share {
    /// Makes one folder, in a folder that stands.
    ///
    /// # Errors
    /// `Exists`, `Conflict` when its folder is missing or none, `Forbidden`, `NoSpace`, `Io`.
    pub fn make_folder(&self, path: &RelPath) -> Result<Change<'_, ()>> {
        let (parent, name) = path.split().ok_or(Error::Exists)?;
        let mut order = self.hold(std::iter::once(parent.clone()));
        let dir = self.destination(&parent)?;
        self.mkdir(&dir, path)?;
        if let Err(e) = self.sync_folder(&dir, &parent) {
            return match unlinkat(&dir, name, AtFlags::REMOVEDIR) {
                Ok(()) | Err(_) => Err(e),
            };
        }
        // Of ours we tell, which somebody else may have taken away by now.
        let found = self
            .entry_facts(&dir, &parent, name)
            .map(|(facts, _)| facts);
        let ours = found.ok().filter(|facts| facts.kind == Kind::Folder);
        order.touch(path, Some(ours.unwrap_or_else(Facts::of_lost_folder)));
        Ok(Change::new((), Vec::new(), order))
    }

    /// Opens the folder that something is to be put into, which has to be there.
    pub(super) fn destination(&self, folder: &RelPath) -> Result<Dir> {
        self.folder(folder).map_err(|e| match e {
            Error::NotFound => Error::Conflict("The folder that it is to stand in is missing."),
            other => other,
        })
    }

    /// Makes a folder under the last name of a path.
    pub(super) fn mkdir(&self, parent: &Dir, path: &RelPath) -> Result<()> {
        let failed = |e: Errno| match cannot_hold(parent, path.name(), e) {
            true => Error::UNHELD_NAME,
            false => Error::io("create", path, e.into()),
        };
        mkdirat(parent, path.name(), Mode::from_raw_mode(FOLDER_MODE)).map_err(failed)?;
        match self.terms.folder_mode {
            Some(mode) => {
                let mode = Mode::from_raw_mode(mode);
                chmodat(parent, path.name(), mode, AtFlags::empty()).map_err(failed)
            }
            None => Ok(()),
        }
    }
}
