//! How a file gets its name, atomically: without replacing, numbered, or in exchange for the one
//! that stood there. Each system call that a file system may lack has its fallback.
//!
//! It works on single names in open folders, so that nothing here can lead elsewhere.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use cap_std::fs::Dir;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RenameFlags, linkat, openat, renameat, renameat_with, statat,
    unlinkat,
};
use rustix::io::{Errno, Result};

use super::kinds;
use super::name::NAME_BYTES_MAX;
use super::upload::temporary_name;

/// A file or folder under a name that it is to leave: the folder it lies in, and the name.
pub(super) type Source<'a> = (&'a Dir, &'a OsStr);

/// Gives a file or folder its name, unless something stands there (`EXIST`).
///
/// `RENAME_NOREPLACE` where the file system has it, else a second hard link. Where it has neither,
/// an empty file reserves the name and is replaced at once: for that moment it can be seen.
pub(super) fn take_name((from, temporary): Source<'_>, to: &Dir, name: &OsStr) -> Result<()> {
    match renameat_with(from, temporary, to, name, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
        other => return other,
    }
    match linkat(from, temporary, to, name, AtFlags::empty()) {
        Ok(()) => {
            return unlinkat(from, temporary, AtFlags::empty()).or_else(|e| free(to, name, e));
        }
        Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => {}
        Err(e) => return Err(e),
    }
    let stat = statat(from, temporary, AtFlags::SYMLINK_NOFOLLOW)?;
    if is_folder(&stat) {
        // No folder has a second name. By a plain rename it can replace nothing but an empty one.
        return match statat(to, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Err(Errno::EXIST),
            Err(_) => renameat(from, temporary, to, name),
        };
    }
    let reserve = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    drop(openat(to, name, reserve, Mode::from_raw_mode(0o666))?);
    renameat(from, temporary, to, name).or_else(|e| free(to, name, e))
}

/// Whether a name was refused because the file system cannot hold it: FAT and exFAT say so of some
/// characters with `INVAL`, in user space with `NOENT`.
pub(super) fn cannot_hold(dir: &Dir, name: &OsStr, refusal: Errno) -> bool {
    const NOT_IN_FAT: &[u8] = b"\"*:<>?\\|";
    let is_about_names = matches!(refusal, Errno::INVAL | Errno::NOENT | Errno::ILSEQ);
    is_about_names
        && name.as_bytes().iter().any(|b| NOT_IN_FAT.contains(b))
        && kinds::limits_names(dir)
}

/// Gives up a name that was taken by the half, and hands on why.
fn free(to: &Dir, name: &OsStr, cause: Errno) -> Result<()> {
    match unlinkat(to, name, AtFlags::empty()) {
        // The cause says more than a second failure.
        Ok(()) | Err(_) => Err(cause),
    }
}

/// Gives a temporary file its name or, where that is taken, the first free one like it.
pub(super) fn take_free_name(from: Source<'_>, to: &Dir, name: &OsStr) -> Result<OsString> {
    let mut candidate = name.to_os_string();
    for number in 2_u32.. {
        match take_name(from, to, &candidate) {
            Ok(()) => return Ok(candidate),
            Err(Errno::EXIST) => candidate = numbered(name, number),
            Err(e) => return Err(e),
        }
    }
    Err(Errno::EXIST)
}

/// Gives a file or folder its name, in exchange for whatever stands there when `overwrite` allows
/// it, which is then under the name that was left. True when there was something; `EXIST` when it
/// was to stay.
pub(super) fn put(from: Source<'_>, to: &Dir, name: &OsStr, overwrite: bool) -> Result<bool> {
    loop {
        match take_name(from, to, name) {
            Err(Errno::EXIST) if overwrite => {}
            other => return other.map(|()| false),
        }
        match exchange(from, to, name) {
            // Gone since we looked: the name is free to be taken.
            Err(Errno::NOENT) => {}
            other => return other.map(|()| true),
        }
    }
}

/// Gives a temporary file its name, in exchange for the file that stands there, if one does, which
/// is then under the temporary name. True when there was one; `ISDIR` when it is a folder.
pub(super) fn replace(from: Source<'_>, to: &Dir, name: &OsStr) -> Result<bool> {
    loop {
        match take_name(from, to, name) {
            Ok(()) => return Ok(false),
            Err(Errno::EXIST) => {}
            Err(e) => return Err(e),
        }
        match statat(to, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if is_folder(&stat) => return Err(Errno::ISDIR),
            Ok(_) => {}
            Err(Errno::NOENT) => continue,
            Err(e) => return Err(e),
        }
        match exchange(from, to, name) {
            Ok(()) => {}
            // Gone since we looked: the name is free to be taken.
            Err(Errno::NOENT) => continue,
            Err(e) => return Err(e),
        }
        // A folder can have come in between; it must not be lost.
        match statat(from.0, from.1, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if is_folder(&stat) => {
                exchange(from, to, name)?;
                return Err(Errno::ISDIR);
            }
            Ok(_) | Err(_) => return Ok(true),
        }
    }
}

/// Swaps two names. Where the file system cannot, a second hard link keeps the old file, so that it
/// can be put back. Where it has neither, the new one replaces the old one for good: moving the old
/// one away first would, for a moment, leave it only under a name that the next start sweeps.
pub(super) fn exchange((from, temporary): Source<'_>, to: &Dir, name: &OsStr) -> Result<()> {
    match renameat_with(from, temporary, to, name, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
        other => return other,
    }
    let aside = temporary_name().map_err(|_| Errno::AGAIN)?;
    match linkat(to, name, from, &aside, AtFlags::empty()) {
        Ok(()) => {}
        Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK) => {
            return renameat(from, temporary, to, name);
        }
        Err(e) => return Err(e),
    }
    renameat(from, temporary, to, name).or_else(|e| free(from, OsStr::new(&aside), e))?;
    match renameat(from, &aside, from, temporary) {
        Err(e) => renameat(from, &aside, to, name).and(Err(e)),
        Ok(()) => Ok(()),
    }
}

fn is_folder(stat: &rustix::fs::Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

/// `photo.jpg` with the number 2 is `photo (2).jpg`: before the last extension, which a name that
/// begins with its only dot does not have, nor one with no room for a stem beside it. The stem is
/// cut where the whole would be too long.
fn numbered(name: &OsStr, number: u32) -> OsString {
    let name = name.as_bytes();
    let number = format!(" ({number})");
    let dot = memchr::memrchr(b'.', name)
        .filter(|&at| at > 0 && name.len() - at + number.len() < NAME_BYTES_MAX)
        .unwrap_or(name.len());
    let (stem, extension) = name.split_at(dot);
    let room = NAME_BYTES_MAX.saturating_sub(number.len() + extension.len());
    let mut end = stem.len().min(room);
    // Not in the middle of a character.
    while end > 0
        && stem
            .get(end)
            .is_some_and(|b| b & 0b1100_0000 == 0b1000_0000)
    {
        end -= 1;
    }
    OsStr::from_bytes(&[&stem[..end], number.as_bytes(), extension].concat()).to_os_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_goes_before_the_last_extension() {
        for (name, number, expected) in [
            ("photo.jpg", 2, "photo (2).jpg"),
            ("a.tar.gz", 3, "a.tar (3).gz"),
            ("README", 2, "README (2)"),
            (".bashrc", 2, ".bashrc (2)"),
            ("photo (2).jpg", 2, "photo (2) (2).jpg"),
            ("a.", 2, "a (2)."),
        ] {
            assert_eq!(numbered(OsStr::new(name), number), OsStr::new(expected));
        }
    }

    #[test]
    fn a_numbered_name_stays_within_the_limit_and_whole() {
        let long = format!("{}.jpg", "ä".repeat(125));
        let numbered = numbered(OsStr::new(&long), 12);
        assert!(numbered.len() <= NAME_BYTES_MAX);
        assert!(numbered.to_str().is_some_and(|n| n.ends_with("ä (12).jpg")));
    }

    #[test]
    fn a_dot_without_room_for_a_stem_begins_no_extension() {
        for extension in 200..=NAME_BYTES_MAX - 2 {
            let long = format!("ab.{}", "x".repeat(extension - 1));
            let numbered = numbered(OsStr::new(&long), 123);
            let text = numbered.to_str().unwrap_or_default();
            assert!(numbered.len() <= NAME_BYTES_MAX, "{extension}");
            assert!(text.starts_with('a'), "{extension}: {text}");
            assert_eq!(
                text.ends_with('x'),
                extension < NAME_BYTES_MAX - 6,
                "{text}"
            );
        }
    }
}
