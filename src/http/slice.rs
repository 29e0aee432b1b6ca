//! A slice of a file onto a socket: from page cache to socket where the system can, by blocks where
//! it cannot. It knows nothing of answers, and does not cut what it leaves short.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::buffer::spare_capacity;

use crate::http::socket::{Socket, retry};

/// Slices of this size and more are worth two more system calls, which make the rest cheaper.
pub(super) const LARGE_BYTES: u64 = 1 << 20;
/// Block size where `sendfile` cannot be used.
pub(super) const BLOCK_BYTES: usize = 256 << 10;

/// Sends a slice of a file, or fails: a file that shrank leaves the answer short, and the only
/// honest end for that is to cut the connection.
pub(super) fn send_slice(socket: &Socket, file: &File, offset: u64, length: u64) -> io::Result<()> {
    if length < LARGE_BYTES {
        return send_whole(socket, file, offset, length);
    }
    socket.set_corked(true);
    let sent = send_whole(socket, file, offset, length);
    socket.set_corked(false);
    sent
}

/// Appends a slice of a file to what is sent in one go, or fails as `send_slice` does.
pub(super) fn read_slice(
    out: &mut Vec<u8>,
    file: &File,
    offset: u64,
    length: u64,
) -> io::Result<()> {
    let from = out.len();
    let count = usize::try_from(length).map_err(|_| io::ErrorKind::OutOfMemory)?;
    out.reserve_exact(count);
    while out.len() - from < count {
        let at = offset + (out.len() - from) as u64;
        // Into room that was not cleared before; that may be more than was asked for.
        match retry(|| rustix::io::pread(file, spare_capacity(out), at))? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ => out.truncate(from + count),
        }
    }
    Ok(())
}

fn send_whole(socket: &Socket, file: &File, offset: u64, length: u64) -> io::Result<()> {
    let sent = match socket.send_file(file, offset, length) {
        Ok(sent) => sent,
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            send_blocks(socket, file, offset, length)?
        }
        Err(e) => return Err(e),
    };
    if sent == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn send_blocks(socket: &Socket, file: &File, offset: u64, length: u64) -> io::Result<u64> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut sent = 0;
    while sent < length {
        let most = usize::try_from(length - sent)
            .unwrap_or(usize::MAX)
            .min(BLOCK_BYTES);
        let n = file.read_at(&mut block[..most], offset + sent)?;
        if n == 0 {
            break;
        }
        socket.send(&block[..n], sent + (n as u64) < length)?;
        sent += n as u64;
    }
    Ok(sent)
}
