//! What we change ourselves, entered into the tables, so that it is not told again when the kernel
//! signals it.

use super::entries::Known;
use crate::storage::entry::Facts;
use crate::storage::name::RelPath;
use crate::storage::share::Share;

impl Share {
    /// Enters what we have made of a path, and tell of it. That need no longer be what stands there:
    /// then a signal is on its way, and finds it out. The order lock of its folder is held.
    pub(in crate::storage) fn note(&self, path: &RelPath, told: Option<&Facts>) {
        let Some((parent, name)) = path.split() else {
            return;
        };
        let mut state = self.watch.lock();
        if state.folders.is_empty() {
            return;
        }
        state.set(&parent, name, told.map(Known::of));
        state.back(path);
        let is_folder_watched = !state.below(path).is_empty();
        drop(state);
        if is_folder_watched {
            self.let_go_below(path);
            self.watch.lock().retry = true;
            self.watch.wake();
        }
    }

    /// Enters a folder that we are about to make, though its folder's order lock may not be held.
    /// Whatever comes of it, `confirm_folder` is to follow.
    pub(in crate::storage) fn announce_folder(&self, path: &RelPath) {
        if let Some((parent, name)) = path.split() {
            let mut state = self.watch.lock();
            let is_news = matches!(state.get(&parent, name), Some(None));
            if is_news || state.is_crowded(&parent) {
                state.set(&parent, name, Some(Known::ANY_FOLDER));
            }
        }
    }

    /// Says whether such a folder was told to be there; what is there now, the observer finds out.
    pub(in crate::storage) fn confirm_folder(&self, path: &RelPath, was_told: bool) {
        if let Some((parent, name)) = path.split() {
            let mut state = self.watch.lock();
            state.back(path);
            if state.is_crowded(&parent) {
                state.set(&parent, name, was_told.then_some(Known::ANY_FOLDER));
            }
            let Some(known) = state.get(&parent, name) else {
                return;
            };
            let is_ours = known.is_none_or(|known| known.is_announced());
            if is_ours {
                state.set(&parent, name, was_told.then_some(Known::ANY_FOLDER));
            }
            state.again.push((parent, name.to_os_string()));
            drop(state);
            self.watch.wake();
        }
    }

    /// Lets go of what was watched at a path and below, unless it still stands there.
    pub(super) fn let_go_below(&self, path: &RelPath) {
        let paths = self.watch.lock().below(path);
        for path in paths {
            let identity = self.identity(&path);
            let is_the_same = {
                let state = self.watch.lock();
                let folder = state.folders.get(&path);
                folder.is_none_or(|folder| identity.is_some() && folder.identity == identity)
            };
            if !is_the_same {
                self.unwatch(&path);
                self.watch.lock().lose(&path);
            }
        }
    }
}
