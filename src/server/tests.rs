//! A server whose process is confined. Confining is for good, so each test is done by a process of
//! its own: this same program, told by a variable.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::Server;
use crate::config::{Config, Listen};
use crate::confinement::confine;
use crate::log::Log;

const TEST: &str = "server::tests::a_broken_handler_of_a_confined_process_opens_nothing_else";
const FOLDER: &str = "LIVEDROP_TEST_FOLDER";
const CONFINED: &str = "LIVEDROP_TEST_CONFINED";

/// The status of a request.
fn ask(address: SocketAddr, line: &str, fields: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    let request =
        format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer["HTTP/1.1 ".len()..][..3].parse().unwrap()
}

/// Serves the folder and asks for what should be possible, and for what should not.
fn serve(folder: &Path, is_confined: bool) {
    let config = Config {
        folder: folder.join("share"),
        listen: vec![Listen::Tcp(([127, 0, 0, 1], 0).into())],
        ..Config::default()
    };
    let _confinement = match is_confined {
        // Where the kernel has no Landlock, this fails, as it should: nothing would be shown.
        true => confine(&config).expect("the kernel confines"),
        false => None,
    };
    let log = Log::new(Arc::new(|_: &str| {}), false);
    let server = Server::bind(config, log).unwrap();
    let handle = server.handle();
    let address = server.addresses()[0];
    let thread = std::thread::spawn(move || server.serve());
    let ask = |line: &str, fields: &str| ask(address, line, fields);
    let secret = format!("GET /broken{}/secret", folder.display());
    let expected = if is_confined { 403 } else { 200 };
    assert_eq!(ask("GET /broken/etc/passwd", ""), expected);
    assert_eq!(ask(&secret, ""), expected);
    assert_eq!(ask("GET /broken/proc/self/environ", ""), expected);
    // And all that a share is for.
    let inside = format!("GET /broken{}/share/a", folder.display());
    assert_eq!(ask("PUT /files/a", "Content-Length: 0\r\n"), 201);
    assert_eq!(ask(&inside, ""), 200);
    assert_eq!(ask("PUT /files/a", "Content-Length: 0\r\n"), 204);
    assert_eq!(ask("MKCOL /files/folder", ""), 201);
    assert_eq!(
        ask("MOVE /files/a", "Destination: /files/folder/b\r\n"),
        201
    );
    assert_eq!(
        ask("COPY /files/folder", "Destination: /files/copy\r\n"),
        201
    );
    assert_eq!(ask("DELETE /files/folder", ""), 204);
    assert_eq!(ask("GET /files/copy/b", ""), 200);
    assert_eq!(ask("GET /api/list/", ""), 200);
    assert_eq!(ask("GET /health", ""), 200);
    handle.stop();
    thread.join().unwrap();
}

#[test]
fn a_broken_handler_of_a_confined_process_opens_nothing_else() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return serve(Path::new(&folder), std::env::var_os(CONFINED).is_some());
    }
    for is_confined in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("share")).unwrap();
        std::fs::write(folder.path().join("secret"), "secret").unwrap();
        let mut itself = Command::new(std::env::current_exe().unwrap());
        itself
            .args(["--exact", TEST, "--nocapture"])
            .env(FOLDER, folder.path());
        if is_confined {
            itself.env(CONFINED, "yes");
        }
        let output = itself.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{output:?}"
        );
    }
}
