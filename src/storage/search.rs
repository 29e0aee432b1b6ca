//! Searching for names below a folder.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{FileType, RawDir};

use super::entry::{Facts, Kind};
use super::name::{RelPath, is_reserved};
use super::share::{Share, readable};
use crate::error::{Error, Result};

/// Names are read from the kernel by the block.
const NAMES_BUFFER_BYTES: usize = 32 << 10;
/// Bytes of the paths of folders that may be ahead at a time.
const AHEAD_BYTES_MAX: usize = 16 << 20;

/// What a search has come to.
#[derive(Debug)]
pub enum Hit<'a> {
    /// A name that is wanted.
    Found(&'a RelPath, Facts),
    /// It has looked at one more block of names.
    Pause,
}

impl Share {
    /// Shows everything below a folder whose name is wanted, in no order, until `visit` has enough.
    /// Folders that a link leads to are shown and not gone into. What cannot be read is passed over.
    /// False when there was more than memory is granted for.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is no folder, `Forbidden`, `Io`: of the folder itself.
    pub fn search(
        &self,
        folder: &RelPath,
        wanted: impl Fn(&OsStr) -> bool,
        mut visit: impl FnMut(Hit<'_>) -> ControlFlow<()>,
    ) -> Result<bool> {
        let mut ahead = vec![folder.clone()];
        let mut ahead_bytes = 0;
        let mut is_whole = true;
        let mut is_first = true;
        while let Some(at) = ahead.pop() {
            ahead_bytes -= if is_first { 0 } else { at.as_bytes().len() };
            let opened = self.folder(&at).and_then(|dir| {
                let failed = |e: rustix::io::Errno| Error::io("list", &at, e.into());
                Ok((readable(&dir).map_err(failed)?, dir))
            });
            let (list, dir) = match opened {
                Ok(opened) => opened,
                Err(e) if std::mem::take(&mut is_first) => return Err(e),
                Err(_) => continue,
            };
            is_first = false;
            let depth = self.depth(&list);
            let mut buffer = Vec::with_capacity(NAMES_BUFFER_BYTES);
            let mut names = RawDir::new(&list, buffer.spare_capacity_mut());
            while let Some(Ok(item)) = names.next() {
                let bytes = item.file_name().to_bytes();
                if bytes == b"." || bytes == b".." || is_reserved(bytes, depth) {
                    continue;
                }
                let name = OsStr::from_bytes(bytes);
                let is_wanted = wanted(name);
                let kind = item.file_type();
                let facts = match is_wanted || kind == FileType::Unknown {
                    true => self.entry_facts(&dir, &at, name).ok(),
                    false => None,
                };
                let path = at.entry(name);
                if let Some((facts, _)) = facts.filter(|_| is_wanted)
                    && visit(Hit::Found(&path, facts)).is_break()
                {
                    return Ok(is_whole);
                }
                let is_folder = kind == FileType::Directory
                    || facts.is_some_and(|(it, is_link)| it.kind == Kind::Folder && !is_link);
                if is_folder && ahead_bytes + path.as_bytes().len() <= AHEAD_BYTES_MAX {
                    ahead_bytes += path.as_bytes().len();
                    ahead.push(path);
                } else if is_folder {
                    is_whole = false;
                }
            }
            if visit(Hit::Pause).is_break() {
                return Ok(is_whole);
            }
        }
        Ok(is_whole)
    }
}
