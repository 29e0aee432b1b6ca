//! Files on their way in: bytes under hidden names, in the folder that a file is meant for or the
//! nearest one on the way that stands, until they are published or dropped.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{
    AtFlags, FallocateFlags, FlockOperation, StatxFlags, Timespec, Timestamps, UTIME_OMIT,
    fallocate, fstat, futimens, major, minor, statx,
};
use rustix::io::Errno;

use super::entry::Facts;
use super::name::{RelPath, TEMPORARY_PREFIX};
use super::room::Room;
use super::share::{Share, Terms};
use crate::error::{Error, Result};
use crate::random;

/// Random bytes in a temporary name: two servers on one folder must not meet.
const RANDOM_BYTES: usize = 12;
/// Uploads of one request whose files are kept open and synced one by one. Beyond it they are
/// closed, so that a form may hold any number, and synced together.
pub(super) const OPEN_MAX: usize = 16;
/// Bytes that are copied at a time.
const COPY_BYTES: usize = 256 << 10;
/// Permissions of a new file, less the umask.
pub(super) const FILE_MODE: u32 = 0o644;

/// The uploads of one request, which nobody sees yet. Dropping it removes what has come.
#[derive(Debug)]
pub struct Uploads<'s> {
    pub(super) share: &'s Share,
    pub(super) list: Vec<Upload>,
    /// The folders that hold hidden names: one for each mount that the files are meant for.
    folders: Vec<(Mount, Arc<Dir>)>,
    room: Room<'s>,
}

/// What a name cannot be moved out of: a file system, as it is mounted in one place.
type Mount = (u32, u32, u64);

/// One file on its way in.
#[derive(Debug)]
pub(super) struct Upload {
    /// Where its temporary name lies.
    pub(super) folder: Arc<Dir>,
    pub(super) temporary: String,
    file: Option<File>,
    pub(super) target: RelPath,
    pub(super) size: u64,
    /// Bytes that the file system holds ready for it.
    allocated: u64,
    /// Whether the temporary name holds something to be removed.
    pub(super) pending: bool,
}

impl Share {
    /// Begins the uploads of a request whose body has so many bytes, as far as that is known.
    ///
    /// # Errors
    /// `NoSpace` when they cannot fit, before a byte of them is read.
    pub fn uploads(&self, declared: Option<u64>) -> Result<Uploads<'_>> {
        let room = self.promise(declared.unwrap_or(0))?;
        Ok(Uploads {
            share: self,
            list: Vec::new(),
            folders: Vec::new(),
            room,
        })
    }

    fn nearest_folder(&self, path: &RelPath) -> Result<Dir> {
        let mut at = path.clone();
        loop {
            match (self.folder(&at), at.split()) {
                (Err(Error::NotFound), Some((parent, _))) => at = parent,
                (result, _) => return result,
            }
        }
    }
}

impl Uploads<'_> {
    /// Begins the next file; `size` is its size where that is known.
    ///
    /// # Errors
    /// `Conflict` when a file stands where one of its folders should, `Forbidden`, `NoSpace`, `Io`.
    pub fn begin(&mut self, target: &RelPath, size: Option<u64>) -> Result<()> {
        let (parent, _) = target
            .split()
            .ok_or(Error::Forbidden("That is the shared folder."))?;
        let folder = self.share.nearest_folder(&parent)?;
        let folder = self.share_folder(folder, target)?;
        let temporary = temporary_name()?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(FILE_MODE);
        let failed = |e: io::Error| Error::io("create a file for", target, e);
        let file = folder
            .open_with(&temporary, &options)
            .map_err(failed)?
            .into_std();
        let mut upload = Upload {
            folder,
            temporary,
            file: None,
            target: target.clone(),
            size: 0,
            allocated: 0,
            pending: true,
        };
        if let Some(mode) = self.share.terms.file_mode {
            file.set_permissions(Permissions::from_mode(mode))
                .map_err(failed)?;
        }
        lock(&file);
        if let Some(size) = size {
            upload.allocate(&file, size, &mut self.room)?;
        }
        upload.file = Some(file);
        self.list.push(upload);
        Ok(())
    }

    /// The folder of an earlier upload instead of this one when both lie on the same mount, so that
    /// a form of a thousand files holds one folder open.
    fn share_folder(&mut self, folder: Dir, target: &RelPath) -> Result<Arc<Dir>> {
        let mount =
            mount_of(&folder).map_err(|e| Error::io("look at the folder of", target, e.into()))?;
        if let Some((_, known)) = self.folders.iter().find(|(known, _)| *known == mount) {
            return Ok(Arc::clone(known));
        }
        let folder = Arc::new(folder);
        self.folders.push((mount, Arc::clone(&folder)));
        Ok(folder)
    }

    /// Takes in a file that is complete already under a name of livedrop's own in `folder`, which
    /// keeps that name until it is published. False when its target lies on another mount, whither
    /// it cannot be moved.
    ///
    /// # Errors
    /// As `begin`.
    pub(super) fn adopt(
        &mut self,
        target: &RelPath,
        folder: &Arc<Dir>,
        name: &str,
        file: &File,
        size: u64,
    ) -> Result<bool> {
        let (parent, _) = target
            .split()
            .ok_or(Error::Forbidden("That is the shared folder."))?;
        let failed = |e: io::Error| Error::io("look at the folder of", target, e);
        let there = self.share.nearest_folder(&parent)?;
        let mounts = mount_of(&there).and_then(|to| Ok((to, mount_of(folder)?)));
        let (to, from) = mounts.map_err(|e| failed(e.into()))?;
        if to != from {
            return Ok(false);
        }
        let file = file.try_clone().map_err(failed)?;
        if let Some(mode) = self.share.terms.file_mode {
            file.set_permissions(Permissions::from_mode(mode))
                .map_err(failed)?;
        }
        self.list.push(Upload {
            folder: Arc::clone(folder),
            temporary: name.to_owned(),
            file: Some(file),
            target: target.clone(),
            size,
            allocated: 0,
            pending: false,
        });
        Ok(true)
    }

    /// Fills the file that was begun last with all of another.
    ///
    /// # Errors
    /// As `write`.
    pub(super) fn copy_from(&mut self, source: &File) -> Result<()> {
        let mut block = vec![0; COPY_BYTES];
        let mut at = 0;
        loop {
            let read = source.read_at(&mut block, at);
            match read.map_err(|e| Error::io("read", "an upload", e))? {
                0 => return Ok(()),
                n => {
                    self.write(&block[..n])?;
                    at += n as u64;
                }
            }
        }
    }

    /// The number of the inode of the file that was begun last, which it has under any name.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn inode(&self) -> Result<u64> {
        let facts = self.list.last().and_then(Upload::facts);
        facts
            .ok_or_else(nothing_begun)?
            .map(|facts| facts.inode)
            .map_err(|e| Error::io("look at", "an upload", e.into()))
    }

    /// Appends bytes to the file that was begun last.
    ///
    /// # Errors
    /// `NoSpace`, `TooLarge` over what the file system takes, `Io`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let (Some(upload), room) = (self.list.last_mut(), &mut self.room) else {
            return Err(nothing_begun());
        };
        let length = bytes.len() as u64;
        let beyond = (upload.size + length).saturating_sub(upload.allocated.max(upload.size));
        room.spend(beyond)?;
        let file = upload.file.as_mut().ok_or_else(nothing_begun)?;
        file.write_all(bytes)
            .map_err(|e| Error::io("write to", &upload.target, e))?;
        upload.size += length;
        Ok(())
    }

    /// Bytes of the file that was begun last.
    pub fn size(&self) -> u64 {
        self.list.last().map_or(0, |upload| upload.size)
    }

    /// Ends the content of the file that was begun last, and sets its time if one is given.
    ///
    /// # Errors
    /// `Io`.
    pub fn finish(&mut self, modified: Option<SystemTime>) -> Result<()> {
        let is_one_of_many = self.list.len() > OPEN_MAX;
        let upload = self.list.last_mut().ok_or_else(nothing_begun)?;
        let file = upload.file.as_mut().ok_or_else(nothing_begun)?;
        let failed = |e: io::Error| Error::io("set the time of", &upload.target, e);
        if let Some(time) = modified {
            set_modified(file, time).map_err(|e| failed(e.into()))?;
        }
        if upload.allocated > upload.size {
            // It ended before its declared length did; the rest goes back to the disk.
            file.set_len(upload.size).map_err(failed)?;
        }
        if is_one_of_many {
            upload.file = None;
        }
        Ok(())
    }
}

impl Upload {
    /// What it is by now, whatever its name is; None when it was closed.
    pub(super) fn facts(&self) -> Option<rustix::io::Result<Facts>> {
        let file = self.file.as_ref()?;
        Some(fstat(file).map(|stat| Facts::new(&stat)))
    }

    /// Has the file system hold the room ready, where it can. It is then the disk's own account
    /// that knows of it, and not ours any more.
    fn allocate(&mut self, file: &File, bytes: u64, room: &mut Room<'_>) -> Result<()> {
        if bytes == 0 {
            return Ok(());
        }
        match fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes) {
            Ok(()) => {
                self.allocated = bytes;
                room.spend(bytes)
            }
            Err(Errno::NOSPC | Errno::DQUOT) => Err(Error::NoSpace),
            Err(Errno::FBIG) => Err(Error::TooLarge(
                "The file system takes no file of that size.",
            )),
            // It cannot; then the promise has to do.
            Err(_) => Ok(()),
        }
    }

    /// Brings the content to the disk.
    pub(super) fn sync(&self) -> Result<()> {
        let failed = |e: io::Error| Error::io("sync", &self.target, e);
        match &self.file {
            Some(file) => file.sync_all().map_err(failed),
            None => self
                .folder
                .open(&self.temporary)
                .and_then(|f| f.sync_all())
                .map_err(failed),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.pending {
            // Should it fail, the next start sweeps the name away; nobody is left to tell.
            match self.folder.remove_file(&self.temporary) {
                Ok(()) | Err(_) => {}
            }
        }
    }
}

impl Terms {
    /// Everything synced, nothing kept free, permissions by the umask.
    pub const DEFAULT: Terms = Terms {
        sync: true,
        free_bytes_min: 0,
        file_mode: None,
        folder_mode: None,
        undo_s: 0,
    };
}

/// The lock tells a sweep, of this or of another server, that somebody is at work. Where a file
/// system has no locks, it is only two servers on one folder that could notice.
pub(super) fn lock(file: &File) {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) | Err(_) => {}
    }
}

/// The number of the mount is there since Linux 5.8; before, two mounts of one file system cannot be
/// told from each other.
fn mount_of(folder: &Dir) -> rustix::io::Result<Mount> {
    let flags = AtFlags::EMPTY_PATH;
    match statx(folder, "", flags, StatxFlags::INO | StatxFlags::MNT_ID) {
        Ok(facts) => Ok((facts.stx_dev_major, facts.stx_dev_minor, facts.stx_mnt_id)),
        Err(Errno::NOSYS | Errno::PERM) => {
            let device = fstat(folder)?.st_dev;
            Ok((major(device), minor(device), 0))
        }
        Err(e) => Err(e),
    }
}

/// Sets a file's time; the standard library has 32 bits for it on some targets, which end in 2038.
/// So do some kernels and file systems: there the file gets the last time that they know.
pub(super) fn set_modified(file: &File, time: SystemTime) -> rustix::io::Result<()> {
    let set = |modified: Timespec| {
        let times = Timestamps {
            last_access: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            },
            last_modification: modified,
        };
        futimens(file, &times)
    };
    match set(timespec(time)) {
        Err(Errno::OVERFLOW | Errno::INVAL | Errno::RANGE) => set(Timespec {
            tv_sec: i32::MAX.into(),
            tv_nsec: 0,
        }),
        other => other,
    }
}

/// Seconds since the epoch, rounded down, and the nanoseconds beyond them.
fn timespec(time: SystemTime) -> Timespec {
    let parts = |distance: Duration| {
        let seconds = i64::try_from(distance.as_secs()).unwrap_or(i64::MAX);
        (seconds, i64::from(distance.subsec_nanos()))
    };
    let (tv_sec, nanoseconds) = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => parts(since),
        Err(before) => match parts(before.duration()) {
            (seconds, 0) => (-seconds, 0),
            (seconds, nanoseconds) => (-seconds - 1, 1_000_000_000 - nanoseconds),
        },
    };
    Timespec {
        tv_sec,
        tv_nsec: nanoseconds as _,
    }
}

fn nothing_begun() -> Error {
    let source = io::Error::other("no file was begun");
    Error::Io {
        action: "write to",
        path: "an upload".into(),
        source,
    }
}

/// A name that nobody has and no client can ask for.
pub(super) fn temporary_name() -> Result<String> {
    let random: [u8; RANDOM_BYTES] = random::bytes()?;
    let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{TEMPORARY_PREFIX}{digits}"))
}
