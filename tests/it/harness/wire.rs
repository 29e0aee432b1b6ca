//! A connection that sends the bytes it is told and reads the answers to them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use super::{Answer, PATIENCE};

/// A connection to a server.
pub struct Wire {
    reader: BufReader<TcpStream>,
}

impl Wire {
    pub fn connect(address: SocketAddr) -> Wire {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        Wire::of(stream)
    }

    /// A connection that was made by the test.
    pub fn of(stream: TcpStream) -> Wire {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Wire {
            reader: BufReader::new(stream),
        }
    }

    /// The socket itself.
    pub fn socket(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends bytes as far as the server takes them: it may have cut the connection on purpose.
    pub fn send_while_taken(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.socket().write_all(bytes.as_ref());
    }

    /// Says that nothing more will be sent.
    pub fn end(&mut self) {
        self.socket().shutdown(Shutdown::Write).unwrap();
    }

    /// Reads one answer with its body; the body of an answer to HEAD is left out by `head_only`.
    pub fn answer(&mut self, head_only: bool) -> Answer {
        Answer::read(&mut self.reader, head_only).expect("an answer")
    }

    /// Reads the head of a 200 and gives the length of its body, which is yet to be read.
    pub fn head_length(&mut self) -> u64 {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.reader.read_line(&mut head).unwrap(), 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let length = head.split("Content-Length: ").nth(1).expect("a length");
        length.split("\r\n").next().unwrap().parse().unwrap()
    }

    /// Fills a buffer with what comes next.
    pub fn read_exact(&mut self, buffer: &mut [u8]) {
        self.reader.read_exact(buffer).unwrap();
    }

    /// One request and its answer.
    pub fn ask(&mut self, line: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send(request(line, fields, body));
        self.answer(line.starts_with("HEAD "))
    }

    /// A connection, if the server is there.
    pub fn try_connect(address: SocketAddr) -> Option<Wire> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        Some(Wire {
            reader: BufReader::new(stream),
        })
    }

    /// One request and its answer, if the server lives long enough to give a whole one.
    pub fn try_ask(&mut self, line: &str, fields: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        self.socket().write_all(&request(line, fields, body)).ok()?;
        Answer::read_whole(&mut self.reader, line.starts_with("HEAD "))
    }

    /// Whether the server has closed, with nothing left to be read. Waits for it.
    pub fn is_closed(&mut self) -> bool {
        match self.reader.fill_buf() {
            Ok(rest) => rest.is_empty(),
            Err(e) => e.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    /// Everything up to the end of the connection.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // What came before a reset counts.
        let _ = self.reader.read_to_end(&mut rest);
        rest
    }
}

/// A request as text, with Host and, for a body, its length.
pub fn request(line: &str, fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{line} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in fields {
        head += &format!("{name}: {value}\r\n");
    }
    let has_length = fields
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let may_have_body = !line.starts_with("GET ") && !line.starts_with("HEAD ");
    if !has_length && (may_have_body || !body.is_empty()) {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    [head.as_bytes(), b"\r\n", body].concat()
}
