//! The body of a request: read straight off the socket, held against its declared length and
//! against a minimum rate.
//!
//! A body that ends early is an error here, so that nobody can take half a file for a whole one.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use crate::http::chunked::Chunked;
use crate::http::head::Framing;
use crate::http::socket::Socket;

/// The slowest a sender may be: `bytes` in each `window` of waiting for it.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Bytes that must come in a window.
    pub bytes: u64,
    /// Time spent waiting for the sender; our own work does not count.
    pub window: Duration,
}

/// The body of a request. Reading yields its content, without any framing; errors are
/// `UnexpectedEof` when it ends early, `TimedOut` when its sender is too slow and `InvalidData`
/// when its chunks are malformed.
#[derive(Debug)]
pub struct Body<'c> {
    framed: Framed<'c>,
}

#[derive(Debug)]
enum Framed<'c> {
    Empty,
    Length {
        wire: Wire<'c>,
        declared: u64,
        remaining: u64,
    },
    Chunked(Box<Chunked<Wire<'c>>>),
}

impl<'c> Body<'c> {
    /// The body behind a head: `ahead` has what came with it, `socket` the rest. With
    /// `expects_continue` the client is told to go on at the first read (RFC 9110, section 10.1.1).
    pub fn new(
        socket: &'c Socket,
        ahead: &'c mut Vec<u8>,
        framing: Framing,
        expects_continue: bool,
        rate: Rate,
    ) -> Body<'c> {
        let wire = Wire {
            socket,
            ahead,
            expects_continue,
            rate,
            waited: Duration::ZERO,
            received: 0,
        };
        let framed = match framing {
            Framing::Empty => Framed::Empty,
            Framing::Length(length) => Framed::Length {
                wire,
                declared: length,
                remaining: length,
            },
            Framing::Chunked => Framed::Chunked(Box::new(Chunked::new(wire))),
        };
        Body { framed }
    }

    /// The length that the client declared; None when it sends chunks.
    pub fn declared_bytes(&self) -> Option<u64> {
        match &self.framed {
            Framed::Empty => Some(0),
            Framed::Length { declared, .. } => Some(*declared),
            Framed::Chunked(_) => None,
        }
    }

    /// Whether everything was read, up to the last byte of its framing.
    pub fn is_complete(&self) -> bool {
        match &self.framed {
            Framed::Empty => true,
            Framed::Length { remaining, .. } => *remaining == 0,
            Framed::Chunked(chunked) => chunked.is_complete(),
        }
    }

    /// Whether it was read to its end and not beyond, so that another request can follow. The
    /// chunked reader reads ahead.
    pub fn leaves_the_rest(&self) -> bool {
        !matches!(self.framed, Framed::Chunked(_)) && self.is_complete()
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.framed {
            Framed::Empty => Ok(0),
            Framed::Chunked(chunked) => chunked.read(buffer),
            Framed::Length {
                wire, remaining, ..
            } => {
                let most = usize::try_from(*remaining)
                    .unwrap_or(usize::MAX)
                    .min(buffer.len());
                if most == 0 {
                    return Ok(0);
                }
                let n = wire.read(&mut buffer[..most])?;
                if n == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                *remaining -= n as u64;
                Ok(n)
            }
        }
    }
}

/// The raw bytes behind the head, at no less than the minimum rate.
#[derive(Debug)]
struct Wire<'c> {
    socket: &'c Socket,
    /// What came before it was asked for.
    ahead: &'c mut Vec<u8>,
    expects_continue: bool,
    rate: Rate,
    waited: Duration,
    received: u64,
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.expects_continue) {
            self.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n", false)?;
        }
        if !self.ahead.is_empty() {
            let n = buffer.len().min(self.ahead.len());
            buffer[..n].copy_from_slice(&self.ahead[..n]);
            self.ahead.drain(..n);
            self.received += n as u64;
            return Ok(n);
        }
        loop {
            let before = Instant::now();
            let deadline = before + self.rate.window.saturating_sub(self.waited);
            let result = self.socket.read(buffer, deadline);
            self.waited += before.elapsed();
            let read = match result {
                Ok(n) => Some(n),
                // The window is over, and what came in it before this silence counts.
                Err(e) if e.kind() == io::ErrorKind::TimedOut => None,
                Err(e) => return Err(e),
            };
            self.received += read.unwrap_or(0) as u64;
            if self.waited >= self.rate.window {
                if self.received < self.rate.bytes {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                self.waited = Duration::ZERO;
                self.received = 0;
            }
            if let Some(n) = read {
                return Ok(n);
            }
        }
    }
}
