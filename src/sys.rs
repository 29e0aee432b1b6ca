//! The system calls that rustix lacks, and the one place where a bare number is a descriptor.
//!
//! The only module of the program that may use `unsafe`. It holds no logic.
#![allow(unsafe_code, reason = "each block says why it is sound")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

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

/// Bytes that have reached the receive queue of a TCP socket since it was connected: the field
/// `tcpi_bytes_received` of `struct tcp_info`. None on other sockets and before Linux 4.1.
pub(crate) fn tcp_bytes_received(socket: impl AsFd) -> Option<u64> {
    const OFFSET: usize = 128;
    let mut info = [0_u8; OFFSET + 8];
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
    let field: [u8; 8] = info[OFFSET..].try_into().ok()?;
    Some(u64::from_ne_bytes(field))
}

/// Sets `SO_RCVLOWAT`: `poll` calls the socket readable once that many bytes lie in its queue.
pub(crate) fn set_receive_low_water(socket: impl AsFd, bytes: i32) -> io::Result<()> {
    // SAFETY: the kernel reads four bytes at the pointer, which are those of `bytes`.
    let status = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVLOWAT,
            (&raw const bytes).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    };
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
