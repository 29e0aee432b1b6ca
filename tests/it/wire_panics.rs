//! A panic ends its connection, and nothing else. What panics here is the log's sink, which is
//! called from both sides of a handler.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;

use livedrop::config::{Config, Listen};
use livedrop::log::Log;
use livedrop::server::{Handle, Server};

use crate::harness::{Answer, Wire};

/// Set in the process that a test starts of itself.
const ALONE: &str = "LIVEDROP_TEST_ALONE";

struct Fragile {
    address: SocketAddr,
    folder: tempfile::TempDir,
    handle: Handle,
    thread: JoinHandle<()>,
}

impl Fragile {
    /// A server whose log panics at every line that contains `text`.
    fn start(text: &'static str) -> Fragile {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x"), "content").unwrap();
        let config = Config {
            folder: folder.path().to_owned(),
            listen: vec![Listen::Tcp(([127, 0, 0, 1], 0).into())],
            ..Config::default()
        };
        let sink = move |line: &str| assert!(!line.contains(text), "on purpose: {line}");
        let server = Server::bind(config, Log::new(Arc::new(sink), true)).unwrap();
        Fragile {
            address: server.addresses()[0],
            folder,
            handle: server.handle(),
            thread: std::thread::spawn(move || server.serve()),
        }
    }

    fn get(&self, target: &str) -> Answer {
        Wire::connect(self.address).ask(&format!("GET {target}"), &[], b"")
    }

    fn panics(&self) -> serde_json::Value {
        self.get("/api/status").json()["panics"].clone()
    }

    fn stop(self) {
        self.handle.stop();
        self.thread.join().expect("the server itself never panics");
        drop(self.folder);
    }
}

#[test]
fn a_panic_after_an_answer_ends_that_connection_alone() {
    let server = Fragile::start("/files/x");
    let mut other = Wire::connect(server.address);
    assert_eq!(other.ask("GET /health", &[], b"").status, 200);
    // The line about a request is written behind its answer, outside the handler.
    for count in 1..=3 {
        let mut wire = Wire::connect(server.address);
        assert_eq!(wire.ask("GET /health", &[], b"").status, 200);
        assert_eq!(wire.ask("GET /files/x", &[], b"").body, b"content");
        assert_eq!(wire.rest(), b"", "one answer, and the end");
        assert_eq!(server.panics(), count);
    }
    assert_eq!(other.ask("GET /health", &[], b"").status, 200);
    server.stop();
}

#[test]
fn a_panic_at_a_refused_head_ends_that_connection_alone() {
    let server = Fragile::start(" - - 400");
    let mut wire = Wire::connect(server.address);
    wire.send("nonsense\r\n\r\n");
    let rest = wire.rest();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 400 "));
    assert_eq!(server.panics(), 1);
    server.stop();
}

/// Trouble is written from inside a handler. To have some, a folder is a mount point, which nobody
/// can remove; so that the mount is seen by nobody else, the test starts itself again in a
/// namespace of its own.
#[test]
fn a_panic_in_a_handler_is_a_500_and_ends_that_connection_alone() {
    if std::env::var_os(ALONE).is_none() {
        let name = "wire_panics::a_panic_in_a_handler_is_a_500_and_ends_that_connection_alone";
        let output = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount"])
            .arg(std::env::current_exe().unwrap())
            .args([name, "--exact"])
            .env(ALONE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("1 passed"), "{said}");
        return;
    }
    let server = Fragile::start("cannot ");
    let mut other = Wire::connect(server.address);
    assert_eq!(other.ask("GET /health", &[], b"").status, 200);
    let mut wire = Wire::connect(server.address);
    assert_eq!(wire.ask("GET /files/x", &[], b"").status, 200);
    let mounted = server.folder.path().join("mounted");
    std::fs::create_dir(&mounted).unwrap();
    let status = Command::new("mount")
        .args(["-t", "tmpfs", "none"])
        .arg(&mounted)
        .status();
    assert!(status.unwrap().success());
    let answer = wire.ask("DELETE /files/mounted", &[], b"");
    let status = Command::new("umount").arg(&mounted).status();
    assert!(status.unwrap().success());
    assert_eq!((answer.status, answer.closes()), (500, true));
    assert_eq!(answer.code(), "internal");
    assert_eq!(wire.rest(), b"", "one answer, and the end");
    assert_eq!(server.panics(), 1);
    assert_eq!(other.ask("GET /files/x", &[], b"").body, b"content");
    server.stop();
}
