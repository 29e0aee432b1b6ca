//! The moment in which uploads take their names: all of a request or none, without ever replacing
//! what nobody asked to replace, and on the disk before anybody hears of it.
//!
//! The order is what makes it durable: contents are synced, then names are taken, then the folders
//! are synced, then the caller tells the hub while it still holds the folders' locks, and only then
//! the client. A crash at any point leaves each name with its old content or its new, whole.
//!
//! Folders are opened again at each step instead of being kept: a form may bring any number of them.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, fstat, statat, syncfs, unlinkat};
use rustix::io::Errno;

use super::entry::{Facts, Kind};
use super::folders::Made;
use super::name::RelPath;
use super::naming::{cannot_hold, exchange, replace, take_free_name, take_name};
use super::order::Order;
use super::share::{Share, readable};
use super::trash::Successor;
use super::upload::{OPEN_MAX, Upload, Uploads};
use crate::error::{self, Error};

/// What to do where something stands at the name of an upload already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Keep both: the new one becomes `photo (2).jpg`.
    Rename,
    /// The new one takes the place of the old.
    Replace,
    /// Publish nothing.
    Fail,
}

/// A file that stands complete under its name.
#[derive(Debug)]
pub struct Published {
    /// Where it stands.
    pub path: RelPath,
    /// What it is now.
    pub facts: Facts,
    /// Whether it took the place of an older one.
    pub replaced: bool,
    /// Where it was meant to stand, when that was taken.
    pub renamed_from: Option<RelPath>,
    /// The token that brings back what it replaced, if that was kept.
    pub undo: Option<String>,
}

/// A change of the disk that is done and synced, with the locks that keep its events in order:
/// publish the events, then drop it.
#[derive(Debug)]
#[must_use]
pub struct Change<'s, T> {
    /// What was changed.
    pub what: T,
    /// Folders that were made on the way, outermost first.
    pub folders: Vec<RelPath>,
    _order: Order<'s>,
}

impl<'s> Uploads<'s> {
    /// Publishes them together: all of them or, on any error, none.
    ///
    /// `permit` is asked for each target while nobody else can change its folder through us; an
    /// error from it refuses the whole.
    ///
    /// # Errors
    /// `Exists` with `OnConflict::Fail`, `Conflict` where a folder stands at a name or a file on
    /// the way to it, `NoSpace`, `Io`, and whatever `permit` says.
    pub fn publish(
        self,
        on_conflict: OnConflict,
        permit: impl Fn(&RelPath) -> error::Result<()>,
    ) -> error::Result<Change<'s, Vec<Published>>> {
        let share = self.share;
        share.sync_contents(&self.list)?;
        let parents = self.list.iter().filter_map(|u| Some(u.target.split()?.0));
        let mut order = share.hold_way_to(parents)?;
        let mut batch = Batch {
            share,
            made: Made::new(share),
            placed: Vec::new(),
        };
        for upload in self.list {
            let permitted = permit(&upload.target);
            if let Err(e) = permitted.and_then(|()| batch.place(upload, on_conflict, &order)) {
                batch.take_back();
                return Err(e);
            }
        }
        match batch.settle() {
            Ok(mut what) => {
                batch.discard_replaced(&mut what);
                let told = what.iter().map(|file| (&file.path, file.facts));
                told.for_each(|(path, facts)| order.touch(path, Some(facts)));
                batch.made.note(&mut order);
                Ok(Change::new(what, batch.made.list, order))
            }
            Err(e) => {
                batch.take_back();
                Err(e)
            }
        }
    }
}

impl<'s, T> Change<'s, T> {
    pub(super) fn new(what: T, folders: Vec<RelPath>, order: Order<'s>) -> Change<'s, T> {
        Change {
            what,
            folders,
            _order: order,
        }
    }

    /// Lets others change those folders again.
    pub fn finish(self) -> T {
        self.what
    }
}

impl Share {
    /// Brings the contents of uploads to the disk: a few one by one, many by syncing their file
    /// system once, which is one commit of its journal instead of a thousand.
    fn sync_contents(&self, uploads: &[Upload]) -> error::Result<()> {
        if !self.terms.sync {
            return Ok(());
        }
        if uploads.len() <= OPEN_MAX || !reports_errors_of_syncfs() {
            return uploads.iter().try_for_each(Upload::sync);
        }
        let mut synced = BTreeSet::new();
        uploads
            .iter()
            .try_for_each(|u| sync_once(&u.folder, &u.target, &mut synced))
    }

    /// Brings the names in folders to the disk, in the same two ways.
    fn sync_folders(&self, folders: &BTreeSet<RelPath>) -> error::Result<()> {
        if !self.terms.sync {
            return Ok(());
        }
        let each_alone = folders.len() <= OPEN_MAX || !reports_errors_of_syncfs();
        let mut synced = BTreeSet::new();
        folders.iter().try_for_each(|path| {
            let dir = self.folder(path)?;
            match each_alone {
                true => self.sync_folder(&dir, path),
                false => sync_once(&dir, path, &mut synced),
            }
        })
    }

    /// Brings the names in a folder to the disk. A file system that has no such thing as syncing a
    /// folder says so with `INVAL`, and then there is nothing to be done.
    pub(super) fn sync_folder(&self, dir: &Dir, path: &RelPath) -> error::Result<()> {
        if !self.terms.sync {
            return Ok(());
        }
        match readable(dir).and_then(rustix::fs::fsync) {
            Ok(()) | Err(Errno::INVAL | Errno::NOTSUP) => Ok(()),
            Err(e) => Err(Error::io("sync", path, e.into())),
        }
    }
}

/// Syncs the file system that a folder lies on, unless that was done already.
fn sync_once(dir: &Dir, path: &RelPath, synced: &mut BTreeSet<u64>) -> error::Result<()> {
    let failed = |e: Errno| Error::io("sync", path, e.into());
    if synced.insert(fstat(dir).map_err(failed)?.st_dev) {
        let fd = readable(dir).map_err(failed)?;
        syncfs(&fd).map_err(failed)?;
    }
    Ok(())
}

/// Since Linux 5.8 `syncfs` tells of failed writes; before, only syncing each file does.
pub(super) fn reports_errors_of_syncfs() -> bool {
    let system = rustix::system::uname();
    let release = system.release().to_string_lossy();
    let mut numbers = release
        .split(['.', '-'])
        .map_while(|part| part.parse::<u32>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (5, 8)
}

/// What one request has changed so far, with what it takes to change it back.
struct Batch<'s> {
    share: &'s Share,
    made: Made<'s>,
    placed: Vec<Placed>,
}

struct Placed {
    upload: Upload,
    parent: RelPath,
    name: OsString,
    replaced: bool,
}

impl Batch<'_> {
    /// Makes the folders on the way to an upload's target and gives it its name there.
    fn place(
        &mut self,
        mut upload: Upload,
        on_conflict: OnConflict,
        order: &Order<'_>,
    ) -> error::Result<()> {
        let target = upload.target.clone();
        let (parent, name) = target
            .split()
            .ok_or(Error::Forbidden("That is the shared folder."))?;
        let folder = self.made.open(&parent, order)?;
        let failed = |e: Errno| match e {
            e if cannot_hold(&folder, name, e) => Error::UNHELD_NAME,
            Errno::ISDIR => Error::Conflict("A folder stands at that path."),
            // Its hidden file went with the folder that it lay in.
            Errno::NOENT => Error::Conflict("The folder was removed meanwhile."),
            other => Error::io("name", &target, other.into()),
        };
        let from = (&*upload.folder, OsStr::new(&upload.temporary));
        let (name, replaced) = match on_conflict {
            OnConflict::Fail => {
                take_name(from, &folder, name).map_err(failed)?;
                (name.to_os_string(), false)
            }
            OnConflict::Rename => (take_free_name(from, &folder, name).map_err(failed)?, false),
            OnConflict::Replace => (
                name.to_os_string(),
                replace(from, &folder, name).map_err(failed)?,
            ),
        };
        // After an exchange the temporary name holds the old file, else nothing.
        upload.pending = replaced;
        self.placed.push(Placed {
            upload,
            parent,
            name,
            replaced,
        });
        Ok(())
    }

    /// Keeps what was replaced for a while, as far as it can be kept.
    fn discard_replaced(&mut self, published: &mut [Published]) {
        let sync = self.placed.len() <= OPEN_MAX;
        for (placed, published) in self.placed.iter_mut().zip(published) {
            if placed.replaced {
                let upload = &mut placed.upload;
                let old = (&*upload.folder, OsStr::new(&upload.temporary));
                let successor = Some(Successor::of(&published.facts));
                published.undo = self.share.discard(old, &published.path, successor, sync);
                upload.pending = published.undo.is_none();
            }
        }
    }

    /// Syncs each folder that has changed, once, and looks at what now stands at each name.
    fn settle(&self) -> error::Result<Vec<Published>> {
        let outer = self
            .made
            .list
            .iter()
            .filter_map(|folder| Some(folder.split()?.0));
        let changed: BTreeSet<RelPath> = self
            .placed
            .iter()
            .map(|placed| placed.parent.clone())
            .chain(outer)
            .collect();
        self.share.sync_folders(&changed)?;
        self.placed
            .iter()
            .map(|placed| self.look_at(placed))
            .collect()
    }

    /// What we have placed, which need no longer stand at its name: somebody else may have put a
    /// folder there by now, and it is of our file that we tell.
    fn look_at(&self, placed: &Placed) -> error::Result<Published> {
        let path = placed.parent.entry(&placed.name);
        let failed = |e: Errno| Error::io("look at", &path, e.into());
        let facts = match placed.upload.facts() {
            Some(facts) => facts.map_err(failed)?,
            None => {
                let folder = self.share.folder(&placed.parent)?;
                let stat = statat(&folder, &placed.name, AtFlags::SYMLINK_NOFOLLOW);
                let found = stat.map(|stat| Facts::new(&stat)).ok();
                let size = placed.upload.size;
                let is_ours = |facts: &Facts| facts.kind == Kind::File && facts.size == size;
                found
                    .filter(is_ours)
                    .unwrap_or_else(|| Facts::of_lost_file(size))
            }
        };
        let wished = &placed.upload.target;
        Ok(Published {
            facts,
            replaced: placed.replaced,
            undo: None,
            renamed_from: (*wished != path).then(|| wished.clone()),
            path,
        })
    }

    /// Puts everything back, the last first. What cannot be put back any more was changed by
    /// somebody else meanwhile, and then theirs is to stand.
    fn take_back(&mut self) {
        for Placed {
            upload,
            parent,
            name,
            replaced,
        } in self.placed.drain(..).rev()
        {
            let Ok(folder) = self.share.folder(&parent) else {
                continue;
            };
            let from = (&*upload.folder, OsStr::new(&upload.temporary));
            let undone = if replaced {
                exchange(from, &folder, &name)
            } else {
                unlinkat(&folder, &name, AtFlags::empty())
            };
            match undone {
                Ok(()) | Err(_) => {}
            }
        }
        self.made.take_back();
    }
}
