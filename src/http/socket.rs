//! The socket of one connection: reads with a deadline, whole writes, files, and an end that the
//! client sees.
//!
//! The library that accepted the connection owns the socket; this is its number, found and
//! verified. It knows nothing of HTTP.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::set_tcp_cork;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};

use crate::sys::{self, Descriptor};

/// A connected stream socket. It must not outlive the connection object that owns it.
#[derive(Debug)]
pub struct Socket {
    number: Descriptor,
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.number.as_fd()
    }
}

impl Socket {
    /// Wraps the socket with this number.
    pub fn new(number: Descriptor) -> Socket {
        Socket { number }
    }

    /// The number, for whoever has to shut the socket down from another thread.
    pub fn number(&self) -> Descriptor {
        self.number
    }

    /// Who is at the other end; None on Unix sockets.
    pub fn peer(&self) -> Option<SocketAddr> {
        rustix::net::getpeername(self).ok()??.try_into().ok()
    }

    /// Appends bytes out of the receive queue, as many as there is room for, waiting for at most the
    /// socket's receive time-out; 0 is the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when none came.
    pub fn wait(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        retry(|| recv(self, spare_capacity(buffer), RecvFlags::empty()).map(|(_, n)| n))
    }

    /// Takes bytes out of the receive queue, waiting until `deadline` for the first of them.
    ///
    /// # Errors
    /// `TimedOut` when none came.
    pub fn read(&self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        loop {
            match retry(|| recv(self, &mut *buffer, RecvFlags::DONTWAIT).map(|(_, n)| n)) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if !self.wait_readable(deadline)? {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                other => return other,
            }
        }
    }

    /// Waits until something lies in the queue or the peer is done sending; false when the deadline
    /// came first.
    fn wait_readable(&self, deadline: Instant) -> io::Result<bool> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut fds = [PollFd::new(self, PollFlags::IN | PollFlags::RDHUP)];
            match poll(&mut fds, Some(&timespec(left))) {
                Ok(0) => return Ok(false),
                Ok(_) => return Ok(true),
                Err(Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Bytes that lie in the receive queue.
    pub fn unread(&self) -> u64 {
        unread(self.number)
    }

    /// Sends all of `bytes`; with `more` the kernel holds them back for what follows at once.
    ///
    /// # Errors
    /// `WouldBlock` when the client took nothing for the socket's whole send time-out.
    pub fn send(&self, mut bytes: &[u8], more: bool) -> io::Result<()> {
        let flags = if more {
            SendFlags::NOSIGNAL | SendFlags::MORE
        } else {
            SendFlags::NOSIGNAL
        };
        while !bytes.is_empty() {
            let sent = retry(|| send(self, bytes, flags))?;
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    /// Sends what the kernel takes at once; 0 when that is nothing.
    ///
    /// # Errors
    /// What the socket says when it is no more.
    pub fn send_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        match retry(|| send(self, bytes, flags)) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(0),
            other => other,
        }
    }

    /// Keeps back what does not fill a segment, or sends it at once. `sendfile` hands the kernel 64
    /// KiB at a time, and without this each ends in a segment that is not full: a third more CPU.
    /// It is nothing on Unix sockets.
    pub fn set_corked(&self, is_corked: bool) {
        match set_tcp_cork(self, is_corked) {
            Ok(()) | Err(_) => {}
        }
    }

    /// Sends `length` bytes of `file` from `offset`, from page cache to socket (`sendfile`).
    /// Gives the number sent, which is less when the file ended before.
    ///
    /// # Errors
    /// `InvalidInput` or `Unsupported` with nothing sent when the file system cannot do it.
    pub fn send_file(&self, file: &File, offset: u64, length: u64) -> io::Result<u64> {
        /// What one call may ask for: Linux stops at 2 GiB, and a cut socket is noticed between.
        const CALL_BYTES_MAX: u64 = 4 << 20;
        let mut position = offset;
        let end = offset.saturating_add(length);
        while position < end {
            let count = usize::try_from((end - position).min(CALL_BYTES_MAX)).unwrap_or(usize::MAX);
            match retry(|| rustix::fs::sendfile(self, file, Some(&mut position), count)) {
                Ok(0) => break,
                Ok(_) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(position - offset)
    }

    /// Ends the connection after an answer whose request was not read to its end: says that no
    /// more will be sent, throws away what still arrives, up to `bytes_max` or for `time_max`,
    /// then cuts. Without this the client's kernel would drop the answer on our reset.
    pub fn linger(&self, bytes_max: u64, time_max: Duration) {
        let deadline = Instant::now() + time_max;
        let mut discarded = 0;
        let mut buffer = vec![0_u8; 64 << 10];
        if shutdown(self, Shutdown::Write).is_ok() {
            while discarded < bytes_max {
                match self.read(&mut buffer, deadline) {
                    Ok(0) | Err(_) => break,
                    Ok(n) => discarded += n as u64,
                }
            }
        }
        self.cut();
    }

    /// Cuts both directions at once. A thread that waits on the socket wakes.
    pub fn cut(&self) {
        cut(self.number);
    }
}

/// Bytes that lie in the receive queue of a connection.
pub fn unread(number: Descriptor) -> u64 {
    rustix::io::ioctl_fionread(number).unwrap_or(0)
}

/// For how long a reader has taken nothing of what was written for it; None when nothing waits for
/// it, or when the kernel does not say.
pub fn stalled_for(number: Descriptor) -> Option<Duration> {
    let info = sys::tcp_info(number)?;
    let quiet_ms = info.sent_ms_ago.min(info.received_ms_ago);
    info.has_unsent
        .then(|| Duration::from_millis(quiet_ms.into()))
}

/// Cuts a connection from any thread. That it is gone already is no error.
pub fn cut(number: Descriptor) {
    match shutdown(number, Shutdown::Both) {
        Ok(()) | Err(_) => {}
    }
}

/// Makes a call again that a signal came in between.
pub(super) fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        // It has 32 bits on some targets and 64 on others.
        tv_nsec: duration.subsec_nanos() as _,
    }
}
