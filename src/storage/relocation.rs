//! Removing, moving and copying what stands in the share, files and whole trees (RFC 4918, sections
//! 9.6 to 9.9).
//!
//! Within a file system a tree moves by one rename, so that it is never half moved. To another it
//! is copied under a hidden name, brought to the disk, given its name, and only then removed where
//! it was.

use std::ffi::OsStr;

use cap_std::fs::Dir;
use rustix::io::Errno;

use super::entry::{Facts, Kind};
use super::name::RelPath;
use super::naming::{cannot_hold, put};
use super::order::Order;
use super::publish::Change;
use super::replica::{Depth, Replica};
use super::share::Share;
use super::trash::{Rest, Successor};
use crate::error::{Error, Result};

/// What was removed.
#[derive(Debug)]
pub struct Removed {
    /// What it was.
    pub kind: Kind,
    /// The token that brings it back, if it was kept.
    pub undo: Option<String>,
    /// What is to be cleared away once the change has been told.
    pub rest: Option<Rest>,
}

/// What was put at a path.
#[derive(Debug)]
pub struct Placed {
    /// What it is.
    pub facts: Facts,
    /// What it replaced.
    pub replaced: Option<Removed>,
    /// What is to be cleared away where it stood before.
    pub rest: Option<Rest>,
}

impl Share {
    /// Removes a file, or a folder with what it holds. It vanishes at once and as a whole.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden` for the shared folder itself, `Io`.
    pub fn remove(
        &self,
        path: &RelPath,
        permit: impl Fn(&RelPath) -> Result<()>,
    ) -> Result<Change<'_, Removed>> {
        let (parent, name) = parts(path)?;
        let mut order = self.hold(std::iter::once(parent.clone()));
        permit(path)?;
        let dir = self.folder(&parent)?;
        let facts = self.entry_facts(&dir, &parent, name)?.0;
        let removed = self.take_away((&dir, name), path, facts.kind, None)?;
        if let Err(e) = self.sync_folder(&dir, &parent) {
            self.put_back(&removed, &dir, name);
            return Err(e);
        }
        // Before anybody could watch it fall to pieces.
        self.note(path, None);
        order.touch(path, None);
        Ok(Change::new(removed, Vec::new(), order))
    }

    /// Moves a file or a folder to another path.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden` onto itself or into each other, `Conflict` where the folder of the
    /// destination is missing, `Exists` where something stands there and `overwrite` is false,
    /// `NoSpace`, `Io`.
    pub fn relocate(
        &self,
        from: &RelPath,
        to: &RelPath,
        overwrite: bool,
        permit: impl Fn(&RelPath) -> Result<()>,
    ) -> Result<Change<'_, Placed>> {
        check_apart(from, to)?;
        let ((from_parent, from_name), (to_parent, to_name)) = (parts(from)?, parts(to)?);
        let both = || [from_parent.clone(), to_parent.clone()].into_iter();
        let mut order = self.hold(both());
        permit(from)?;
        let from_dir = self.folder(&from_parent)?;
        self.entry_facts(&from_dir, &from_parent, from_name)?;
        let to_dir = self.destination(&to_parent)?;
        let old_kind = self.kind_at(&to_dir, &to_parent, to_name);
        let (replaced, rest) = match put((&from_dir, from_name), &to_dir, to_name, overwrite) {
            Ok(replaced) => {
                let old = (&from_dir, from_name);
                let successor = Some(self.successor(&to_dir, &to_parent, to_name)?);
                let replaced = replaced
                    .then(|| self.take_away(old, to, old_kind, successor))
                    .transpose()?;
                (replaced, None)
            }
            Err(Errno::XDEV) => {
                drop(order);
                let replica = self.replicate(from, &to_parent, Depth::Infinity)?;
                order = self.hold(both());
                permit(from)?;
                let replaced = self.place(&replica, (&to_dir, to), overwrite)?;
                match Rest::hide(&from_dir, from_name) {
                    Ok(rest) => (replaced, Some(rest)),
                    Err(e) => {
                        // It stays where it was; so its double has to go again.
                        self.undo_placing(replaced, &to_dir, to_name);
                        return Err(Error::io("move", from, e.into()));
                    }
                }
            }
            Err(e) => return Err(refused(e, &to_dir, to)),
        };
        self.sync_folder(&to_dir, &to_parent)?;
        self.sync_folder(&from_dir, &from_parent)?;
        let facts = self.entry_facts(&to_dir, &to_parent, to_name)?.0;
        let told = self.as_told(from, facts);
        self.note(from, None);
        self.settle(&mut order, to, told);
        order.touch(from, None);
        let placed = Placed {
            facts,
            replaced,
            rest,
        };
        Ok(Change::new(placed, Vec::new(), order))
    }

    /// Copies a file or a folder to another path. Links are copied as what they point to.
    ///
    /// # Errors
    /// As `relocate`; `Forbidden` for what is neither file nor folder.
    pub fn duplicate(
        &self,
        from: &RelPath,
        to: &RelPath,
        overwrite: bool,
        depth: Depth,
        permit: impl Fn(&RelPath) -> Result<()>,
    ) -> Result<Change<'_, Placed>> {
        check_apart(from, to)?;
        let (to_parent, to_name) = parts(to)?;
        permit(from)?;
        self.facts(from)?;
        let to_dir = self.destination(&to_parent)?;
        if !overwrite && self.entry_facts(&to_dir, &to_parent, to_name).is_ok() {
            return Err(Error::Exists);
        }
        let replica = self.replicate(from, &to_parent, depth)?;
        let mut order = self.hold(std::iter::once(to_parent.clone()));
        let replaced = self.place(&replica, (&to_dir, to), overwrite)?;
        self.sync_folder(&to_dir, &to_parent)?;
        let facts = self.entry_facts(&to_dir, &to_parent, to_name)?.0;
        self.settle(&mut order, to, facts);
        let placed = Placed {
            facts,
            replaced,
            rest: None,
        };
        Ok(Change::new(placed, Vec::new(), order))
    }

    /// Gives a replica its name.
    fn place(
        &self,
        replica: &Replica<'_>,
        (to_dir, to): (&Dir, &RelPath),
        overwrite: bool,
    ) -> Result<Option<Removed>> {
        let (to_parent, to_name) = parts(to)?;
        let old_kind = self.kind_at(to_dir, &to_parent, to_name);
        let source = replica.source();
        let is_old = put(source, to_dir, to_name, overwrite).map_err(|e| refused(e, to_dir, to))?;
        let successor = Some(self.successor(to_dir, &to_parent, to_name)?);
        is_old
            .then(|| self.take_away(source, to, old_kind, successor))
            .transpose()
    }

    /// Takes away what stands at a name: into the trash, or else under a hidden name.
    fn take_away(
        &self,
        at: (&Dir, &OsStr),
        path: &RelPath,
        kind: Kind,
        successor: Option<Successor>,
    ) -> Result<Removed> {
        let undo = self.discard(at, path, successor, true);
        let rest = match undo {
            Some(_) => None,
            None => match Rest::hide(at.0, at.1) {
                Ok(rest) => Some(rest),
                // Where names cannot be exchanged, what stood there is gone already.
                Err(Errno::NOENT) if successor.is_some() => None,
                Err(e) => return Err(Error::io("remove", path, e.into())),
            },
        };
        Ok(Removed { kind, undo, rest })
    }

    /// Puts back what was taken away, unless somebody has put another there by now.
    fn put_back(&self, removed: &Removed, dir: &Dir, name: &OsStr) {
        let put_back = match (&removed.undo, &removed.rest) {
            (Some(token), _) => self.restore(token, dir, name),
            (None, Some(rest)) => put((dir, rest.name()), dir, name, false)
                .map_err(|e| refused(e, dir, &RelPath::root())),
            (None, None) => Ok(false),
        };
        match put_back {
            Ok(_) | Err(_) => {}
        }
    }

    fn restore(&self, token: &str, dir: &Dir, name: &OsStr) -> Result<bool> {
        let (trash, record) = self.discarded(token)?;
        let from = (&trash, OsStr::new(token));
        put(from, dir, name, false).map_err(|e| refused(e, dir, &record.path))?;
        self.forget_discarded(&trash, token);
        Ok(true)
    }

    /// Takes away what was placed, and puts back what it replaced.
    fn undo_placing(&self, replaced: Option<Removed>, dir: &Dir, name: &OsStr) {
        if let Ok(double) = Rest::hide(dir, name) {
            if let Some(replaced) = &replaced {
                self.put_back(replaced, dir, name);
            }
            double.clear();
        }
    }

    /// Notes what now stands at a path, and lets go of what was watched there before.
    fn settle(&self, order: &mut Order<'_>, path: &RelPath, facts: Facts) {
        self.note(path, Some(&facts));
        order.touch(path, Some(facts));
    }

    /// What watchers know a name as.
    pub(super) fn kind_at(&self, dir: &Dir, parent: &RelPath, name: &OsStr) -> Kind {
        let facts = self.entry_facts(dir, parent, name);
        facts.map_or(Kind::Other, |(facts, _)| facts.kind)
    }

    fn successor(&self, dir: &Dir, parent: &RelPath, name: &OsStr) -> Result<Successor> {
        Ok(Successor::of(&self.own_facts(dir, parent, name)?))
    }
}

fn parts(path: &RelPath) -> Result<(RelPath, &OsStr)> {
    path.split()
        .ok_or(Error::Forbidden("That is the shared folder."))
}

/// Nothing can be put onto itself, into itself, or in the place of what it lies in.
fn check_apart(from: &RelPath, to: &RelPath) -> Result<()> {
    match from.is_in(to) || to.is_in(from) {
        true => Err(Error::Forbidden(
            "Source and destination are the same, or one lies in the other.",
        )),
        false => Ok(()),
    }
}

fn refused(error: Errno, dir: &Dir, path: &RelPath) -> Error {
    match error {
        e if cannot_hold(dir, path.name(), e) => Error::UNHELD_NAME,
        // By way of a link.
        Errno::INVAL => {
            Error::Forbidden("Source and destination are the same, or one lies in the other.")
        }
        Errno::NOTEMPTY | Errno::ISDIR | Errno::NOTDIR => {
            Error::Conflict("The file system cannot put one in the place of the other.")
        }
        other => Error::io("put something at", path, other.into()),
    }
}
