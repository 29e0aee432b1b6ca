//! Bringing back what a delete or a replace took away: to its place, or beside it where that is
//! taken by something that came later.

use std::ffi::OsStr;

use rustix::io::Errno;

use super::entry::{Facts, Kind};
use super::folders::Made;
use super::name::RelPath;
use super::naming::{exchange, take_free_name};
use super::publish::Change;
use super::share::Share;
use super::trash::{Successor, is_successor};
use crate::error::{Error, Result};

/// What was brought back.
#[derive(Debug)]
pub struct Undone {
    /// Where it stands.
    pub path: RelPath,
    /// What it is.
    pub facts: Facts,
    /// The token of what stood there meanwhile, when the two have changed places.
    pub undo: Option<String>,
    /// What that was, if they have.
    pub replaced: Option<Kind>,
}

impl Share {
    /// Brings back what a token stands for. Folders that have gone meanwhile are made again.
    ///
    /// # Errors
    /// `NotFound` when there is no such token, its time is over, or somebody was faster;
    /// `Conflict`, `Forbidden`, `NoSpace`, `Io`.
    pub fn undo(&self, token: &str) -> Result<Change<'_, Undone>> {
        let (trash, record) = self.discarded(token)?;
        let (parent, name) = record.path.split().ok_or(Error::NotFound)?;
        let mut order = self.hold_way_to(std::iter::once(parent.clone()))?;
        let mut made = Made::new(self);
        let dir = made.open(&parent, &order)?;
        let from = (&trash, OsStr::new(token));
        let is_in_place = record
            .successor
            .is_some_and(|successor| is_successor(&dir, name, &successor));
        let replaced = is_in_place.then(|| self.kind_at(&dir, &parent, name));
        let moved = match replaced {
            Some(_) => exchange(from, &dir, name).map(|()| name.to_os_string()),
            None => take_free_name(from, &dir, name),
        };
        let name = match moved {
            Ok(name) => name,
            Err(e) => {
                made.take_back();
                return Err(match e {
                    Errno::NOENT => Error::NotFound,
                    e => Error::io("bring back", &record.path, e.into()),
                });
            }
        };
        let path = parent.entry(&name);
        self.sync_folder(&dir, &parent)?;
        let facts = self.entry_facts(&dir, &parent, &name)?.0;
        // Of two that have changed places the other has a token of its own from now on.
        let undo =
            replaced.and_then(|_| self.discard(from, &path, Some(Successor::of(&facts)), true));
        self.forget_discarded(&trash, token);
        order.touch(&path, Some(facts));
        made.note(&mut order);
        let undone = Undone {
            path,
            facts,
            undo,
            replaced,
        };
        Ok(Change::new(undone, made.list, order))
    }
}
