//! A walk through all that lies below a folder, the same way each time as long as nothing changes.
//!
//! Each folder comes before what it holds, its files before its folders, in the order of the
//! kernel. So nothing is kept but the names of the folders that are still ahead, however many
//! files there are. One folder is open at a time, and paths go through the folder that cannot be
//! left, as everywhere.
//!
//! Links that work are what they point to. What a link leads to is walked once on each way down:
//! not when it is a folder that the link itself lies in, and not from within another linked folder,
//! so that no set of links makes the walk endless. Links that lead out or nowhere, FIFOs, sockets,
//! devices and livedrop's own names are passed over.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use cap_std::fs::Dir;
use rustix::fs::{Access, AtFlags, RawDir, accessat, fstat, statat};
use rustix::io::Errno;

use super::entry::{Facts, Kind};
use super::name::{RelPath, is_reserved};
use super::share::{Share, readable};
use crate::error::{Error, Result};

/// Names are read from the kernel by the block.
const NAMES_BUFFER_BYTES: usize = 32 << 10;
/// Names of folders that may be ahead at a time, in bytes: about a million of them.
const AHEAD_BYTES_MAX: usize = 16 << 20;

/// A folder to be walked: all of it, or some of what lies directly in it.
#[derive(Debug)]
pub struct Tree {
    /// The folder. It is not part of the walk.
    pub top: RelPath,
    /// What to walk of it, no name twice; None for everything.
    pub names: Option<Vec<OsString>>,
}

/// A file or folder that the walk has come to.
#[derive(Debug)]
pub struct Found<'a> {
    /// Its path in the share.
    pub path: &'a RelPath,
    /// Its path from the top of the walk.
    pub inner: &'a [u8],
    /// What stands there; for a link, its target.
    pub facts: Facts,
}

impl Share {
    /// Shows everything in a tree.
    ///
    /// # Errors
    /// What `visit` returns. `NotFound` when the folder or one of the names is not there,
    /// `Forbidden` when one is neither file nor folder, or when anything in the tree cannot be
    /// read, `Conflict` when the top is no folder, `TooLarge`, `Io`.
    pub fn walk(&self, tree: &Tree, mut visit: impl FnMut(&Found<'_>) -> Result<()>) -> Result<()> {
        let inner_at = match tree.top.as_bytes().len() {
            0 => 0,
            length => length + 1,
        };
        let mut visit = |path: &RelPath, facts: Facts| {
            let inner = path.as_bytes().get(inner_at..).unwrap_or_default();
            visit(&Found { path, inner, facts })
        };
        let Some(names) = &tree.names else {
            return Walk::new(self, &tree.top)?.go(&tree.top, false, &mut visit);
        };
        for name in names {
            let path = tree.top.entry(name);
            match self.facts(&path)? {
                facts if facts.kind == Kind::File => visit(&path, facts)?,
                facts if facts.kind == Kind::Folder => {
                    Walk::new(self, &tree.top)?.go(&path, true, &mut visit)?;
                }
                _ => return Err(Error::Forbidden("Only files and folders can be read.")),
            }
        }
        Ok(())
    }
}

type Visit<'v> = dyn FnMut(&RelPath, Facts) -> Result<()> + 'v;

/// What tells a folder from every other: its device and inode.
type Identity = (u64, u64);

/// Where a walk is.
struct Walk<'s> {
    share: &'s Share,
    /// The folders that hold the top, the shared one first.
    above: Vec<Identity>,
    /// The folders from the top of the walk down to the one that is being read.
    way: Vec<Identity>,
    ahead: Ahead,
}

/// A folder that was seen and not yet walked.
struct Seen {
    name: OsString,
    /// Folders on the way to it.
    depth: usize,
    /// Whether a link was followed on the way to it, or is it.
    is_linked: bool,
}

impl<'s> Walk<'s> {
    fn new(share: &'s Share, top: &RelPath) -> Result<Walk<'s>> {
        let (_, root) = look(&share.root, &RelPath::root())?;
        let mut above = vec![root];
        for folder in top.ancestors() {
            let (_, identity) = look(&share.folder(&folder)?, &folder)?;
            above.push(identity);
        }
        Ok(Walk {
            share,
            above,
            way: Vec::new(),
            ahead: Ahead::default(),
        })
    }

    /// Walks a folder; `shows_top` says whether it is itself a part of what is shown.
    fn go(&mut self, top: &RelPath, shows_top: bool, visit: &mut Visit<'_>) -> Result<()> {
        let mut path = top.clone();
        let dir = self.share.folder(top)?;
        self.enter(&path, &dir, false, shows_top, visit)?;
        while let Some(next) = self.ahead.pop() {
            // Up to the folder that holds it.
            while self.way.len() > next.depth {
                self.way.pop();
                path = path
                    .split()
                    .map_or_else(RelPath::root, |(parent, _)| parent);
            }
            let folder = path.entry(&next.name);
            match self.share.folder(&folder) {
                Ok(dir) => self.enter(&folder, &dir, next.is_linked, true, visit)?,
                // Gone since it was seen, as if it had never been.
                Err(Error::NotFound) => continue,
                Err(error) => return Err(error),
            }
            path = folder;
        }
        Ok(())
    }

    /// Shows a folder and its files, and remembers its folders.
    fn enter(
        &mut self,
        path: &RelPath,
        dir: &Dir,
        is_linked: bool,
        is_shown: bool,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        let failed = |e: Errno| Error::io("list", path, e.into());
        let dir = readable(dir).map_err(failed)?;
        let (facts, identity) = look(&dir, path)?;
        if is_shown {
            visit(path, facts)?;
        }
        self.way.push(identity);
        let mut buffer = Vec::with_capacity(NAMES_BUFFER_BYTES);
        let mut names = RawDir::new(&dir, buffer.spare_capacity_mut());
        while let Some(item) = names.next() {
            let item = item.map_err(failed)?;
            let name = item.file_name().to_bytes();
            // What lies in the root is told from what lies elsewhere however the way led there.
            let depth = usize::from(self.above.first() != Some(&identity));
            if name == b"." || name == b".." || is_reserved(name, depth) {
                continue;
            }
            self.meet(path, &dir, OsStr::from_bytes(name), is_linked, visit)?;
        }
        Ok(())
    }

    /// Shows a file; remembers a folder.
    fn meet(
        &mut self,
        folder: &RelPath,
        dir: &OwnedFd,
        name: &OsStr,
        in_linked: bool,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        let path = folder.entry(name);
        let failed = |e: Errno| Error::io("look at", &path, e.into());
        let mut facts = match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Facts::new(&stat),
            Err(Errno::NOENT) => return Ok(()),
            Err(e) => return Err(failed(e)),
        };
        let is_link = facts.kind == Kind::Link;
        if is_link && let Ok(target) = self.share.facts(&path) {
            facts = target;
        }
        match facts.kind {
            Kind::File => {
                // Asked now, so that a file that cannot be read is refused before anything is sent.
                if !is_link {
                    accessat(dir, name, Access::READ_OK, AtFlags::empty()).map_err(failed)?;
                }
                visit(&path, facts)
            }
            Kind::Folder if is_link && (in_linked || self.leads_back(&path)?) => Ok(()),
            Kind::Folder => self.ahead.push(&Seen {
                name: name.to_os_string(),
                depth: self.way.len(),
                is_linked: in_linked || is_link,
            }),
            Kind::Link | Kind::Other => Ok(()),
        }
    }

    /// Whether a link leads to a folder that it lies in, however deep.
    fn leads_back(&self, path: &RelPath) -> Result<bool> {
        let (_, identity) = look(&self.share.folder(path)?, path)?;
        Ok(self.way.contains(&identity) || self.above.contains(&identity))
    }
}

fn look(dir: impl AsFd, path: &RelPath) -> Result<(Facts, Identity)> {
    let stat = fstat(dir).map_err(|e| Error::io("look at", path, e.into()))?;
    #[allow(clippy::unnecessary_cast, reason = "32 bits wide on some targets")]
    let identity = (stat.st_dev as u64, stat.st_ino as u64);
    Ok((Facts::new(&stat), identity))
}

/// The folders that are ahead, the last seen first: their names end to end, each with what else is
/// known of it behind, since a folder of many folders would cost several times as much otherwise.
#[derive(Default)]
struct Ahead(Vec<u8>);

/// A length of name, a depth, a flag.
const TRAILER_BYTES: usize = 5;

impl Ahead {
    fn push(&mut self, seen: &Seen) -> Result<()> {
        let name = seen.name.as_bytes();
        let too_much = Error::TooLarge("The folder holds too many folders.");
        let (Ok(length), Ok(depth)) = (u16::try_from(name.len()), u16::try_from(seen.depth)) else {
            return Err(too_much);
        };
        if self.0.len() + name.len() + TRAILER_BYTES > AHEAD_BYTES_MAX {
            return Err(too_much);
        }
        self.0.extend_from_slice(name);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(&depth.to_le_bytes());
        self.0.push(u8::from(seen.is_linked));
        Ok(())
    }

    fn pop(&mut self) -> Option<Seen> {
        let (rest, trailer) = self.0.split_last_chunk::<TRAILER_BYTES>()?;
        let &[l0, l1, d0, d1, flag] = trailer;
        let at = rest
            .len()
            .checked_sub(u16::from_le_bytes([l0, l1]).into())?;
        let name = OsStr::from_bytes(&rest[at..]).to_os_string();
        self.0.truncate(at);
        Some(Seen {
            name,
            depth: u16::from_le_bytes([d0, d1]).into(),
            is_linked: flag != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn seen(name: &str, depth: usize, is_linked: bool) -> Seen {
        let name = name.into();
        Seen {
            name,
            depth,
            is_linked,
        }
    }

    #[test]
    fn the_folder_that_was_seen_last_comes_first_with_all_that_is_known_of_it() {
        let mut ahead = Ahead::default();
        let long = "x".repeat(255);
        for row in [("a", 1, false), ("", 2047, true), (&long, 300, true)] {
            ahead.push(&seen(row.0, row.1, row.2)).unwrap();
        }
        for row in [(&*long, 300, true), ("", 2047, true), ("a", 1, false)] {
            let next = ahead.pop().unwrap();
            assert_eq!(
                (next.name.to_str().unwrap(), next.depth, next.is_linked),
                row
            );
        }
        assert!(ahead.pop().is_none());
    }

    #[test]
    fn the_folders_ahead_fill_their_bound_and_not_a_byte_more() {
        let mut ahead = Ahead::default();
        let name = "n".repeat(256 - TRAILER_BYTES);
        for _ in 0..AHEAD_BYTES_MAX / 256 {
            ahead.push(&seen(&name, 1, false)).unwrap();
        }
        assert!(matches!(
            ahead.push(&seen("", 1, false)),
            Err(Error::TooLarge(_))
        ));
        ahead.pop().unwrap();
        ahead.push(&seen(&name, 1, false)).unwrap();
    }
}
