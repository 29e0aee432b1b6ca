//! Removing a folder with all that it holds, however much and however deep that is.
//!
//! What lies deeper is moved up into the folder that goes, one level at a time, and removed there.
//! So nothing has to be kept on the way down: no stack, no open folder for each level, no path
//! that is longer than the system takes. It works on single names in open folders and follows no
//! link. Whoever looks meanwhile sees a tree in pieces: hide it first.

use std::ffi::{CStr, OsStr};

use cap_std::fs::Dir;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, openat, renameat, unlinkat};
use rustix::io::{Errno, Result};

use super::upload::temporary_name;

/// Names are read from the kernel by the block; two folders are open at a time.
const NAMES_BUFFER_BYTES: usize = 8 << 10;

/// Removes the folder with this name. What of it cannot be removed stays.
pub(super) fn remove_tree(parent: &Dir, name: &OsStr) -> Result<()> {
    let top = open(parent, name)?;
    // What was moved up comes in a later pass. One that could do nothing is the last.
    while pass(&top, |name| empty(&top, name))? {}
    unlinkat(parent, name, AtFlags::REMOVEDIR)
}

/// Empties a folder that lies in the top: removes its files and moves its folders up.
fn empty(top: &OwnedFd, name: &CStr) -> Result<bool> {
    let folder = open(top, name)?;
    pass(&folder, |inner| {
        let up = temporary_name().map_err(|_| Errno::AGAIN)?;
        renameat(&folder, inner, top, &up).map(|()| true)
    })
}

/// Removes each file and each empty folder in `folder`, and leaves the other folders to `full`.
/// True when that changed anything, there or below.
fn pass(folder: &OwnedFd, mut full: impl FnMut(&CStr) -> Result<bool>) -> Result<bool> {
    let mut changed = false;
    let mut buffer = Vec::with_capacity(NAMES_BUFFER_BYTES);
    // A descriptor of its own, since one that was read to its end stays there.
    let listed = open(folder, c".")?;
    let mut names = RawDir::new(&listed, buffer.spare_capacity_mut());
    while let Some(item) = names.next() {
        let item = item?;
        let name = item.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        // Not every file system tells the kind with the name; so both ways may be tried.
        let is_folder = item.file_type() == FileType::Directory;
        if !is_folder && unlinkat(folder, name, AtFlags::empty()).is_ok() {
            changed = true;
            continue;
        }
        changed |= match unlinkat(folder, name, AtFlags::REMOVEDIR) {
            Ok(()) => true,
            // One that cannot be emptied must not keep the others.
            Err(Errno::NOTEMPTY | Errno::EXIST) => full(name).unwrap_or(false),
            Err(_) => false,
        };
    }
    Ok(changed)
}

fn open(parent: impl AsFd, name: impl rustix::path::Arg) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(parent, name, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::fs;
    use std::os::unix::fs::symlink;

    use cap_std::ambient_authority;
    use rustix::fs::mkdirat;

    use super::*;

    /// Removes the folder `top` on the stack that connections have.
    fn remove_on_a_small_stack(dir: Dir) {
        let remove = move || remove_tree(&dir, OsStr::new("top"));
        let thread = std::thread::Builder::new().stack_size(128 << 10);
        thread.spawn(remove).unwrap().join().unwrap().unwrap();
    }

    #[test]
    fn a_tree_deeper_than_any_path_is_removed_with_a_small_stack() {
        const DEPTH: usize = 3_000;
        let place = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(place.path(), ambient_authority()).unwrap();
        let mut at: OwnedFd = open(&dir, ".").unwrap();
        for depth in 0..DEPTH {
            let name = if depth == 0 { "top" } else { "a-folder" };
            mkdirat(&at, name, Mode::from_raw_mode(0o755)).unwrap();
            at = open(&at, name).unwrap();
            let create = OFlags::CREATE | OFlags::WRONLY;
            drop(openat(&at, "file", create, Mode::from_raw_mode(0o644)).unwrap());
        }
        remove_on_a_small_stack(dir);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_broad_tree_is_removed_and_what_its_links_lead_to_stays() {
        let place = tempfile::tempdir().unwrap();
        let beside = place.path().join("beside");
        fs::create_dir_all(beside.join("inner")).unwrap();
        fs::write(beside.join("inner/canary"), b"alive").unwrap();
        for (i, j) in (0..400).map(|n| (n / 20, n % 20)) {
            let folder = place.path().join(format!("top/{i}/{j}"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("file"), b"").unwrap();
            symlink("../../../beside/inner", folder.join("link")).unwrap();
        }
        symlink(&beside, place.path().join("top/link")).unwrap();
        let dir = Dir::open_ambient_dir(place.path(), ambient_authority()).unwrap();
        remove_on_a_small_stack(dir);
        assert!(!place.path().join("top").exists());
        assert_eq!(fs::read(beside.join("inner/canary")).unwrap(), b"alive");
    }
}
