//! The system calls that rustix lacks, and the one place where a bare number is a descriptor.
//!
//! The only module of the program that may use `unsafe`. It holds no logic.
#![allow(unsafe_code, reason = "each block says why it is sound")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// The number of a descriptor that another object owns.
///
/// The connection library owns its socket and does not show it; all that can be had is the number,
/// found and verified by `http::socket`. Whoever keeps one must let go of it before the owner does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor(RawFd);

impl Descriptor {
    /// Takes a number out of `/proc/self/fd` or of a call that was just made.
    pub fn new(number: RawFd) -> Option<Descriptor> {
        (number >= 0).then_some(Descriptor(number))
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the number is not -1. Should its owner have closed it, a call on it fails with
        // EBADF or meets another descriptor; memory is touched in neither case.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }
}

/// The sockets that a service manager has opened for us: `LISTEN_FDS` of them from number 3 on,
/// when `LISTEN_PID` names this process (sd_listen_fds(3)). To be called once: what is given is
/// owned from then on.
pub(crate) fn inherited_sockets() -> Vec<OwnedFd> {
    /// The first descriptor that is passed on.
    const FIRST: RawFd = 3;
    let number = |name| std::env::var(name).ok()?.parse::<RawFd>().ok();
    let is_for_us = number("LISTEN_PID") == Some(std::process::id().cast_signed());
    let count = number("LISTEN_FDS").filter(|_| is_for_us).unwrap_or(0);
    let is_open = |fd: &RawFd| rustix::io::fcntl_getfd(Descriptor(*fd)).is_ok();
    (FIRST..FIRST.saturating_add(count.max(0)))
        .take_while(is_open)
        // SAFETY: the number is open, and by the protocol nobody else in this process owns it.
        .map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
        .collect()
}

/// What a file system says of itself: a part of `struct statfs`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileSystem {
    /// Its magic number, from linux/magic.h.
    pub(crate) kind: u32,
    /// Bytes of a block.
    pub(crate) block_bytes: u64,
    /// Blocks of the whole.
    pub(crate) blocks: u64,
    /// Blocks that are left for us.
    pub(crate) blocks_available: u64,
}

/// Asks the file system that a file lies on (statfs(2)).
///
/// Not by rustix 1.1.6, whose structure is shorter than the kernel's on MIPS: a kernel refuses it,
/// and qemu writes beyond its end.
pub(crate) fn file_system(file: impl AsFd) -> io::Result<FileSystem> {
    // The C library of GNU has the usual names for 32 bits.
    #[cfg(not(target_env = "gnu"))]
    use libc::{fstatfs, statfs};
    #[cfg(target_env = "gnu")]
    use libc::{fstatfs64 as fstatfs, statfs64 as statfs};
    let mut told = MaybeUninit::<statfs>::uninit();
    // SAFETY: the pointer is to a whole structure of the C library's.
    if unsafe { fstatfs(file.as_fd().as_raw_fd(), told.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has succeeded, and then has filled it.
    let told = unsafe { told.assume_init() };
    let block = match told.f_frsize {
        0 => told.f_bsize,
        size => size,
    };
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "of any width and sign, by target"
    )]
    Ok(FileSystem {
        kind: told.f_type as u32,
        block_bytes: block as u64,
        blocks: told.f_blocks as u64,
        blocks_available: told.f_bavail as u64,
    })
}

/// What the kernel knows of a TCP connection: a part of `struct tcp_info`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpInfo {
    /// Whether something that was written has yet to be sent, or to be acknowledged.
    pub(crate) has_unsent: bool,
    /// Milliseconds since something was sent.
    pub(crate) sent_ms_ago: u32,
    /// Milliseconds since something came.
    pub(crate) received_ms_ago: u32,
}

/// Asks about a TCP socket. None for other sockets and before Linux 4.6, which tells less.
pub(crate) fn tcp_info(socket: impl AsFd) -> Option<TcpInfo> {
    // Offsets of tcpi_unacked, tcpi_last_data_sent, tcpi_last_data_recv and tcpi_notsent_bytes,
    // which new versions of the structure do not move.
    const UNACKED: usize = 24;
    const LAST_DATA_SENT: usize = 44;
    const LAST_DATA_RECV: usize = 52;
    const NOTSENT_BYTES: usize = 144;
    let mut info = [0_u8; NOTSENT_BYTES + 4];
    let mut length = info.len() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes into `info`, which is that long.
    let status = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast(),
            &mut length,
        )
    };
    if status != 0 || (length as usize) < info.len() {
        return None;
    }
    let word = |at: usize| {
        let bytes = [info[at], info[at + 1], info[at + 2], info[at + 3]];
        u32::from_ne_bytes(bytes)
    };
    Some(TcpInfo {
        has_unsent: word(UNACKED) > 0 || word(NOTSENT_BYTES) > 0,
        sent_ms_ago: word(LAST_DATA_SENT),
        received_ms_ago: word(LAST_DATA_RECV),
    })
}

/// The version of Landlock that the kernel has (landlock(7)); None when it has none, or was started
/// without.
pub(crate) fn landlock_version() -> Option<u32> {
    const VERSION: libc::c_uint = 1;
    let (none, no_size) = (std::ptr::null::<u64>(), 0_usize);
    // SAFETY: with this flag the kernel reads nothing.
    let version = unsafe { libc::syscall(CREATE_RULESET, none, no_size, VERSION) };
    u32::try_from(version).ok()
}

/// A set of rules that governs these rights, and grants none of them yet.
pub(crate) fn landlock_ruleset(governed: u64) -> io::Result<OwnedFd> {
    let flags: libc::c_uint = 0;
    // SAFETY: the kernel reads as many bytes as are told, which are those of `governed`; the rest
    // of the structure, which newer versions have, it takes for zero.
    let number =
        unsafe { libc::syscall(CREATE_RULESET, &raw const governed, size_of::<u64>(), flags) };
    let number = RawFd::try_from(number).ok().filter(|number| *number >= 0);
    let number = number.ok_or_else(io::Error::last_os_error)?;
    // SAFETY: the kernel has just made it, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Grants rights to what is at or below a place.
pub(crate) fn landlock_grant(ruleset: impl AsFd, place: impl AsFd, rights: u64) -> io::Result<()> {
    /// `struct landlock_path_beneath_attr`.
    #[repr(C, packed)]
    struct PathBeneath {
        rights: u64,
        place: i32,
    }
    const PATH_BENEATH: libc::c_uint = 1;
    let rule = PathBeneath {
        rights,
        place: place.as_fd().as_raw_fd(),
    };
    let (ruleset, flags) = (ruleset.as_fd().as_raw_fd(), 0 as libc::c_uint);
    // SAFETY: the kernel reads a structure of the kind that is told, which `rule` is.
    let status = unsafe { libc::syscall(ADD_RULE, ruleset, PATH_BENEATH, &raw const rule, flags) };
    match status {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Holds this thread, and all that it begins from now on, to the rules, for good.
pub(crate) fn landlock_enforce(ruleset: impl AsFd) -> io::Result<()> {
    let (ruleset, flags) = (ruleset.as_fd().as_raw_fd(), 0 as libc::c_uint);
    // SAFETY: two numbers are all that the kernel gets.
    match unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset, flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

const CREATE_RULESET: libc::c_long = libc::SYS_landlock_create_ruleset;
const ADD_RULE: libc::c_long = libc::SYS_landlock_add_rule;
