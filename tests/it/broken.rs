//! Uploads that break off: whatever happens, nothing is half there and nothing old is lost.

use crate::harness::{Binary, Instance, PATIENCE, tree};

/// Waits until the folder is as expected; fails when it never is.
fn wait_for_tree(server: &Instance, expected: &[&str]) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while server.tree() != expected {
        assert!(std::time::Instant::now() < deadline, "{:?}", server.tree());
        std::thread::yield_now();
    }
}

/// Requests that end too early: each is cut after its last byte here.
const CUT: [&str; 4] = [
    "PUT /files/new HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345",
    "PUT /files/old HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
    "PUT /files/old HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n",
    "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\
     Content-Type: multipart/form-data; boundary=b\r\n\r\n\
     --b\r\nContent-Disposition: form-data; filename=new\r\n\r\nwhole\r\n--b-",
];

#[test]
fn a_client_that_breaks_off_leaves_nothing_and_is_told_if_it_listens() {
    let server = Instance::start();
    server.write("old", b"old");
    for request in CUT {
        let mut wire = server.connect();
        wire.send(request);
        wire.end();
        let answer = wire.answer(false);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "bad_request"),
            "{request}"
        );
        assert_eq!(wire.rest(), b"", "one answer, and the end");
        assert_eq!(server.tree(), ["old"], "{request}");
        assert_eq!(server.read("old"), b"old");
    }
}

#[test]
fn a_client_that_vanishes_leaves_nothing() {
    let server = Instance::start();
    server.write("old", b"old");
    for request in CUT {
        let mut wire = server.connect();
        wire.send(request);
        // A reset, as from a machine that was switched off and on again.
        rustix::net::sockopt::set_socket_linger(wire.socket(), Some(std::time::Duration::ZERO))
            .unwrap();
        drop(wire);
        wait_for_tree(&server, &["old"]);
        assert_eq!(server.read("old"), b"old");
    }
}

#[test]
fn a_killed_server_leaves_nothing_after_its_next_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("deep/er")).unwrap();
    std::fs::write(folder.path().join("deep/er/old"), b"old").unwrap();
    let server = Binary::start(folder.path(), &[]);
    let mut wires = Vec::new();
    for request in CUT {
        let mut wire = server.connect();
        let request = request.replace("/files/", "/files/deep/er/");
        wire.send(request.replace("/upload", "/upload?dir=deep/er"));
        wires.push(wire);
    }
    let hidden = |name: &String| name.contains(".livedrop-");
    let deadline = std::time::Instant::now() + PATIENCE;
    while tree(folder.path())
        .iter()
        .filter(|name| hidden(name))
        .count()
        < CUT.len()
    {
        assert!(
            std::time::Instant::now() < deadline,
            "each upload has its hidden file"
        );
    }
    server.kill();
    assert_eq!(
        std::fs::read(folder.path().join("deep/er/old")).unwrap(),
        b"old"
    );
    assert!(!folder.path().join("deep/er/new").exists());
    let server = Binary::start(folder.path(), &[]);
    assert_eq!(tree(folder.path()), ["deep/", "deep/er/", "deep/er/old"]);
    let (status, said) = server.stop();
    assert!(status.success());
    assert!(said.contains("removed 4 left-overs"), "{said}");
}

#[test]
fn a_second_server_leaves_the_running_uploads_of_the_first_alone() {
    let folder = tempfile::tempdir().unwrap();
    let first = Binary::start(folder.path(), &[]);
    let mut wire = first.connect();
    wire.send("PUT /files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345");
    let deadline = std::time::Instant::now() + PATIENCE;
    while tree(folder.path()).is_empty() {
        assert!(
            std::time::Instant::now() < deadline,
            "the upload has its hidden file"
        );
    }
    let second = Binary::start(folder.path(), &[]);
    wire.send("67890");
    assert_eq!(wire.answer(false).status, 201);
    assert_eq!(second.ask("GET /files/a", &[], b"").body, b"1234567890");
}

#[test]
fn a_file_that_the_system_does_not_take_is_a_413_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new("sh");
    // The largest file that the process may write; the signal for it is ignored as Rust does with
    // SIGPIPE, so that the write fails instead.
    command
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 8; exec \"$0\" --listen 127.0.0.1:0 \"$1\"");
    command
        .arg(env!("CARGO_BIN_EXE_livedrop"))
        .arg(folder.path());
    let server = Binary::spawn(command);
    std::fs::write(folder.path().join("old"), b"old").unwrap();
    let mut wire = server.connect();
    wire.send("PUT /files/old HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    wire.send_while_taken([0; 100_000]);
    let answer = wire.answer(false);
    assert_eq!((answer.status, answer.code().as_str()), (413, "too_large"));
    assert_eq!(tree(folder.path()), ["old"]);
    assert_eq!(std::fs::read(folder.path().join("old")).unwrap(), b"old");
}
