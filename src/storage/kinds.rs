//! What a file system is like, by its number in linux/magic.h (statfs(2)).

use rustix::fd::AsFd;
use rustix::fs::ioctl_getflags;

use crate::sys;

/// Those that other machines, or programs, change without this kernel's knowledge: NFS, SMB (three
/// numbers), FUSE, 9P, Ceph, AFS, VirtualBox.
const REMOTE: [u32; 9] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x6573_5546,
    0x0102_1997,
    0x00c3_6400,
    0x5346_414f,
    0x786f_4256,
];
/// Those of other systems: FAT, exFAT, NTFS (two drivers).
const FOREIGN: [u32; 4] = [0x4d44, 0x2011_bab0, 0x7366_746e, 0x5346_544e];
/// Those that may have one name in several spellings besides: HFS, HFS+, ZFS.
const FOLDING: [u32; 3] = [0x4244, 0x482b, 0x2fc1_2fc1];
/// `FS_CASEFOLD_FL` of linux/fs.h: ext4, F2FS and tmpfs fold case in folders that say so.
const CASEFOLD: u32 = 0x4000_0000;

/// Whether a folder may be changed where this kernel does not notice.
pub(super) fn is_remote(dir: impl AsFd) -> bool {
    REMOTE.contains(&number(dir))
}

/// Whether one thing in a folder may go by several spellings.
pub(super) fn folds_case(dir: impl AsFd) -> bool {
    let flags = ioctl_getflags(&dir).map_or(0, |flags| flags.bits());
    let number = number(dir);
    flags & CASEFOLD != 0 || FOREIGN.contains(&number) || FOLDING.contains(&number)
}

/// Whether there may be names that it cannot hold.
pub(super) fn limits_names(dir: impl AsFd) -> bool {
    let number = number(dir);
    FOREIGN.contains(&number) || REMOTE.contains(&number)
}

/// That of the file system which a file lies on; 0, which is none's, where it does not say.
fn number(file: impl AsFd) -> u32 {
    sys::file_system(file).map_or(0, |it| it.kind)
}
