//! The shared folder: opening and reading what lies in it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{Advice, Mode, OFlags, Stat, fadvise, fstat, openat};
use rustix::io::Errno;

use super::entry::{Facts, Kind};
use super::link;
use super::name::{PATH_BYTES_MAX, PRIVATE_FOLDER, RelPath, is_reserved};
use super::order::Locks;
use super::room::Ledger;
use super::trash::Trash;
use super::watch::{Pace, Watch};
use crate::error::{Error, Result};
use crate::sys::{self, FileSystem};

/// The shared folder.
#[derive(Debug)]
pub struct Share {
    pub(super) root: Dir,
    /// Its path in the whole file system, for absolute links and messages; never for opening.
    root_path: PathBuf,
    /// What it promises.
    pub(super) terms: Terms,
    /// Whether there is a folder of livedrop's own, which links may lead to.
    pub(super) has_private: AtomicBool,
    /// Room that uploads were promised.
    pub(super) ledger: Arc<Ledger>,
    /// What was deleted or replaced, and can be brought back.
    pub(super) trash: Trash,
    /// The folders that somebody looks at.
    pub(super) watch: Watch,
    /// Held from a change of the disk to its event, so that events come in the order of the disk.
    pub(super) order: Locks,
}

/// On what terms files are taken in.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Whether what is acknowledged is on the disk, or only on its way there.
    pub sync: bool,
    /// Bytes of the disk that uploads leave free.
    pub free_bytes_min: u64,
    /// Permissions of new files; None is 0644 less the umask.
    pub file_mode: Option<u32>,
    /// Permissions of new folders; None is 0755 less the umask.
    pub folder_mode: Option<u32>,
    /// Seconds for which what was deleted or replaced is kept; 0 is not at all.
    pub undo_s: u64,
}

/// A regular file, open for reading.
#[derive(Debug)]
pub struct OpenFile {
    /// The file.
    pub file: File,
    /// What it was when it was opened.
    pub facts: Facts,
}

impl OpenFile {
    /// Whether its content is still what it was when it was opened, by size and time.
    pub fn is_unchanged(&self) -> bool {
        fstat(&self.file).is_ok_and(|stat| Facts::new(&stat).is_same_content(&self.facts))
    }

    /// Has the system read further ahead: twice its usual 128 KiB, which takes a fifth off the time
    /// of a file that is not in memory. It is advice, and where it is not taken nothing is lost.
    pub fn read_ahead(&self) {
        match fadvise(&self.file, 0, None, Advice::Sequential) {
            Ok(()) | Err(_) => {}
        }
    }
}

/// What can be read at a path.
#[derive(Debug)]
pub enum Stored {
    /// A file.
    File(OpenFile),
    /// A folder.
    Folder,
}

impl Share {
    /// Opens a folder to be shared.
    ///
    /// # Errors
    /// What the system says: it is missing, not a folder, or may not be read.
    pub fn open(folder: &Path, terms: Terms, pace: Pace) -> io::Result<Share> {
        let root_path = folder.canonicalize()?;
        let root = Dir::open_ambient_dir(&root_path, ambient_authority())?;
        // That it could be opened does not say that it may be read.
        readable(&root)?;
        let has_private = root.symlink_metadata(PRIVATE_FOLDER).is_ok();
        Ok(Share {
            root,
            root_path,
            terms,
            has_private: AtomicBool::new(has_private),
            ledger: Arc::default(),
            trash: Trash::default(),
            watch: Watch::new(pace),
            order: Locks::default(),
        })
    }

    /// A folder to be shared on the plainest terms, with everything that takes time put off.
    #[cfg(test)]
    #[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    pub(super) fn for_test(folder: &Path) -> Share {
        let terms = Terms {
            sync: false,
            free_bytes_min: 0,
            file_mode: None,
            folder_mode: None,
            undo_s: 0,
        };
        let long = std::time::Duration::from_secs(3_600);
        let pace = Pace {
            lease: long,
            stillness: long,
            compare: long,
        };
        Share::open(folder, terms, pace).unwrap()
    }

    /// Its path in the whole file system, for people.
    pub fn path(&self) -> &Path {
        &self.root_path
    }

    /// Bytes that the disk has left for us.
    ///
    /// # Errors
    /// `Io` when the file system cannot say.
    pub fn free_bytes(&self) -> Result<u64> {
        let disk = self.disk()?;
        Ok(disk.blocks_available.saturating_mul(disk.block_bytes))
    }

    /// Bytes that uploads may be promised. A file system that has no size, as some of those in user
    /// space and ramfs, does not know how much it has left, and is full when it says so.
    ///
    /// # Errors
    /// `Io` when the file system cannot say.
    pub(super) fn room_bytes(&self) -> Result<u64> {
        match self.disk()?.blocks {
            0 => Ok(u64::MAX),
            _ => self.free_bytes(),
        }
    }

    fn disk(&self) -> Result<FileSystem> {
        sys::file_system(&self.root).map_err(|e| Error::io("ask for room on", ".", e))
    }

    /// Opens a file for reading. Whatever else stands there is opened without waiting for anybody,
    /// looked at, and closed.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, `Io`.
    pub fn read(&self, path: &RelPath) -> Result<Stored> {
        let mut options = OpenOptions::new();
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options.read(true).custom_flags(flags.bits().cast_signed());
        let opened = self.reach(path, "open", |root, at| {
            match root.open_with(at, &options) {
                // What a socket says, and a device that is not there.
                Err(e) if e.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => Ok(None),
                other => other.map(|file| Some(file.into_std())),
            }
        });
        let file = opened?.ok_or_else(not_a_file)?;
        let facts = stat_of(&file, path)?;
        match facts.kind {
            Kind::File => Ok(Stored::File(OpenFile { file, facts })),
            Kind::Folder => Ok(Stored::Folder),
            Kind::Link | Kind::Other => Err(not_a_file()),
        }
    }

    /// What stands at a path, links followed.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden` when a link leads out, `Io`.
    pub fn facts(&self, path: &RelPath) -> Result<Facts> {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .custom_flags(OFlags::PATH.bits().cast_signed());
        let file = self.reach(path, "look at", |root, at| root.open_with(at, &options))?;
        stat_of(&file, path)
    }

    /// Opens a folder; links on the way are followed as long as they stay inside.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is no folder, `Forbidden`, `Io`.
    pub(super) fn folder(&self, path: &RelPath) -> Result<Dir> {
        self.reach(path, "open", |root, at| root.open_dir(at))
    }

    /// Whether an open folder is the shared folder itself.
    pub(super) fn is_root(&self, dir: impl AsFd) -> bool {
        let identity = |stat: Stat| (stat.st_dev, stat.st_ino);
        match (fstat(dir).map(identity), fstat(&self.root).map(identity)) {
            (Ok(one), Ok(other)) => one == other,
            (Err(_), _) | (_, Err(_)) => false,
        }
    }

    /// Whether a path goes into the folder that livedrop keeps for itself by way of a link to the
    /// root; by its plain name no path can.
    fn is_private(&self, path: &RelPath) -> bool {
        let could_be = |name: &[u8]| is_reserved(name, 0);
        path.names().skip(1).any(could_be)
            && path.ancestors().skip(1).any(|step| {
                could_be(step.name().as_bytes())
                    && step
                        .split()
                        .and_then(|(parent, _)| self.folder(&parent).ok())
                        .is_some_and(|dir| self.is_root(dir))
            })
    }

    /// Whether a link on the way leads into that folder. Nobody can make one through us; where the
    /// folder is not there, the look is spared.
    fn leads_to_private(&self, path: &RelPath) -> bool {
        !path.is_root()
            && self.has_private.load(Ordering::Relaxed)
            && link::without_links(&self.root, &self.root_path, path.as_path())
                .is_some_and(|way| link::is_private(&way))
    }

    /// Does something with a path below the root, by `cap-std`, which follows relative links and
    /// never leaves; when it meets an absolute one, the way is rewritten without links and tried
    /// once more.
    fn reach<T>(
        &self,
        path: &RelPath,
        action: &'static str,
        open: impl Fn(&Dir, &Path) -> io::Result<T>,
    ) -> Result<T> {
        if self.is_private(path) || self.leads_to_private(path) {
            return Err(Error::NotFound);
        }
        let is_longest = path.as_bytes().len() == PATH_BYTES_MAX;
        let opened = match is_longest.then(|| path.split()).flatten() {
            // The kernel wants a NUL behind it, so that one of the longest takes two steps.
            Some((parent, name)) => self
                .root
                .open_dir(parent.as_path())
                .and_then(|folder| open(&folder, Path::new(name))),
            None => open(&self.root, path.as_path()),
        };
        let failed = match opened {
            Err(e) if is_escape(&e) => e,
            other => return other.map_err(|e| Error::io(action, path, e)),
        };
        let outside = Error::Forbidden("The link leads out of the shared folder.");
        match link::without_links(&self.root, &self.root_path, path.as_path()) {
            Some(way) if link::is_private(&way) => Err(Error::NotFound),
            Some(way) => open(&self.root, &way).map_err(|e| match is_escape(&e) {
                true => outside,
                false => Error::io(action, path, e),
            }),
            None if is_escape(&failed) => Err(outside),
            None => Err(Error::io(action, path, failed)),
        }
    }
}

/// `cap-std` opens folders so that they can only be named; this opens one to be read, or synced.
pub(super) fn readable(dir: &Dir) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(dir, ".", flags, Mode::empty())
}

/// `cap-std` has no kind of its own for an attempt to leave; it is the refusal that the system did
/// not make.
fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

fn not_a_file() -> Error {
    Error::Forbidden("Only files and folders can be read.")
}

pub(super) fn stat_of(file: impl AsFd, path: &RelPath) -> Result<Facts> {
    match fstat(file) {
        Ok(stat) => Ok(Facts::new(&stat)),
        Err(e) => Err(Error::io("look at", path, e.into())),
    }
}
