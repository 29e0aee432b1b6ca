//! An answer, and how it goes onto the wire: our own status line and fields, head and a small body
//! in one segment, files from page cache to socket.
//!
//! Routes return a `Response`; nobody fills in one that was handed to them. What is written here
//! is never chunked unless its length cannot be known.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::time::SystemTime;

use crate::http::conditional::http_date;
use crate::http::outlet::Outlet;
use crate::http::slice::{read_slice, send_slice};
use crate::http::socket::Socket;

/// Bodies up to this size are read and sent with their head: cheaper than two calls, and one
/// segment on the wire.
const SMALL_BYTES: u64 = 16 << 10;
/// Room for the head of an answer; few need more.
const HEAD_BYTES: usize = 512;
/// Fields that most answers have room for without asking for more.
const FIELDS: usize = 8;
/// Bytes of a streamed body that are gathered into one chunk.
const CHUNK_BYTES: usize = 32 << 10;

/// Writes a streamed body.
pub type StreamBody = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()> + Send>;
/// Writes a body of announced length.
pub type SizedBody = Box<dyn FnOnce(&mut Outlet<'_>) -> io::Result<()> + Send>;
/// Writes to the socket for as long as the client listens.
pub type LiveBody = Box<dyn FnOnce(&Socket) -> io::Result<()> + Send>;

/// A piece of a body that is partly a file.
#[derive(Debug, Clone)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// `length` bytes of the file from `offset`.
    File {
        /// First byte.
        offset: u64,
        /// Number of bytes.
        length: u64,
    },
}

/// What follows the head.
pub enum Payload {
    /// Nothing, and no Content-Length (204, 304).
    None,
    /// These bytes.
    Bytes(Cow<'static, [u8]>),
    /// Pieces of a file, and of framing between them.
    File(File, Vec<Piece>),
    /// What this writes, which is so many bytes; else the connection is cut.
    Sized(u64, SizedBody),
    /// What this writes; its length is not known before.
    Stream(StreamBody),
    /// What this writes, until the client leaves or the server stops.
    Live(LiveBody),
}

impl Payload {
    /// Its bytes, where it is one whose length the head tells.
    fn length(&self) -> Option<u64> {
        match self {
            Payload::Bytes(bytes) => Some(bytes.len() as u64),
            Payload::File(_, pieces) => Some(total(pieces)),
            Payload::Sized(length, _) => Some(*length),
            Payload::None | Payload::Stream(_) | Payload::Live(_) => None,
        }
    }

    /// Room for it beside the head, where both are sent in one go.
    fn small_bytes(&self) -> usize {
        let length = self.length().filter(|length| *length <= SMALL_BYTES);
        length
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(0)
    }
}

/// An answer.
pub struct Response {
    /// Status code.
    pub status: u16,
    fields: Vec<(&'static str, Cow<'static, str>)>,
    /// Body.
    pub payload: Payload,
}

/// How an answer is to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// The request was HEAD: the head of the answer alone.
    pub head_only: bool,
    /// The connection ends after this answer.
    pub close: bool,
    /// The client speaks 1.1, and so can read chunks.
    pub is_1_1: bool,
}

/// What was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Bytes of the body.
    pub body_bytes: u64,
    /// The answer's end can only be told by the end of the connection.
    pub must_close: bool,
}

impl Response {
    /// An answer without a body.
    pub fn empty(status: u16) -> Response {
        let payload = match status {
            204 | 304 => Payload::None,
            _ => Payload::Bytes(Cow::Borrowed(b"")),
        };
        Response {
            status,
            fields: Vec::with_capacity(FIELDS),
            payload,
        }
    }

    /// An answer with a body of one media type.
    pub fn new(
        status: u16,
        media_type: impl Into<Cow<'static, str>>,
        payload: Payload,
    ) -> Response {
        Response {
            status,
            fields: Vec::with_capacity(FIELDS),
            payload,
        }
        .with("Content-Type", media_type)
    }

    /// JSON.
    pub fn json(status: u16, value: &serde_json::Value) -> Response {
        Response::json_text(status, value.to_string())
    }

    /// JSON that is written already.
    pub fn json_text(status: u16, text: String) -> Response {
        let body = Payload::Bytes(text.into_bytes().into());
        Response::new(status, "application/json", body).with("Cache-Control", "no-store")
    }

    /// Adds a field. Control characters in the value become `?`, so that no value, whatever it was
    /// made of, can end its line.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Response {
        let mut value = value.into();
        // Without an early end, so that the compiler can take many bytes at a time.
        if value
            .bytes()
            .fold(false, |any, b| any | b.is_ascii_control())
        {
            value = value.replace(|c: char| c.is_ascii_control(), "?").into();
        }
        self.fields.push((name, value));
        self
    }

    /// Sends it.
    ///
    /// # Errors
    /// Whatever the socket or the file says; the connection is then of no more use, since the
    /// client may have half an answer.
    pub fn send(self, socket: &Socket, delivery: Delivery) -> io::Result<Sent> {
        let chunked = matches!(self.payload, Payload::Stream(_)) && delivery.is_1_1;
        let must_close = match self.payload {
            Payload::Live(_) => true,
            Payload::Stream(_) => !chunked,
            _ => false,
        };
        let mut out = self.head(delivery, chunked, must_close);
        let mut body_bytes = 0;
        match self.payload {
            _ if delivery.head_only => socket.send(&out, false)?,
            Payload::None => socket.send(&out, false)?,
            Payload::Bytes(bytes) => {
                body_bytes = bytes.len() as u64;
                out.extend_from_slice(&bytes);
                socket.send(&out, false)?;
            }
            Payload::File(file, pieces) if total(&pieces) <= SMALL_BYTES => {
                gather(&mut out, &file, &pieces)?;
                body_bytes = total(&pieces);
                socket.send(&out, false)?;
            }
            Payload::File(file, pieces) => {
                socket.send(&out, !pieces.is_empty())?;
                body_bytes = send_pieces(socket, &file, &pieces)?;
            }
            Payload::Sized(length, write) => {
                let mut outlet = Outlet::new(socket, out, length);
                write(&mut outlet)?;
                outlet.finish()?;
                body_bytes = length;
            }
            Payload::Stream(write) => {
                let mut stream = Stream {
                    socket,
                    head: out,
                    gathered: Vec::new(),
                    chunked,
                    sent: 0,
                };
                write(&mut stream)?;
                body_bytes = stream.finish()?;
            }
            Payload::Live(write) => {
                socket.send(&out, false)?;
                write(socket)?;
            }
        }
        Ok(Sent {
            body_bytes,
            must_close,
        })
    }

    fn head(&self, delivery: Delivery, chunked: bool, must_close: bool) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEAD_BYTES + self.payload.small_bytes());
        let mut write = |parts: [&str; 4]| {
            for part in parts {
                head.extend_from_slice(part.as_bytes());
            }
        };
        write([
            "HTTP/1.1 ",
            &self.status.to_string(),
            " ",
            reason(self.status),
        ]);
        let mut line = |name: &str, value: &str| write(["\r\n", name, ": ", value]);
        line("Date", &http_date(SystemTime::now()));
        for (name, value) in &self.fields {
            line(name, value);
        }
        line("X-Content-Type-Options", "nosniff");
        line("Referrer-Policy", "same-origin");
        line("Cross-Origin-Resource-Policy", "same-origin");
        if let Some(length) = self.payload.length() {
            line("Content-Length", &length.to_string());
        } else if chunked {
            line("Transfer-Encoding", "chunked");
        }
        if delivery.close || must_close {
            line("Connection", "close");
        } else if !delivery.is_1_1 {
            line("Connection", "keep-alive");
        }
        head.extend_from_slice(b"\r\n\r\n");
        head
    }
}

fn total(pieces: &[Piece]) -> u64 {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::File { length, .. } => *length,
        })
        .sum()
}

/// Appends all pieces to what is sent in one go with the head.
fn gather(out: &mut Vec<u8>, file: &File, pieces: &[Piece]) -> io::Result<()> {
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => out.extend_from_slice(bytes),
            Piece::File { offset, length } => read_slice(out, file, *offset, *length)?,
        }
    }
    Ok(())
}

fn send_pieces(socket: &Socket, file: &File, pieces: &[Piece]) -> io::Result<u64> {
    for (i, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Bytes(bytes) => socket.send(bytes, i + 1 < pieces.len())?,
            Piece::File { offset, length } => send_slice(socket, file, *offset, *length)?,
        }
    }
    Ok(total(pieces))
}

/// The writer behind a body of unknown length: chunks for 1.1 (RFC 9112, section 7.1), plain bytes
/// and the end of the connection for 1.0.
struct Stream<'c> {
    socket: &'c Socket,
    /// What must go before the next chunk: the head of the answer, at first.
    head: Vec<u8>,
    gathered: Vec<u8>,
    chunked: bool,
    sent: u64,
}

impl Stream<'_> {
    fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        if self.chunked {
            self.socket.send(b"0\r\n\r\n", false)?;
        }
        Ok(self.sent)
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut out = std::mem::take(&mut self.head);
        if !self.gathered.is_empty() {
            if self.chunked {
                write!(out, "{:x}\r\n", self.gathered.len())?;
            }
            out.extend_from_slice(&self.gathered);
            if self.chunked {
                out.extend_from_slice(b"\r\n");
            }
            self.sent += self.gathered.len() as u64;
            self.gathered.clear();
        }
        self.socket.send(&out, false)
    }
}

/// The phrases of RFC 9110, section 15, and of the extensions that are used.
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        206 => "Partial Content",
        303 => "See Other",
        304 => "Not Modified",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        460 => "Checksum Mismatch",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests;
