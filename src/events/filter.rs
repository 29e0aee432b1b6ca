//! Which events a stream carries: those of a few folders, or all; none for whoever sees no names.
//!
//! A folder watched hears of itself, of what is directly in it, and of every folder it lies in.
//! The last is more than "the folder and what is directly in it", and on purpose: a tree that is
//! deleted, moved or brought back is told by its top alone, so a page that shows `a/b` would
//! otherwise never learn that `a` is gone. Only a folder can be an ancestor, hence no stranger's
//! upload slips through. Paths are compared as text; nothing here knows what a folder is.

use std::sync::Arc;

use super::glance::Glance;

/// The folders that a stream is narrowed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Sorted and without doubles, so that a request of many folders costs no scan per event;
    /// `None` lets everything pass.
    folders: Option<Box<[Box<str>]>>,
    /// The account that listens, where there are accounts.
    account: Option<Arc<str>>,
    is_blind: bool,
}

impl Filter {
    /// Lets every event pass.
    pub fn everything() -> Filter {
        Filter {
            folders: None,
            account: None,
            is_blind: false,
        }
    }

    /// Lets no event pass.
    pub fn nothing() -> Filter {
        Filter {
            is_blind: true,
            ..Filter::everything()
        }
    }

    /// The same for this account, which is told the ids of its own uploads.
    #[must_use]
    pub fn of(self, account: Option<Arc<str>>) -> Filter {
        Filter { account, ..self }
    }

    /// Narrows to these folders (`/`-separated, no slash at either end, empty for the root).
    /// No folder at all means everything.
    pub fn folders<I>(folders: I) -> Filter
    where
        I: IntoIterator,
        I::Item: Into<Box<str>>,
    {
        let mut folders: Vec<Box<str>> = folders.into_iter().map(Into::into).collect();
        folders.sort_unstable();
        folders.dedup();
        Filter {
            folders: (!folders.is_empty()).then(|| folders.into_boxed_slice()),
            ..Filter::everything()
        }
    }

    /// Whether an event that touches these places belongs into the stream.
    pub(super) fn passes(&self, places: &Places) -> bool {
        if self.is_blind {
            return false;
        }
        let Some(folders) = &self.folders else {
            return true;
        };
        let touched = |path: &str| {
            holds(folders, path)
                || parent(path).is_some_and(|folder| holds(folders, folder))
                || any_below(folders, path)
        };
        touched(&places.path) || places.from.as_deref().is_some_and(touched)
    }

    /// What is shown of an upload under way, if anything is.
    pub(super) fn sees<'g>(&self, glance: &'g Glance) -> Option<&'g Arc<[u8]>> {
        let bytes = match &glance.others {
            Some((owner, others)) if self.account.as_ref() != Some(owner) => others,
            _ => &glance.bytes,
        };
        self.passes(&glance.places).then_some(bytes)
    }
}

/// Where an event took place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) path: Box<str>,
    /// Where it stood before, for a move.
    pub(super) from: Option<Box<str>>,
}

fn holds(folders: &[Box<str>], path: &str) -> bool {
    folders
        .binary_search_by(|folder| folder.as_ref().cmp(path))
        .is_ok()
}

/// Whether some folder lies below `path`, at any depth. In sorted order all of `path/…` stand
/// together, so the first that is not less than `path/` decides.
fn any_below(folders: &[Box<str>], path: &str) -> bool {
    if path.is_empty() {
        return true;
    }
    let first = folders.partition_point(|folder| folder.bytes().lt(path.bytes().chain([b'/'])));
    folders
        .get(first)
        .and_then(|folder| folder.strip_prefix(path))
        .is_some_and(|rest| rest.starts_with('/'))
}

/// The folder a path lies in; the root lies in none.
fn parent(path: &str) -> Option<&str> {
    match path.rsplit_once('/') {
        Some((folder, _)) => Some(folder),
        None => (!path.is_empty()).then_some(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Places {
        Places {
            path: path.into(),
            from: None,
        }
    }

    #[test]
    fn a_folder_hears_of_itself_its_entries_and_its_ancestors() {
        let table: [(&[&str], &str, bool); 26] = [
            (&[], "", true),
            (&[], "a", true),
            (&[], "a/b/c", true),
            (&[""], "", true),
            (&[""], "a", true),
            (&[""], "a/b", false),
            (&["a"], "", true),
            (&["a"], "a", true),
            (&["a"], "a/b", true),
            (&["a"], "a/b/c", false),
            (&["a"], "b", false),
            (&["a"], "ab", false),
            (&["ab"], "a", false),
            (&["a/b"], "a", true),
            (&["a/b"], "a/b", true),
            (&["a/b"], "a/b/c", true),
            (&["a/b"], "a/c", false),
            (&["a/b"], "b", false),
            (&["a/b/c/d"], "a/b", true),
            // Bytes below `/` sort between `a` and `a/…`: they must not hide what is below.
            (&["a", "a b", "a-b", "a.b", "a/x"], "a", true),
            (&["a b", "a-b", "a.b", "a0"], "a", false),
            (&["a b", "a-b", "a/x/y", "a0"], "a", true),
            (&["x", "a/b", ""], "c", true),
            (&["x", "a/b"], "c", false),
            (&["x", "x", "a/b"], "x/c", true),
            (&["é"], "é/ü", true),
        ];
        for (folders, path, passes) in table {
            let filter = Filter::folders(folders.iter().copied());
            assert_eq!(filter.passes(&at(path)), passes, "{folders:?} {path:?}");
        }
    }

    #[test]
    fn a_move_is_heard_at_both_ends() {
        let places = Places {
            path: "a/x".into(),
            from: Some("b/x".into()),
        };
        for (folder, passes) in [("a", true), ("b", true), ("b/x/deep", true), ("c", false)] {
            assert_eq!(Filter::folders([folder]).passes(&places), passes);
        }
    }

    #[test]
    fn no_folder_means_everything() {
        assert_eq!(Filter::folders([""; 0]), Filter::everything());
        assert_eq!(
            Filter::folders(["b", "a", "b"]),
            Filter::folders(["a", "b"])
        );
    }

    /// The rule by its definition, to hold the sorted search against.
    fn passes_plainly(folders: &[String], path: &str) -> bool {
        folders.iter().any(|folder| {
            let below = |top: &str, it: &str| top.is_empty() || it.starts_with(&format!("{top}/"));
            folder == path
                || below(path, folder)
                || (!path.is_empty() && path.rsplit_once('/').map_or("", |parts| parts.0) == folder)
        })
    }

    #[test]
    fn the_sorted_search_agrees_with_the_definition() {
        let mut random = fastrand::Rng::with_seed(2);
        let names = ["a", "b", "a b", "a-", "ab", "A"];
        let path = |random: &mut fastrand::Rng| {
            let depth = random.usize(0..4);
            let parts: Vec<_> = (0..depth)
                .map(|_| names[random.usize(..names.len())])
                .collect();
            parts.join("/")
        };
        for _ in 0..20_000 {
            let count = random.usize(1..6);
            let folders: Vec<String> = (0..count).map(|_| path(&mut random)).collect();
            let path = path(&mut random);
            let filter = Filter::folders(folders.iter().map(String::as_str));
            assert_eq!(
                filter.passes(&at(&path)),
                passes_plainly(&folders, &path),
                "{folders:?} {path:?}"
            );
        }
    }
}
