//! A file on its way in: bytes under a hidden name, in the folder that the file is meant for or
//! the nearest one on the way that stands, until they are published or dropped.

use std::fs::File;
use std::io::{self, Write};
use std::time::SystemTime;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::FlockOperation;

use super::name::{RelPath, TEMPORARY_PREFIX};
use super::share::Share;
use crate::error::{Error, Result};
use crate::random;

/// Random bytes in a temporary name: two servers on one folder must not meet.
const RANDOM_BYTES: usize = 12;

/// An upload that nobody sees yet. Dropping it removes what has come.
#[derive(Debug)]
pub struct Upload {
    pub(super) folder: Dir,
    pub(super) temporary: String,
    pub(super) file: Option<File>,
    pub(super) target: RelPath,
    /// Bytes written.
    pub(super) size: u64,
    /// Whether the temporary name still holds something to be removed.
    pub(super) pending: bool,
}

impl Share {
    /// Begins an upload of the file `target`.
    ///
    /// # Errors
    /// `Conflict` when a file stands where one of its folders should, `Forbidden`, `NoSpace`, `Io`.
    pub fn begin_upload(&self, target: &RelPath) -> Result<Upload> {
        let (parent, _) = target
            .split()
            .ok_or(Error::Forbidden("That is the shared folder."))?;
        let folder = self.nearest_folder(&parent)?;
        let temporary = temporary_name()?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o666);
        let file = folder
            .open_with(&temporary, &options)
            .map_err(|e| Error::io("create a file for", target, e))?
            .into_std();
        let mut upload = Upload {
            folder,
            temporary,
            file: Some(file),
            target: target.clone(),
            size: 0,
            pending: true,
        };
        // The lock tells a sweep, of this or of another server, that somebody is at work. Where a
        // file system has no locks, it is only two servers on one folder that could notice.
        match rustix::fs::flock(upload.file()?, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) | Err(_) => Ok(upload),
        }
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

impl Upload {
    /// Appends bytes.
    ///
    /// # Errors
    /// `NoSpace`, `TooLarge` over what the file system takes, `Io`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let target = self.target.clone();
        self.file()?
            .write_all(bytes)
            .map_err(|e| Error::io("write to", target, e))?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Bytes written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where it is meant to go.
    pub fn target(&self) -> &RelPath {
        &self.target
    }

    /// Ends the content: sets its time, if one is given, and brings it to the disk. The descriptor
    /// is closed, so that a form may hold any number of files.
    ///
    /// # Errors
    /// `NoSpace`, `Io`.
    pub fn finish(&mut self, modified: Option<SystemTime>) -> Result<()> {
        let target = self.target.clone();
        let file = self.file()?;
        if let Some(time) = modified {
            file.set_modified(time)
                .map_err(|e| Error::io("set the time of", &target, e))?;
        }
        file.sync_all().map_err(|e| Error::io("sync", &target, e))?;
        self.file = None;
        Ok(())
    }

    fn file(&mut self) -> Result<&mut File> {
        self.file.as_mut().ok_or_else(|| Error::Io {
            action: "write to",
            path: self.target.to_string(),
            source: io::Error::other("the upload is finished"),
        })
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

/// A name that nobody has and no client can ask for.
pub(super) fn temporary_name() -> Result<String> {
    let random: [u8; RANDOM_BYTES] = random::bytes()?;
    let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{TEMPORARY_PREFIX}{digits}"))
}
