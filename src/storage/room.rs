//! Room on the disk, promised before the first byte of an upload is read, so that two uploads are
//! not both promised the last gigabyte, and a free minimum is kept.
//!
//! What is promised and not yet written is counted here, since the disk cannot know of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::share::Share;
use crate::error::{Error, Result};

/// What an upload of unknown length asks for at a time.
const STEP_BYTES: u64 = 1 << 20;

/// The sum of what is promised.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<u64>);

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, u64> {
        // A number is right whoever panicked beside it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A promise of room; what is left of it goes back when it is dropped.
#[derive(Debug)]
pub(super) struct Room<'s> {
    share: &'s Share,
    ledger: Arc<Ledger>,
    left: u64,
}

impl Share {
    /// Promises room for so many bytes; of uploads of unknown length, for none at first.
    ///
    /// # Errors
    /// `NoSpace` when the disk would be left with less than its free minimum, `Io`.
    pub(super) fn promise(&self, bytes: u64) -> Result<Room<'_>> {
        let mut room = Room {
            share: self,
            ledger: Arc::clone(&self.ledger),
            left: 0,
        };
        room.extend(bytes)?;
        Ok(room)
    }
}

impl Room<'_> {
    /// Counts bytes as written: what the disk holds need not be promised any more. Beyond what was
    /// promised, more is asked for.
    ///
    /// # Errors
    /// As `Share::promise`.
    pub(super) fn spend(&mut self, bytes: u64) -> Result<()> {
        if bytes > self.left {
            self.extend((bytes - self.left).max(STEP_BYTES.min(self.free()?)))?;
        }
        let spent = bytes.min(self.left);
        self.left -= spent;
        *self.ledger.lock() -= spent;
        Ok(())
    }

    /// Promises so many bytes more.
    ///
    /// # Errors
    /// As `Share::promise`.
    pub(super) fn promise_more(&mut self, bytes: u64) -> Result<()> {
        self.extend(bytes)
    }

    fn extend(&mut self, bytes: u64) -> Result<()> {
        while !self.try_extend(bytes)? {
            // What was deleted gives way before an upload is refused.
            if !self.share.purge_oldest() {
                return Err(Error::NoSpace);
            }
        }
        Ok(())
    }

    fn try_extend(&mut self, bytes: u64) -> Result<bool> {
        // Held while the disk is asked, so that nobody is promised the same room meanwhile.
        let mut promised = self.ledger.lock();
        let free = self.share.room_bytes()?.saturating_sub(*promised);
        if free < bytes.saturating_add(self.share.terms.free_bytes_min) {
            return Ok(false);
        }
        *promised += bytes;
        self.left += bytes;
        Ok(true)
    }

    /// What could be promised now.
    fn free(&self) -> Result<u64> {
        let promised = *self.ledger.lock();
        let kept = self.share.terms.free_bytes_min.saturating_add(promised);
        Ok(self.share.room_bytes()?.saturating_sub(kept))
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        *self.ledger.lock() -= self.left;
    }
}
