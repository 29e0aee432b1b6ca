//! The moment in which uploads take their names: all of a request or none, without ever replacing
//! what nobody asked to replace, and on the disk before anybody hears of it.
//!
//! The order is what makes it durable: the content is synced before (`Upload::finish`), then names
//! are taken, then the folders are synced, then the caller tells the hub while it still holds the
//! folders' locks, and only then the client. A crash at any point leaves each name with its old
//! content or its new, whole.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{MutexGuard, PoisonError};

use cap_std::fs::Dir;
use rustix::fs::{AtFlags, FileType, Mode, mkdirat, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::entry::{Facts, Kind};
use super::name::RelPath;
use super::naming::{exchange, replace, take_free_name, take_name};
use super::share::{Share, readable};
use super::upload::{Upload, temporary_name};
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
    _order: Vec<MutexGuard<'s, ()>>,
}

impl Share {
    /// Publishes finished uploads together: all of them or, on any error, none.
    ///
    /// `permit` is asked for each target while nobody else can change its folder through us; an
    /// error from it refuses the whole.
    ///
    /// # Errors
    /// `Exists` with `OnConflict::Fail`, `Conflict` where a folder stands at a name or a file on
    /// the way to it, `NoSpace`, `Io`, and whatever `permit` says.
    pub fn publish(
        &self,
        uploads: Vec<Upload>,
        on_conflict: OnConflict,
        permit: impl Fn(&RelPath) -> error::Result<()>,
    ) -> error::Result<Change<'_, Vec<Published>>> {
        let order = self.hold(uploads.iter().filter_map(|u| Some(u.target.split()?.0)));
        let mut batch = Batch::default();
        for upload in uploads {
            let placed =
                permit(&upload.target).and_then(|()| self.place(upload, on_conflict, &mut batch));
            if let Err(e) = placed {
                batch.take_back();
                return Err(e);
            }
        }
        let published = match batch.settle() {
            Ok(published) => published,
            Err(e) => {
                batch.take_back();
                return Err(e);
            }
        };
        Ok(Change {
            what: published,
            folders: batch.keep(),
            _order: order,
        })
    }

    /// Removes a file, or a folder with what it holds. It vanishes at once and as a whole: it is
    /// moved to a hidden name first.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden` for the shared folder itself, `Io`.
    pub fn remove(&self, path: &RelPath) -> error::Result<Change<'_, Kind>> {
        let (parent, name) = path
            .split()
            .ok_or(Error::Forbidden("That is the shared folder."))?;
        let order = self.hold([parent.clone()].into_iter());
        let dir = self.folder(&parent)?;
        let stat = statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|e| Error::io("remove", path, e.into()))?;
        let hidden = temporary_name()?;
        renameat(&dir, name, &dir, &hidden).map_err(|e| Error::io("remove", path, e.into()))?;
        sync(&dir, &parent)?;
        let kind = Facts::new(&stat).kind;
        let removed = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => dir.remove_dir_all(&hidden),
            _ => dir.remove_file(&hidden),
        };
        removed.map_err(|e| Error::io("remove", path, e))?;
        Ok(Change {
            what: kind,
            folders: Vec::new(),
            _order: order,
        })
    }

    /// Takes the locks of these folders, always in the same order.
    fn hold(&self, folders: impl Iterator<Item = RelPath>) -> Vec<MutexGuard<'_, ()>> {
        let slot = |folder: RelPath| {
            let mut hasher = DefaultHasher::new();
            folder.hash(&mut hasher);
            (hasher.finish() % self.order.len() as u64) as usize
        };
        let slots: BTreeSet<usize> = folders.map(slot).collect();
        // The lock guards no data that a panic could have left wrong.
        let take = |slot: usize| {
            self.order[slot]
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        slots.into_iter().map(take).collect()
    }

    /// Makes the folders on the way to an upload's target and gives it its name there.
    fn place(
        &self,
        mut upload: Upload,
        on_conflict: OnConflict,
        batch: &mut Batch,
    ) -> error::Result<()> {
        let (parent, name) = upload
            .target
            .split()
            .ok_or(Error::Forbidden("That is the shared folder."))?;
        let folder = self.make_folders(&parent, batch)?;
        let failed = |e: Errno| Error::io("name", &upload.target, e.into());
        let from = (&upload.folder, upload.temporary.as_str());
        let (name, replaced) = match on_conflict {
            OnConflict::Fail => {
                take_name(from, &folder, name).map_err(failed)?;
                (name.to_os_string(), false)
            }
            OnConflict::Rename => (take_free_name(from, &folder, name).map_err(failed)?, false),
            OnConflict::Replace => {
                let replaced = replace(from, &folder, name).map_err(|e| match e {
                    Errno::ISDIR => Error::Conflict("A folder stands at that path."),
                    other => failed(other),
                })?;
                (name.to_os_string(), replaced)
            }
        };
        // After an exchange the temporary name holds the old file, else nothing.
        upload.pending = replaced;
        let path = parent.entry(&name);
        batch.placed.push(Placed {
            upload,
            folder,
            parent,
            name,
            path,
            replaced,
        });
        Ok(())
    }

    /// Opens a folder, making it and the folders on the way to it where they are missing.
    fn make_folders(&self, path: &RelPath, batch: &mut Batch) -> error::Result<Dir> {
        match self.folder(path) {
            Err(Error::NotFound) => {}
            other => return other,
        }
        let mut at = self
            .root
            .try_clone()
            .map_err(|e| Error::io("open", ".", e))?;
        let mut outer = RelPath::root();
        for step in path.ancestors() {
            at = match self.folder(&step) {
                Err(Error::NotFound) => {
                    let made = mkdirat(&at, step.name(), Mode::from_raw_mode(0o777));
                    match made {
                        Ok(()) => batch.made.push((at, outer, step.clone())),
                        Err(Errno::EXIST) => {}
                        Err(e) => return Err(Error::io("create", &step, e.into())),
                    }
                    self.folder(&step)?
                }
                other => other?,
            };
            outer = step;
        }
        Ok(at)
    }
}

/// What one request has changed so far, with what it takes to change it back.
#[derive(Default)]
struct Batch {
    /// Folders made: the one each was made in, that one's path, and its own.
    made: Vec<(Dir, RelPath, RelPath)>,
    placed: Vec<Placed>,
}

struct Placed {
    upload: Upload,
    folder: Dir,
    parent: RelPath,
    name: OsString,
    path: RelPath,
    replaced: bool,
}

impl Batch {
    /// Syncs each folder that has changed, once, and looks at what now stands at each name.
    fn settle(&self) -> error::Result<Vec<Published>> {
        let mut synced = BTreeSet::new();
        let made = self.made.iter().map(|(dir, path, _)| (dir, path));
        for (dir, path) in self
            .placed
            .iter()
            .map(|p| (&p.folder, &p.parent))
            .chain(made)
        {
            if synced.insert(path) {
                sync(dir, path)?;
            }
        }
        self.placed
            .iter()
            .map(|p| {
                let stat = statat(&p.folder, &p.name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_err(|e| Error::io("look at", &p.path, e.into()))?;
                let facts = Facts::new(&stat);
                let wished = &p.upload.target;
                Ok(Published {
                    path: p.path.clone(),
                    facts,
                    replaced: p.replaced,
                    renamed_from: (*wished != p.path).then(|| wished.clone()),
                })
            })
            .collect()
    }

    /// Lets it stand: old files that were replaced go with their uploads' temporary names.
    fn keep(self) -> Vec<RelPath> {
        self.made.into_iter().map(|(_, _, path)| path).collect()
    }

    /// Puts everything back, the last first. What cannot be put back any more was changed by
    /// somebody else meanwhile, and then theirs is to stand.
    fn take_back(&mut self) {
        for placed in self.placed.drain(..).rev() {
            let undone = if placed.replaced {
                let temporary = placed.upload.temporary.as_str();
                exchange(
                    (&placed.upload.folder, temporary),
                    &placed.folder,
                    &placed.name,
                )
            } else {
                unlinkat(&placed.folder, &placed.name, AtFlags::empty())
            };
            match undone {
                Ok(()) | Err(_) => {}
            }
        }
        for (dir, _, path) in self.made.drain(..).rev() {
            match unlinkat(&dir, path.name(), AtFlags::REMOVEDIR) {
                Ok(()) | Err(_) => {}
            }
        }
    }
}

/// Brings the names in a folder to the disk. A file system that has no such thing as syncing a
/// folder says so with `INVAL`, and then there is nothing to be done.
fn sync(dir: &Dir, path: &RelPath) -> error::Result<()> {
    match readable(dir).and_then(rustix::fs::fsync) {
        Ok(()) | Err(Errno::INVAL | Errno::NOTSUP) => Ok(()),
        Err(e) => Err(Error::io("sync", path, e.into())),
    }
}
