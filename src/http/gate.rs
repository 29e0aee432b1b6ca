//! The gate before every request: receives until a whole head is there, and lets only a bounded and
//! strictly valid one through. What came behind the head stays for its body and for the next.

use std::io;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::http::head::{Head, HeadLimits};
use crate::http::socket::Socket;

/// What is read at a time, and what an idle connection keeps ready.
const BLOCK_BYTES: usize = 2 << 10;
/// Empty lines allowed before a request line (RFC 9112, section 2.2).
const EMPTY_LINES_MAX: usize = 4;

/// What came of waiting for a request.
#[derive(Debug)]
pub enum Arrival {
    /// A whole, valid head.
    Request(Head),
    /// Nothing came in the idle time, or the client has gone: close silently.
    Nothing,
    /// The head is refused: answer and close.
    Refused(Error),
}

/// The gate of one connection.
#[derive(Debug)]
pub struct Gate {
    /// What was received and belongs to no request yet.
    received: Vec<u8>,
    limits: HeadLimits,
    head_time: Duration,
}

impl Gate {
    /// A gate with these limits; a head must be whole `head_time` after its first byte.
    pub fn new(limits: HeadLimits, head_time: Duration) -> Gate {
        Gate {
            received: Vec::with_capacity(BLOCK_BYTES),
            limits,
            head_time,
        }
    }

    /// Waits for the next request. The idle time is the socket's own receive time-out, so that
    /// waiting costs one system call in the usual case. `begun` is called at the first byte.
    pub fn wait(&mut self, socket: &Socket, begun: impl FnOnce()) -> Arrival {
        if self.received.is_empty() {
            self.received.shrink_to(BLOCK_BYTES);
            self.received.reserve(BLOCK_BYTES);
            match socket.wait(&mut self.received) {
                Ok(0) | Err(_) => return Arrival::Nothing,
                Ok(_) => {}
            }
        }
        begun();
        self.collect(socket)
    }

    /// What came behind the head, first to be read as its body.
    pub fn ahead(&mut self) -> &mut Vec<u8> {
        &mut self.received
    }

    /// Receives more until the head is whole or hopeless.
    fn collect(&mut self, socket: &Socket) -> Arrival {
        let mut deadline = None;
        let mut seen = 0_usize;
        let mut empty_lines = 0;
        loop {
            while self.received.starts_with(b"\r\n") && empty_lines < EMPTY_LINES_MAX {
                self.received.drain(..2);
                empty_lines += 1;
                seen = 0;
            }
            if let Some(length) = end_of_head(&self.received, seen) {
                return self.judge(length);
            }
            if let Some(refusal) = hopeless(&self.received, seen, &self.limits) {
                return Arrival::Refused(refusal);
            }
            seen = self.received.len();
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + self.head_time);
            match self.receive(socket, deadline) {
                Ok(0) => return Arrival::Nothing,
                Ok(_) => {}
                // Empty lines alone are no request that could be refused.
                Err(e) if e.kind() == io::ErrorKind::TimedOut && seen > 0 => {
                    return Arrival::Refused(Error::Timeout);
                }
                Err(_) => return Arrival::Nothing,
            }
        }
    }

    /// Appends what a read gives: at most a block, and in all at most one byte more than a head may
    /// have, so that being over the limit is seen.
    fn receive(&mut self, socket: &Socket, deadline: Instant) -> io::Result<usize> {
        let have = self.received.len();
        let room = (self.limits.bytes_max + 1)
            .saturating_sub(have)
            .clamp(1, BLOCK_BYTES);
        let mut block = [0; BLOCK_BYTES];
        let count = socket.read(&mut block[..room], deadline)?;
        self.received.extend_from_slice(&block[..count]);
        Ok(count)
    }

    fn judge(&mut self, length: usize) -> Arrival {
        let head = Head::parse(&self.received[..length], &self.limits);
        self.received.drain(..length);
        head.map_or_else(Arrival::Refused, Arrival::Request)
    }
}

/// Bytes up to the end of the first empty line, which may straddle the first `seen` bytes and what
/// came after them.
fn end_of_head(bytes: &[u8], seen: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', &bytes[seen..])
        .map(|at| seen + at + 1)
        .find(|end| bytes[..*end].ends_with(b"\r\n\r\n"))
}

/// Tells an unfinished head that can no longer become a valid one, so that nobody waits for it:
/// neither the client that speaks another protocol nor our thread. The first `seen` bytes were
/// looked at before.
fn hopeless(bytes: &[u8], seen: usize, limits: &HeadLimits) -> Option<Error> {
    /// Room on the request line for a method and a version beside the target.
    const LINE_REST_BYTES: usize = 64;
    let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    // The last byte of before is told by the first of now.
    let is_garbled = (seen.saturating_sub(1)..bytes.len()).any(|at| match bytes[at] {
        b'\r' => bytes.get(at + 1).is_some_and(|&next| next != b'\n'),
        b'\n' => at == 0 || bytes[at - 1] != b'\r',
        b'\t' => false,
        other => other.is_ascii_control(),
    });
    if line.len() > limits.target_bytes_max + LINE_REST_BYTES {
        Some(Error::UriTooLong)
    } else if bytes.len() > limits.bytes_max {
        Some(Error::TooManyHeaders)
    } else if is_garbled {
        Some(Error::BadRequest(
            "The head of the request is malformed.".into(),
        ))
    } else {
        None
    }
}
