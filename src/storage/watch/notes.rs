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

    /// What watchers know of what we have moved away from a path: the event of a move says no more.
    /// What it has become since, the signal of the move finds out.
    pub(in crate::storage) fn as_told(&self, from: &RelPath, facts: Facts) -> Facts {
        let known = from
            .split()
            .and_then(|(parent, name)| self.watch.lock().get(&parent, name))
            .flatten();
        known.map_or(facts, |known| known.instead_of(facts))
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
