//! An event stream, read frame by frame.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::wire::request;
use super::{PATIENCE, Wire};

/// One event of a stream.
#[derive(Debug, Clone)]
pub struct Frame {
    pub id: Option<String>,
    pub name: String,
    pub data: serde_json::Value,
}

/// An open stream.
pub struct Stream {
    reader: BufReader<TcpStream>,
}

impl Stream {
    /// Opens one and reads its head and its `retry`.
    pub fn open(address: SocketAddr, target: &str, fields: &[(&str, &str)]) -> Stream {
        let mut wire = Wire::connect(address);
        wire.send(request(&format!("GET {target}"), fields, b""));
        let socket = wire.socket().try_clone().unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut stream = Stream {
            reader: BufReader::new(socket),
        };
        let head = stream.lines();
        assert_eq!(head[0], "HTTP/1.1 200 OK");
        assert!(
            head.contains(&"Content-Type: text/event-stream".to_owned()),
            "{head:?}"
        );
        stream
    }

    fn lines(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let n = self
                .reader
                .read_line(&mut line)
                .expect("the stream goes on");
            assert!(n > 0, "the stream has ended after {lines:?}");
            match line.trim_end_matches(['\r', '\n']) {
                "" => return lines,
                text => lines.push(text.to_owned()),
            }
        }
    }

    /// The next event, whatever it is.
    pub fn next(&mut self) -> Frame {
        loop {
            let lines = self.lines();
            let fields: HashMap<_, _> = lines
                .iter()
                .filter_map(|line| line.split_once(": "))
                .collect();
            if let Some(data) = fields.get("data") {
                return Frame {
                    id: fields.get("id").map(|id| (*id).to_owned()),
                    name: (*fields.get("event").expect("every event has a name")).to_owned(),
                    data: serde_json::from_str(data).unwrap(),
                };
            }
        }
    }

    /// The next event, if one begins to come within that time.
    pub fn next_within(&mut self, time: Duration) -> Option<Frame> {
        if self.reader.buffer().is_empty() {
            let socket = self.reader.get_ref();
            socket.set_read_timeout(Some(time)).unwrap();
            let has_begun = self.reader.fill_buf().is_ok_and(|bytes| !bytes.is_empty());
            let socket = self.reader.get_ref();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            if !has_begun {
                return None;
            }
        }
        Some(self.next())
    }

    /// The next event that is neither progress nor a beat.
    pub fn next_change(&mut self) -> Frame {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let frame = self.next();
            if frame.name != "progress" && frame.name != "beat" {
                return frame;
            }
            assert!(Instant::now() < deadline, "nothing but beats comes");
        }
    }

    /// Whether the server has ended the stream. Waits for it.
    pub fn ends(mut self) -> bool {
        loop {
            let mut line = Vec::new();
            match self.reader.read_until(b'\n', &mut line) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(e) => return e.kind() == std::io::ErrorKind::ConnectionReset,
            }
        }
    }
}
