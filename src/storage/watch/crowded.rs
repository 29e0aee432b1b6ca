//! Folders of more entries than there is room for in a table. The kernel signals what happens in
//! them all the same, but what it was before nobody knows; so that the whole of it is told, now and
//! then, by `reset`.

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use super::Outside;
use super::entries::{Known, Noted};
use super::observer::Observer;
use crate::storage::name::RelPath;

/// How late the signals of a change of our own may come.
const OWN_FOR: Duration = Duration::from_secs(10);

/// What is known of such a folder.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// What we have told of late of names that we have changed.
    own: Noted,
    /// Whether something has happened that was not told.
    is_stale: bool,
}

impl Crowd {
    /// We have changed what stands at a name, and tell of it.
    pub(super) fn own(&mut self, name: &OsStr, told: Option<Known>) {
        let until = Instant::now() + OWN_FOR;
        self.own.insert(name.into(), (told, until));
    }
}

impl<T: Fn(Outside), M: Fn() -> u64> Observer<'_, T, M> {
    /// Takes note of a signal if the folder is one of these.
    pub(super) fn has_noticed(&self, folder: &RelPath, name: &OsStr) -> bool {
        let watch = &self.share.watch;
        if !watch.lock().is_crowded(folder) {
            return false;
        }
        // By the time that we hold it, a change of our own is known.
        let _order = self.share.hold(std::iter::once(folder.clone()));
        let now = self.share.glance(folder, name);
        if let Some(folder) = watch.lock().folders.get_mut(folder) {
            let is_told = match (folder.crowd.own.get(name), now) {
                (Some((told, _)), Some(now)) => {
                    Known::is_current(told.as_ref(), now.map(|now| Known::of(&now)).as_ref())
                }
                (None, _) | (_, None) => false,
            };
            folder.crowd.is_stale |= !is_told;
        }
        true
    }

    /// Has everybody list again if something has happened in one of these.
    pub(super) fn tell_of_crowds(&mut self) {
        let mut state = self.share.watch.lock();
        for folder in state.folders.values_mut() {
            self.must_reset |= std::mem::take(&mut folder.crowd.is_stale);
        }
    }

    /// Forgets changes of our own whose signals have come by then.
    pub(super) fn forget_own(&mut self, now: Instant) {
        let mut state = self.share.watch.lock();
        for folder in state.folders.values_mut() {
            folder.crowd.own.retain(|_, (_, until)| *until > now);
        }
    }
}
