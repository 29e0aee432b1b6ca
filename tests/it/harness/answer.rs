//! An answer, taken apart strictly: what is not HTTP/1.1 to the letter fails the test.

use std::io::{BufRead, Read};

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads one; interim answers (100) are passed over. None when the connection ended before.
    pub fn read(reader: &mut impl BufRead, head_only: bool) -> Option<Answer> {
        loop {
            let answer = Answer::read_one(reader, head_only)?;
            if answer.status != 100 {
                return Some(answer);
            }
        }
    }

    /// Reads one with a short body, if the connection lasts that long: a server may be killed.
    pub fn read_whole(reader: &mut impl BufRead, head_only: bool) -> Option<Answer> {
        let mut whole = Vec::new();
        loop {
            let more = reader.fill_buf().ok()?;
            if more.is_empty() {
                return None;
            }
            whole.extend_from_slice(more);
            let taken = more.len();
            reader.consume(taken);
            let head = memchr::memmem::find(&whole, b"\r\n\r\n").map(|at| at + 4);
            let length = head.and_then(|end| {
                let text = String::from_utf8_lossy(&whole[..end]).to_ascii_lowercase();
                let rest = text.split("content-length: ").nth(1);
                let length = rest.map_or(Some(0), |r| r.lines().next()?.parse::<usize>().ok());
                Some(end + if head_only { 0 } else { length? })
            });
            if length.is_some_and(|length| whole.len() >= length) {
                return Answer::read(&mut whole.as_slice(), head_only);
            }
        }
    }

    fn read_one(reader: &mut impl BufRead, head_only: bool) -> Option<Answer> {
        let line = line(reader)?;
        let rest = line
            .strip_prefix("HTTP/1.1 ")
            .unwrap_or_else(|| panic!("status: {line:?}"));
        let status: u16 = rest[..3].parse().unwrap();
        assert_eq!(rest.as_bytes()[3], b' ', "{line:?}");
        let mut fields = Vec::new();
        loop {
            let line = self::line(reader).expect("the head is whole");
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?}"));
            fields.push((name.to_owned(), value.to_owned()));
        }
        let mut answer = Answer {
            status,
            fields,
            body: Vec::new(),
        };
        let is_bodiless = head_only || status == 204 || status == 304 || status < 200;
        if !is_bodiless {
            answer.body = answer.read_body(reader);
        }
        Some(answer)
    }

    fn read_body(&self, reader: &mut impl BufRead) -> Vec<u8> {
        let mut body = Vec::new();
        if let Some(length) = self.field("Content-Length") {
            assert!(self.field("Transfer-Encoding").is_none(), "two lengths");
            let length: usize = length.parse().unwrap();
            reader.take(length as u64).read_to_end(&mut body).unwrap();
            assert_eq!(body.len(), length, "the body is as long as was said");
        } else if self.field("Transfer-Encoding") == Some("chunked") {
            loop {
                let size = usize::from_str_radix(&line(reader).unwrap(), 16).unwrap();
                let from = body.len();
                body.resize(from + size, 0);
                reader.read_exact(&mut body[from..]).unwrap();
                assert_eq!(line(reader).unwrap(), "");
                if size == 0 {
                    break;
                }
            }
        } else {
            reader.read_to_end(&mut body).unwrap();
        }
        body
    }

    /// The value of a field that occurs at most once.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self
            .fields
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let first = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is given twice: {self:?}");
        first
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {:?}", self.body))
    }

    /// The stable code of a refusal.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }

    /// Whether the server says that it closes.
    pub fn closes(&self) -> bool {
        self.field("Connection") == Some("close")
    }
}

/// A line without its CRLF; None at the end of the connection.
fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).ok()?;
    if line.is_empty() {
        return None;
    }
    let line = line
        .strip_suffix(b"\r\n")
        .unwrap_or_else(|| panic!("{line:?}"));
    Some(String::from_utf8(line.to_vec()).unwrap())
}
