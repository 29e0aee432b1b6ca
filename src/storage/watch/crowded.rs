//! Folders of more entries than there is room for in a table. The kernel signals what happens in
//! them all the same, but what it was before nobody knows; so that the whole of it is told, now and
//! then, by `reset`.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::time::{Duration, Instant};

use super::Outside;
use super::entries::{Folder, Stage};
use super::observer::Observer;
use crate::storage::name::RelPath;

/// How late the signals of a change of our own may come.
const OWN_FOR: Duration = Duration::from_secs(10);

/// What is known of such a folder.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// The names that we have changed of late, which were told.
    own: HashMap<Box<OsStr>, Instant>,
    /// Whether something has happened that was not told.
    is_stale: bool,
}

impl Crowd {
    /// We have changed what stands at a name.
    pub(super) fn own(&mut self, name: &OsStr, now: Instant) {
        self.own.insert(name.into(), now + OWN_FOR);
    }

    /// Something has happened at a name.
    fn notice(&mut self, name: &OsStr) {
        self.is_stale |= !self.own.contains_key(name);
    }
}

impl Folder {
    fn is_crowded(&self) -> bool {
        self.stage == Stage::TooLarge
    }
}

impl<T: Fn(Outside), M: Fn() -> u64> Observer<'_, T, M> {
    /// Takes note of a signal if the folder is one of these.
    pub(super) fn has_noticed(&self, folder: &RelPath, name: &OsStr) -> bool {
        let watch = &self.share.watch;
        if !(watch.lock().folders.get(folder)).is_some_and(Folder::is_crowded) {
            return false;
        }
        // By the time that we hold it, a change of our own is known.
        let _order = self.share.hold(std::iter::once(folder.clone()));
        if let Some(folder) = watch.lock().folders.get_mut(folder) {
            folder.crowd.notice(name);
        }
        true
    }

    /// Has everybody list again if something has happened in one of these.
    pub(super) fn tell_of_crowds(&mut self) {
        let mut state = self.share.watch.lock();
        for folder in state.folders.values_mut().filter(|it| it.is_crowded()) {
            self.must_reset |= std::mem::take(&mut folder.crowd.is_stale);
        }
    }

    /// Forgets changes of our own whose signals have come.
    pub(super) fn forget_own(&mut self, now: Instant) {
        let mut state = self.share.watch.lock();
        for folder in state.folders.values_mut() {
            folder.crowd.own.retain(|_, until| *until > now);
        }
    }
}
