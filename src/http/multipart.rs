//! Reads a multipart/form-data body (RFC 7578, RFC 2046 section 5.1) while it arrives.
//!
//! A [`Form`] walks over the parts of any [`Read`] and hands out their data as slices of its one
//! buffer. It keeps no list of parts and never grows, so a form of any length takes the same
//! memory. It knows nothing of files, folders or limits on their size: names come out decoded but
//! unjudged, and the caller decides what they may be.

mod boundary;
mod disposition;
#[cfg(test)]
mod fuzz;
mod head;
mod parameters;
#[cfg(test)]
mod tests;

pub use boundary::boundary;
pub use head::{HEAD_BYTES_MAX, PartHead};

use std::io::{self, Read};
use std::mem;
use std::ops::Range;

use memchr::memmem;

use crate::error::{Error, Result};
use boundary::{Delimiter, Scan};

/// The smallest buffer: a whole part head of [`HEAD_BYTES_MAX`] and as much again for its data.
pub const BUFFER_BYTES_MIN: usize = 32 * 1024;

const CRLF: &[u8] = b"\r\n";

/// A form as it arrives: [`next_part`](Form::next_part) for the head of each part, then
/// [`data`](Form::data) until it is empty.
///
/// ```
/// use livedrop::http::multipart::{Form, boundary};
///
/// let body = "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--b--\r\n";
/// let boundary = boundary("multipart/form-data; boundary=b")?;
/// let mut form = Form::new(body.as_bytes(), &boundary, 256 * 1024);
/// while let Some(head) = form.next_part()? {
///     assert_eq!(head.name, b"note");
///     loop {
///         let piece = form.data()?;
///         if piece.is_empty() {
///             break;
///         }
///         assert_eq!(piece, b"hello");
///     }
/// }
/// # Ok::<(), livedrop::error::Error>(())
/// ```
pub struct Form<R> {
    body: R,
    delimiter: Delimiter,
    buffer: Vec<u8>,
    /// What was received and is not yet handed out is `buffer[start..end]`.
    start: usize,
    end: usize,
    /// How many of the bytes at `start` end the line before and are no data: 2 or 0. A delimiter
    /// begins with a CRLF, and that may be the one which ended the part head, or none at all when
    /// the body opens with it. Keeping (or inventing) that CRLF spares both special cases.
    line_end_bytes: usize,
    /// The body gave its last byte, so it is not asked again.
    ended: bool,
    place: Place,
}

/// Where in the form `start` stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Preamble,
    Head,
    Data,
    Epilogue,
    End,
    Failed,
}

impl<R: Read> Form<R> {
    /// A form that reads from `body`, whose parts are parted by `boundary` (see [`boundary()`]),
    /// through a buffer of `buffer_bytes`, or [`BUFFER_BYTES_MIN`] if that is more.
    pub fn new(body: R, boundary: &[u8], buffer_bytes: usize) -> Form<R> {
        let mut buffer = vec![0; buffer_bytes.max(BUFFER_BYTES_MIN)];
        buffer[..CRLF.len()].copy_from_slice(CRLF);
        Form {
            body,
            delimiter: Delimiter::new(boundary),
            buffer,
            start: 0,
            end: CRLF.len(),
            line_end_bytes: CRLF.len(),
            ended: false,
            place: Place::Preamble,
        }
    }

    /// The head of the next part, after skipping what is left of the part before; `None` once the
    /// closing delimiter has come and the body has been read to its end.
    ///
    /// # Errors
    /// [`Error::BadRequest`] when the body is not clean multipart/form-data or ends before its
    /// closing delimiter; what [`Error::from_body`] makes of a failed read. A form that failed
    /// stays failed.
    pub fn next_part(&mut self) -> Result<Option<PartHead>> {
        let next = self.advance();
        self.settle(next)
    }

    /// The next piece of the current part's data; empty when the part is over, and before the
    /// first part. A piece is what has arrived, at most a buffer full.
    ///
    /// # Errors
    /// As [`next_part`](Form::next_part).
    pub fn data(&mut self) -> Result<&[u8]> {
        let piece = match self.place {
            Place::Data => self.piece(),
            Place::Failed => Err(failed_before()),
            _ => Ok(0..0),
        };
        let piece = self.settle(piece)?;
        Ok(&self.buffer[piece])
    }

    fn settle<T>(&mut self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            self.place = Place::Failed;
        }
        result
    }

    fn advance(&mut self) -> Result<Option<PartHead>> {
        loop {
            match self.place {
                Place::Preamble | Place::Data => {
                    self.piece()?;
                }
                Place::Head => return self.head().map(Some),
                Place::Epilogue => self.drain()?,
                Place::End => return Ok(None),
                Place::Failed => return Err(failed_before()),
            }
        }
    }

    /// The next piece of what comes before a delimiter, as a range of the buffer. It is empty when
    /// the delimiter has come, and then the form stands behind it.
    fn piece(&mut self) -> Result<Range<usize>> {
        loop {
            let window = &self.buffer[self.start..self.end];
            match self.delimiter.scan(window, self.ended) {
                Scan::Data(length) => {
                    let from = self.start + mem::take(&mut self.line_end_bytes);
                    self.start += length;
                    if from < self.start {
                        return Ok(from..self.start);
                    }
                }
                Scan::Delimiter { length, last } => {
                    self.start += length;
                    self.place = if last { Place::Epilogue } else { Place::Head };
                    return Ok(0..0);
                }
                Scan::Incomplete => self.fill()?,
                Scan::Overlong => {
                    return Err(bad(
                        "A boundary of the form is followed by too many blanks.",
                    ));
                }
            }
        }
    }

    /// Reads a part head. `start` is at the CRLF of the delimiter line, so that a head without any
    /// field ends in CRLF CRLF like every other.
    fn head(&mut self) -> Result<PartHead> {
        let mut searched = 0;
        loop {
            let window = &mut self.buffer[self.start..self.end];
            if let Some(at) = memmem::find(&window[searched..], b"\r\n\r\n") {
                let length = searched + at;
                if length > HEAD_BYTES_MAX {
                    return Err(head_too_large());
                }
                let lines = &mut window[..length + CRLF.len()];
                if self.delimiter.occurs_in(lines) {
                    return Err(bad("A part of the form is cut off inside its head."));
                }
                let head = PartHead::parse(&mut lines[CRLF.len()..])?;
                self.start += length + CRLF.len();
                self.line_end_bytes = CRLF.len();
                self.place = Place::Data;
                return Ok(head);
            }
            if window.len() >= CRLF.len() + HEAD_BYTES_MAX + CRLF.len() {
                return Err(head_too_large());
            }
            // The blank line may have begun in the last three bytes.
            searched = window.len().saturating_sub(3);
            self.fill()?;
        }
    }

    /// Reads the epilogue to the end of the body and forgets it, so that nothing of this body is
    /// left on the connection.
    fn drain(&mut self) -> Result<()> {
        while !self.ended {
            self.start = 0;
            self.end = 0;
            self.fill()?;
        }
        self.place = Place::End;
        Ok(())
    }

    /// Receives more, or notes that there is no more.
    fn fill(&mut self) -> Result<()> {
        if self.ended {
            return Err(bad("The form ends before its closing boundary."));
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        // A head or a delimiter in the making is far smaller than the buffer: there is room.
        debug_assert!(self.end < self.buffer.len());
        loop {
            match self.body.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(received) => self.end += received,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::from_body(error)),
            }
            return Ok(());
        }
    }
}

fn bad(text: &'static str) -> Error {
    Error::BadRequest(text.into())
}

fn failed_before() -> Error {
    bad("The form could not be read.")
}

fn head_too_large() -> Error {
    bad("The head of a part of the form is over 16 KiB or has no end.")
}
