//! The way out for a body that is written piece by piece and whose length was announced.
//!
//! It holds the writer to its word: a byte too many is an error, and so is one too few at the end.
//! After an error the connection is cut, so that the client sees an answer that is short, and
//! never bytes of another one.

use std::fs::File;
use std::io;

use crate::http::slice::{read_slice, send_slice};
use crate::http::socket::Socket;

/// Bytes that are gathered before they are sent: what stands round small files is small.
const GATHERED_BYTES: usize = 64 << 10;

/// Takes a body of known length.
pub struct Outlet<'c> {
    socket: &'c Socket,
    gathered: Vec<u8>,
    /// Bytes that were announced and not yet written.
    left: u64,
}

impl<'c> Outlet<'c> {
    /// An outlet for so many bytes behind `head`, which goes out with the first of them.
    pub(super) fn new(socket: &'c Socket, head: Vec<u8>, length: u64) -> Outlet<'c> {
        Outlet {
            socket,
            gathered: head,
            left: length,
        }
    }

    /// Writes these bytes.
    ///
    /// # Errors
    /// `InvalidData` when there are more than were announced, or what the socket says.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.take(bytes.len() as u64)?;
        if self.gathered.len() + bytes.len() <= GATHERED_BYTES {
            self.gathered.extend_from_slice(bytes);
            return Ok(());
        }
        self.flush()?;
        self.socket.send(bytes, self.left > 0)
    }

    /// Writes the first `length` bytes of a file, from page cache to socket where that pays.
    ///
    /// # Errors
    /// As `bytes`; `UnexpectedEof` when the file is shorter, and whatever reading it says.
    pub fn file(&mut self, file: &File, length: u64) -> io::Result<()> {
        self.take(length)?;
        let from = self.gathered.len();
        match usize::try_from(length) {
            Ok(n) if from + n <= GATHERED_BYTES => read_slice(&mut self.gathered, file, 0, length),
            _ => {
                self.flush()?;
                send_slice(self.socket, file, 0, length)
            }
        }
    }

    /// Sends what is still held back.
    ///
    /// # Errors
    /// `UnexpectedEof` when less was written than announced, or what the socket says.
    pub(super) fn finish(self) -> io::Result<()> {
        if self.left > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.socket.send(&self.gathered, false)
    }

    fn take(&mut self, bytes: u64) -> io::Result<()> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or(io::ErrorKind::InvalidData)?;
        Ok(())
    }

    /// Something always follows at once.
    fn flush(&mut self) -> io::Result<()> {
        self.socket.send(&self.gathered, true)?;
        self.gathered.clear();
        Ok(())
    }
}
