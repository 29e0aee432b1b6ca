//! The gate before every request: waits, looking without taking, until a whole head lies in the
//! receive queue, and lets only a bounded and strictly valid one through.
//!
//! The connection library behind it has no limits of its own and falls over several of the shapes
//! that are refused here. The gate takes nothing out of the queue but empty lines between requests
//! (RFC 9112, section 2.2).

use std::io;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::http::head::{Head, HeadLimits};
use crate::http::socket::Socket;

/// First size of the buffer that heads are peeked into, and its size while a connection is idle.
const BUFFER_BYTES: usize = 2 << 10;
/// Empty lines allowed before a request line.
const EMPTY_LINES_MAX: usize = 4;

/// What came of waiting for a request.
#[derive(Debug)]
pub enum Arrival {
    /// A whole head lies at the front of the queue.
    Request {
        /// The head.
        head: Head,
        /// Whether more than the head lay in the queue.
        followed: bool,
    },
    /// Nothing came in the idle time, or the client has gone: close silently.
    Nothing,
    /// The head is refused: answer and close.
    Refused(Error),
}

/// The gate of one connection.
#[derive(Debug)]
pub struct Gate {
    buffer: Vec<u8>,
    limits: HeadLimits,
    head_time: Duration,
    /// Bytes of empty lines that were taken.
    skipped: u64,
}

impl Gate {
    /// A gate with these limits; a head must be whole `head_time` after its first byte.
    pub fn new(limits: HeadLimits, head_time: Duration) -> Gate {
        Gate {
            buffer: vec![0; BUFFER_BYTES],
            limits,
            head_time,
            skipped: 0,
        }
    }

    /// Bytes of empty lines that were taken since this was asked last: they belong to the sum of
    /// what has left the queue.
    pub fn take_skipped(&mut self) -> u64 {
        std::mem::take(&mut self.skipped)
    }

    /// Waits for the next request. The idle time is the socket's own receive time-out, so that
    /// waiting costs one system call in the usual case. `begun` is called at the first byte.
    pub fn wait(&mut self, socket: &Socket, begun: impl FnOnce()) -> Arrival {
        let seen = match socket.peek(&mut self.buffer, true) {
            Ok(0) | Err(_) => return Arrival::Nothing,
            Ok(seen) => seen,
        };
        begun();
        let arrival = self.collect(socket, seen, Instant::now() + self.head_time);
        self.buffer.truncate(BUFFER_BYTES);
        self.buffer.shrink_to_fit();
        arrival.unwrap_or(Arrival::Nothing)
    }

    /// Looks again each time that more has come, until the head is whole or hopeless.
    fn collect(&mut self, socket: &Socket, first: usize, deadline: Instant) -> io::Result<Arrival> {
        let mut have = 0;
        let mut first = Some(first);
        let mut empty_lines = 0;
        let mut waited = false;
        let arrival = loop {
            let seen = match first.take() {
                Some(seen) => seen,
                None => look(socket, &mut self.buffer, have)?,
            };
            let bytes = &self.buffer[..seen];
            if bytes.starts_with(b"\r\n") && empty_lines < EMPTY_LINES_MAX {
                socket.read(&mut [0; 2], deadline)?;
                self.skipped += 2;
                empty_lines += 1;
                have = 0;
                continue;
            }
            // The end may straddle what was seen before and what is new.
            let from = have.saturating_sub(3);
            if let Some(at) = memchr::memmem::find(&bytes[from..], b"\r\n\r\n") {
                break judge(bytes, from + at + 4, &self.limits);
            }
            if let Some(refusal) = hopeless(bytes, have, &self.limits) {
                break Arrival::Refused(refusal);
            }
            if seen == self.buffer.len() {
                // One byte over the limit must fit, so that being over it is seen.
                self.buffer
                    .resize((seen * 2).min(self.limits.bytes_max + 1), 0);
                have = seen;
                continue;
            }
            if seen == have && socket.hung_up() {
                break Arrival::Nothing;
            }
            if seen == have {
                // Woken without news: the kernel is short of memory for the low-water mark.
                std::thread::sleep(Duration::from_millis(5));
            }
            have = seen;
            socket.set_low_water(have + 1)?;
            waited = true;
            if !socket.wait_readable(deadline)? {
                break match seen {
                    // Empty lines alone are no request that could be refused.
                    0 => Arrival::Nothing,
                    _ => Arrival::Refused(Error::Timeout),
                };
            }
        };
        if waited {
            socket.set_low_water(1)?;
        }
        Ok(arrival)
    }
}

/// What lies in the queue now; as much as before when there is nothing to be had at once.
fn look(socket: &Socket, buffer: &mut [u8], have: usize) -> io::Result<usize> {
    match socket.peek(buffer, false) {
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(have),
        other => other,
    }
}

fn judge(bytes: &[u8], length: usize, limits: &HeadLimits) -> Arrival {
    match Head::parse(&bytes[..length], limits) {
        Ok(head) => Arrival::Request {
            head,
            followed: bytes.len() > length,
        },
        Err(refusal) => Arrival::Refused(refusal),
    }
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
