//! Writers that upload without end, and the account of what they sent and what was acknowledged,
//! which the disk is then held against.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::Wire;

/// Versions of one file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Versions {
    /// The last that was acknowledged; 0 is none.
    pub told: usize,
    /// The last that was sent.
    pub sent: usize,
}

/// What was uploaded, by name.
#[derive(Default)]
pub struct Ledger {
    files: Mutex<HashMap<String, Versions>>,
    requests: AtomicUsize,
}

impl Ledger {
    /// How it stands now.
    pub fn snapshot(&self) -> HashMap<String, Versions> {
        self.files.lock().unwrap().clone()
    }

    /// Files that are new and files that replace each other in turn, by PUT and by forms in turn,
    /// until the server is gone or `stop` is set.
    pub fn write(&self, address: SocketAddr, writer: usize, stop: &AtomicBool) {
        let Some(mut wire) = Wire::try_connect(address) else {
            return;
        };
        while !stop.load(Ordering::SeqCst) {
            let turn = self.requests.fetch_add(1, Ordering::SeqCst);
            let name = match turn % 3 {
                0 => format!("new{turn}"),
                _ => format!("writer{writer}-{}", turn % 5),
            };
            let n = {
                let mut files = self.files.lock().unwrap();
                let versions = files.entry(name.clone()).or_default();
                versions.sent += 1;
                versions.sent
            };
            match upload(&mut wire, turn.is_multiple_of(2), &name, &content(&name, n)) {
                Some(status) => assert!([201, 204].contains(&status), "{status}"),
                None => return,
            }
            self.files.lock().unwrap().get_mut(&name).unwrap().told = n;
        }
    }
}

fn upload(wire: &mut Wire, by_put: bool, name: &str, bytes: &[u8]) -> Option<u16> {
    let answer = if by_put {
        wire.try_ask(&format!("PUT /files/{name}"), &[], bytes)
    } else {
        let head = format!("--b\r\nContent-Disposition: form-data; filename={name}\r\n\r\n");
        let body = [head.as_bytes(), bytes, b"\r\n--b--\r\n"].concat();
        let fields = [("Content-Type", "multipart/form-data; boundary=b")];
        wire.try_ask("POST /upload?on_conflict=replace", &fields, &body)
    };
    answer.map(|answer| answer.status)
}

/// What version `n` of a file holds: told from any other, and from any piece of itself.
fn content(name: &str, n: usize) -> Vec<u8> {
    let length = 1 + ((n + name.len()) * 7919) % 50_000;
    let mut content = format!("{name} {n} {length}\n").into_bytes();
    content.resize(content.len() + length, u8::try_from(n % 251).unwrap());
    content
}

/// The version that some bytes are, whole; fails when they are not.
pub fn version(name: &str, bytes: &[u8]) -> usize {
    let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let n = line.split(' ').nth(1).and_then(|n| n.parse().ok());
    let n = n.unwrap_or_else(|| panic!("{name} is {} bytes: {line:?}", bytes.len()));
    let is_whole = bytes == content(name, n);
    assert!(is_whole, "{name} is whole: {line}, {} bytes", bytes.len());
    n
}

/// Holds a file against the account: what was acknowledged, or one that was sent since, stands.
pub fn check(name: &str, versions: Versions, found: Option<&[u8]>) {
    let Some(bytes) = found else {
        assert_eq!(versions.told, 0, "{name} was acknowledged and is lost");
        return;
    };
    let stands = version(name, bytes);
    let Versions { told, sent } = versions;
    assert!(
        (told..=sent).contains(&stands),
        "{name}: {stands} of {told}..={sent}"
    );
}
