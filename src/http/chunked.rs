//! Decodes `Transfer-Encoding: chunked` (RFC 9112, section 7.1) as a [`Read`] round a [`Read`].
//!
//! A body that is cut anywhere before the CRLF behind its trailers is an error and never looks
//! complete, and every line has a bound, so memory is constant. Chunk extensions and trailers are
//! checked and thrown away. Whether the request may be chunked at all is for its head to say.

use std::io::{self, Read};

use memchr::memchr;

#[cfg(test)]
mod tests;

/// The most bytes of a line with a chunk's size and its extensions, CRLF counted. Nobody sends
/// extensions; sizes alone need 18.
pub const SIZE_LINE_BYTES_MAX: usize = 256;

/// The most bytes of all trailers, CRLFs counted, the one of the empty line not.
pub const TRAILER_BYTES_MAX: usize = 8 * 1024;

/// Digits that fit in a u64. Leading zeros count: a longer size is no honest one.
const SIZE_DIGITS_MAX: usize = 16;

/// Holds the longest line. Chunk data passes through it only in pieces smaller than this.
const BUFFER_BYTES: usize = 16 * 1024;

/// The decoded body: reads as its data, then as `Ok(0)` once it is complete.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] when the body ends too early, [`io::ErrorKind::InvalidData`]
/// when it is malformed, whatever the inner reader gives otherwise ([`io::ErrorKind::Interrupted`]
/// is tried again). After an error every read fails the same way.
#[derive(Debug)]
pub struct Chunked<R> {
    body: R,
    buffer: Box<[u8]>,
    /// What was received and is not yet decoded is `buffer[start..end]`.
    start: usize,
    end: usize,
    place: Place,
}

/// What `start` stands before.
#[derive(Clone, Copy, Debug)]
enum Place {
    Size,
    /// So many bytes of chunk data, at least one.
    Data(u64),
    /// The CRLF behind chunk data.
    DataEnd,
    /// Trailers that may have so many bytes more, or the empty line behind them.
    Trailers(usize),
    End,
    Failed(io::ErrorKind, &'static str),
}

impl<R: Read> Chunked<R> {
    /// Decodes what `body` gives, from the first chunk's size on.
    pub fn new(body: R) -> Chunked<R> {
        Chunked {
            body,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            place: Place::Size,
        }
    }

    /// Whether the body has been read to its very end.
    pub fn is_complete(&self) -> bool {
        matches!(self.place, Place::End)
    }

    /// What was received and not decoded. Once the body is complete this is what came after it,
    /// such as the beginning of the next request.
    pub fn surplus(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Goes on until there is data to read; 0 at the end of the body.
    fn decode(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            self.place = match self.place {
                Place::Size => {
                    let line =
                        self.line(SIZE_LINE_BYTES_MAX, "A chunk's size line is too long.")?;
                    match chunk_size(line)? {
                        0 => Place::Trailers(TRAILER_BYTES_MAX),
                        size => Place::Data(size),
                    }
                }
                Place::Data(left) => {
                    let read = self.data(left, into)?;
                    self.place = match left - read as u64 {
                        0 => Place::DataEnd,
                        left => Place::Data(left),
                    };
                    return Ok(read);
                }
                Place::DataEnd => {
                    // No line but the empty one is as short as that.
                    self.line(CRLF_BYTES, "A chunk is longer than its size.")?;
                    Place::Size
                }
                Place::Trailers(left) => {
                    let line = self.line(left + CRLF_BYTES, "The trailers are too long.")?;
                    let length = line.len() + CRLF_BYTES;
                    if line.is_empty() {
                        Place::End
                    } else {
                        check_trailer(line)?;
                        let left = left.checked_sub(length);
                        Place::Trailers(left.ok_or_else(|| invalid("The trailers are too long."))?)
                    }
                }
                Place::End => return Ok(0),
                Place::Failed(kind, text) => return Err(io::Error::new(kind, text)),
            };
        }
    }

    /// Takes one line off, at most `bytes_max` with its CRLF, which is not returned.
    fn line(&mut self, bytes_max: usize, too_long: &'static str) -> io::Result<&[u8]> {
        loop {
            let window = &self.buffer[self.start..self.end];
            let window = &window[..window.len().min(bytes_max)];
            if let Some(at) = memchr(b'\n', window) {
                let from = self.start;
                self.start += at + 1;
                return match &self.buffer[from..from + at] {
                    [line @ .., b'\r'] if line.iter().all(|&byte| is_line_byte(byte)) => Ok(line),
                    _ => Err(invalid("The chunked body has a malformed line.")),
                };
            }
            if window.len() == bytes_max {
                return Err(invalid(too_long));
            }
            self.fill()?;
        }
    }

    /// Copies or reads chunk data, at most `left` bytes, at least one.
    fn data(&mut self, left: u64, into: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(left).map_or(into.len(), |left| left.min(into.len()));
        let into = &mut into[..wanted];
        if self.start == self.end {
            if wanted >= BUFFER_BYTES {
                return match read_some(&mut self.body, into)? {
                    0 => Err(cut_off()),
                    read => Ok(read),
                };
            }
            self.fill()?;
        }
        let buffered = &self.buffer[self.start..self.end];
        let copied = buffered.len().min(wanted);
        into[..copied].copy_from_slice(&buffered[..copied]);
        self.start += copied;
        Ok(copied)
    }

    /// Receives at least one byte more.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        match read_some(&mut self.body, &mut self.buffer[self.end..])? {
            0 => Err(cut_off()),
            received => {
                self.end += received;
                Ok(())
            }
        }
    }
}

impl<R: Read> Read for Chunked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let result = self.decode(into);
        if let Err(error) = &result
            && !matches!(self.place, Place::Failed(..))
        {
            self.place = Place::Failed(error.kind(), "The chunked body could not be read.");
        }
        result
    }
}

const CRLF_BYTES: usize = 2;

/// The size that a chunk's line begins with. Only blanks before a semicolon may follow it (RFC
/// 9112, section 7.1.1); nothing else that some servers skip, since two servers that differ here
/// can be made to see different requests.
fn chunk_size(line: &[u8]) -> io::Result<u64> {
    let is_digit = |byte: &&u8| byte.is_ascii_hexdigit();
    let digits = line.iter().take_while(is_digit).count();
    let (digits, rest) = line.split_at(digits);
    let blanks = rest
        .iter()
        .take_while(|&&byte| matches!(byte, b' ' | b'\t'))
        .count();
    if !rest.is_empty() && rest.get(blanks) != Some(&b';') {
        return Err(invalid("A chunk's size is not a number."));
    }
    if digits.is_empty() || digits.len() > SIZE_DIGITS_MAX {
        return Err(invalid("A chunk's size is no number of 1 to 16 digits."));
    }
    let add =
        |size, &digit: &u8| size << 4 | u64::from(char::from(digit).to_digit(16).unwrap_or(0));
    Ok(digits.iter().fold(0, add))
}

/// A trailer has a name and a colon; what does not may be the next request, slipped in.
fn check_trailer(line: &[u8]) -> io::Result<()> {
    let name = memchr(b':', line)
        .map(|colon| &line[..colon])
        .unwrap_or_default();
    if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
        return Err(invalid("The chunked body has a malformed trailer."));
    }
    Ok(())
}

/// No line holds control characters but the tab.
fn is_line_byte(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

fn read_some(body: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match body.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            result => return result,
        }
    }
}

fn invalid(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "The chunked body is cut off.")
}
