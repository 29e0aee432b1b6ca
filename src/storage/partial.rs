//! Uploads that come in pieces: their bytes and a record of each, kept below `.livedrop/uploads`
//! until the file is published or its time is over.
//!
//! The record says how much of the data is certain. It is written after the data was synced, so
//! that the offset told after a crash is never more than what is on the disk; what lies behind it
//! is cut off when the upload is opened again. Who may write, and when, is not decided here: two
//! must not open one upload at a time.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::SystemTime;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{FallocateFlags, fallocate, fstat};
use rustix::io::Errno;

use super::name::RelPath;
use super::publish::{Change, OnConflict, Published};
use super::record::{Record, Stage};
use super::room::Room;
use super::share::Share;
use super::shelf::{ID_BYTES, UPLOADS_FOLDER, is_id, remove, save};
use super::upload::{FILE_MODE, lock};
use crate::error::{Error, Result};
use crate::random;

/// A file's blocks are counted in these.
const BLOCK_BYTES: u64 = 512;

/// What is known of an upload when it begins.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Bytes of the whole; None when that is to be told later.
    pub length: Option<u64>,
    /// Where the file is to stand; None for the id in `folder`.
    pub target: Option<RelPath>,
    /// The folder, for a file that has no name.
    pub folder: RelPath,
    /// What to do where something stands there.
    pub on_conflict: OnConflict,
    /// The time that the file is to have, in Unix milliseconds.
    pub modified_ms: Option<i64>,
    /// What the client said of it, one line to be given back as it came.
    pub metadata: String,
    /// The account that it belongs to; None where there are no accounts.
    pub owner: Option<String>,
    /// When it is removed unless it goes on, in Unix seconds.
    pub expires_s: u64,
}

/// An upload that is open: nobody else may open it meanwhile.
#[derive(Debug)]
pub struct Partial<'s> {
    share: &'s Share,
    folder: Arc<Dir>,
    id: String,
    record: Record,
    /// None once it is published.
    file: Option<File>,
    /// Where the next byte goes; what lies before the record's offset is certain.
    end: u64,
    /// Bytes that the file system holds ready for it.
    allocated: u64,
    room: Room<'s>,
}

impl Share {
    /// Begins an upload in pieces. Room for the whole is held ready where the file system can.
    ///
    /// # Errors
    /// `NoSpace` when it cannot fit, `TooLarge` over what the file system takes, `Io`.
    pub fn begin_partial(&self, plan: Plan) -> Result<Partial<'_>> {
        let room = self.promise(plan.length.unwrap_or(0))?;
        let random: [u8; ID_BYTES] = random::bytes()?;
        let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = Arc::new(self.private_folder(UPLOADS_FOLDER)?);
        let target = match plan.target {
            Some(target) => target,
            None => plan.folder.join_new(id.as_bytes())?,
        };
        let mut options = OpenOptions::new();
        // As it is to be when it is published; nobody but us can go into the folder until then.
        options
            .write(true)
            .read(true)
            .create_new(true)
            .mode(FILE_MODE);
        let file = folder
            .open_with(&id, &options)
            .map_err(|e| Error::io("create an upload for", &target, e))?
            .into_std();
        lock(&file);
        let mut partial = Partial {
            share: self,
            folder,
            id,
            record: Record {
                length: plan.length,
                offset: 0,
                target,
                on_conflict: plan.on_conflict,
                modified_ms: plan.modified_ms,
                metadata: plan.metadata,
                owner: plan.owner,
                expires_s: plan.expires_s,
                stage: Stage::Open,
            },
            file: Some(file),
            end: 0,
            allocated: 0,
            room,
        };
        match partial.allocate().and_then(|()| partial.save()) {
            Ok(()) => Ok(partial),
            Err(e) => {
                partial.remove()?;
                Err(e)
            }
        }
    }

    /// Opens an upload as it was left; bytes that are not certain are cut off.
    ///
    /// # Errors
    /// `NotFound` when there is none with that id, `NoSpace` when the rest of it cannot fit, `Io`.
    pub fn open_partial(&self, id: &str) -> Result<Partial<'_>> {
        if !is_id(id) {
            return Err(Error::NotFound);
        }
        let folder = Arc::new(self.open_private_folder(UPLOADS_FOLDER)?);
        let record = self.settled(&folder, id)?;
        let failed = |e: io::Error| Error::io("open the upload of", &record.target, e);
        let mut file = None;
        let mut allocated = 0;
        if let Stage::Open = record.stage {
            let options = OpenOptions::new().write(true).read(true).clone();
            let opened = folder.open_with(id, &options).map_err(failed)?.into_std();
            lock(&opened);
            let stat = fstat(&opened).map_err(|e| failed(e.into()))?;
            let held = u64::try_from(stat.st_size).unwrap_or(0);
            if held < record.offset {
                // Somebody has cut it; what the record says is not there.
                return Err(failed(io::Error::other("its bytes are gone")));
            }
            if held > record.offset {
                opened.set_len(record.offset).map_err(failed)?;
            }
            let blocks = u64::try_from(stat.st_blocks).unwrap_or(0);
            allocated = blocks.saturating_mul(BLOCK_BYTES);
            file = Some(opened);
        }
        let missing = record.length.unwrap_or(0).saturating_sub(record.offset);
        let room = match file.is_some() && record.length.is_some_and(|length| allocated < length) {
            true => self.promise(missing)?,
            false => self.promise(0)?,
        };
        Ok(Partial {
            share: self,
            id: id.to_owned(),
            end: record.offset,
            folder,
            record,
            file,
            allocated,
            room,
        })
    }
}

impl<'s> Partial<'s> {
    /// Its id: hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where the next byte goes.
    pub fn offset(&self) -> u64 {
        self.end
    }

    /// Bytes of the whole, if that is known.
    pub fn length(&self) -> Option<u64> {
        self.record.length
    }

    /// Where it is to stand.
    pub fn target(&self) -> &RelPath {
        &self.record.target
    }

    /// What the client said of it at the beginning.
    pub fn metadata(&self) -> &str {
        &self.record.metadata
    }

    /// The account that it belongs to.
    pub fn owner(&self) -> Option<&str> {
        self.record.owner.as_deref()
    }

    /// When it is removed, in Unix seconds.
    pub fn expires_s(&self) -> u64 {
        self.record.expires_s
    }

    /// Where it stands, once it is published.
    pub fn finished(&self) -> Option<&RelPath> {
        match &self.record.stage {
            Stage::Finished { path } => Some(path),
            Stage::Open | Stage::Publishing { .. } => None,
        }
    }

    /// Whether all of it is there.
    pub fn is_whole(&self) -> bool {
        self.record.length == Some(self.end)
    }

    /// Tells the length of the whole, once.
    ///
    /// # Errors
    /// `BadRequest` when it is known already to be another, or less than what has come; `NoSpace`.
    pub fn set_length(&mut self, length: u64) -> Result<()> {
        if self.record.length.is_some_and(|known| known != length) || length < self.end {
            return Err(Error::BadRequest("Upload-Length cannot change.".into()));
        }
        if self.record.length.is_none() {
            self.room = self.share.promise(length - self.end)?;
            self.record.length = Some(length);
            self.allocate()?;
        }
        Ok(())
    }

    /// Appends bytes, which are certain after `commit` only.
    ///
    /// # Errors
    /// `TooLarge` beyond the length, `NoSpace`, `Io`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let (count, end) = (bytes.len() as u64, self.end);
        let beyond = Error::TooLarge("The upload is longer than its Upload-Length.");
        let to = end
            .checked_add(count)
            .filter(|to| self.record.length.is_none_or(|length| *to <= length));
        let Some(to) = to else { return Err(beyond) };
        let outside = to.saturating_sub(self.allocated.max(end));
        self.room.spend(outside)?;
        let failed = |e: io::Error| Error::io("write to", &self.record.target, e);
        let file = self.file.as_ref().ok_or(Error::NotFound)?;
        file.write_all_at(bytes, end).map_err(failed)?;
        self.end = to;
        Ok(())
    }

    /// What is to be done where something stands at its name.
    pub fn on_conflict(&self) -> OnConflict {
        self.record.on_conflict
    }

    /// Decides that anew; kept with the next thing that is.
    pub fn set_on_conflict(&mut self, on_conflict: OnConflict) {
        self.record.on_conflict = on_conflict;
    }

    /// Makes what has come certain, and puts the end of its time off.
    ///
    /// # Errors
    /// `Io`, and then what came since the last time does not count.
    pub fn commit(&mut self, expires_s: u64) -> Result<()> {
        if let (Some(file), true) = (&self.file, self.share.terms.sync) {
            file.sync_data()
                .map_err(|e| Error::io("sync", &self.record.target, e))?;
        }
        self.record.offset = self.end;
        self.record.expires_s = expires_s;
        self.save()
    }

    /// Forgets what has come since the last `commit`.
    ///
    /// # Errors
    /// `Io`.
    pub fn discard(&mut self) -> Result<()> {
        if let Some(file) = &self.file {
            file.set_len(self.record.offset)
                .map_err(|e| Error::io("cut", &self.record.target, e))?;
        }
        self.end = self.record.offset;
        // What was cut off was ready for it, and is no more.
        self.allocated = self.allocated.min(self.end);
        self.allocate()
    }

    /// Publishes the whole file under a name that is chosen now. What was committed stays where
    /// publishing fails, and it can be tried again.
    ///
    /// # Errors
    /// As `Uploads::publish`.
    pub fn publish(
        &mut self,
        permit: impl Fn(&RelPath) -> Result<()>,
    ) -> Result<Change<'s, Vec<Published>>> {
        let file = self.file.as_ref().ok_or(Error::NotFound)?;
        let modified = self.record.modified_ms.and_then(system_time);
        let target = self.record.target.clone();
        let mut uploads = self.share.uploads(None)?;
        let is_copy = !uploads.adopt(&target, &self.folder, &self.id, file, self.end)?;
        if is_copy {
            uploads = self.share.uploads(Some(self.end))?;
            uploads.begin(&target, Some(self.end))?;
            uploads.copy_from(file)?;
        }
        uploads.finish(modified)?;
        let inode = uploads.inode()?;
        self.record.stage = Stage::Publishing { inode, is_copy };
        let published = self
            .save()
            .and_then(|()| uploads.publish(self.record.on_conflict, permit));
        let change = match published {
            Ok(change) => change,
            Err(e) => {
                self.record.stage = Stage::Open;
                self.save()?;
                return Err(e);
            }
        };
        if let Some(file) = change.what.first() {
            self.record.stage = Stage::Finished {
                path: file.path.clone(),
            };
            // Should it fail, the next to open it finds out by the inode.
            match self.save() {
                Ok(()) | Err(_) => {}
            }
        }
        self.file = None;
        if is_copy {
            match self.folder.remove_file(&self.id) {
                Ok(()) | Err(_) => {}
            }
        }
        Ok(change)
    }

    /// Ends it and removes what there is of it.
    ///
    /// # Errors
    /// `Io`.
    pub fn remove(self) -> Result<()> {
        remove(&self.folder, &self.id)
    }

    fn save(&self) -> Result<()> {
        save(self.share, &self.folder, &self.id, &self.record)
    }

    /// Has the file system hold the whole length ready, where it can; the promise then is its.
    fn allocate(&mut self) -> Result<()> {
        let (Some(file), Some(length)) = (&self.file, self.record.length) else {
            return Ok(());
        };
        if length == 0 || length <= self.allocated {
            return Ok(());
        }
        match fallocate(file, FallocateFlags::KEEP_SIZE, 0, length) {
            Ok(()) => {
                let rest = length - self.allocated.max(self.end).min(length);
                self.allocated = length;
                self.room.spend(rest)
            }
            Err(Errno::NOSPC | Errno::DQUOT) => Err(Error::NoSpace),
            Err(Errno::FBIG) => Err(Error::TooLarge(
                "The file system takes no file of that size.",
            )),
            // It cannot; then the promise has to do.
            Err(_) => Ok(()),
        }
    }
}

fn system_time(ms: i64) -> Option<SystemTime> {
    let distance = std::time::Duration::from_millis(ms.unsigned_abs());
    match ms < 0 {
        true => SystemTime::UNIX_EPOCH.checked_sub(distance),
        false => SystemTime::UNIX_EPOCH.checked_add(distance),
    }
}
