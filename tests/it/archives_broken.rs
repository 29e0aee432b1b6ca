//! Folders that do not hold still while they are sent: the client always notices.

use std::fs::{self, File, OpenOptions};
use std::io::Write;

use crate::harness::{Instance, Wire};

/// More than any socket holds back, so that the server waits for us in the middle of it.
const FILE_BYTES: u64 = 64 << 20;

/// A server whose folder `f` has a large file, and a small one below.
fn share() -> Instance {
    let server = Instance::start();
    server.write("f/g/small", b"small");
    let file = File::create(server.path("f/large")).unwrap();
    file.set_len(FILE_BYTES).unwrap();
    server
}

/// Asks for an archive, and for something else behind it. Reads the first bytes of the answer: the
/// length has been announced, and the server is on its way. Gives that length.
fn begun(server: &Instance, target: &str) -> (Wire, u64) {
    let mut wire = server.connect();
    let next = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    wire.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n{next}"));
    let length = wire.head_length();
    (wire, length)
}

#[test]
fn an_archive_that_nothing_happens_to_is_whole_and_the_next_answer_follows() {
    let server = share();
    for target in ["/download/f", "/download/f?format=tar"] {
        let (mut wire, length) = begun(&server, target);
        let mut body = vec![0; usize::try_from(length).unwrap()];
        wire.read_exact(&mut body);
        assert!(wire.answer(false).body == b"ok\n");
    }
}

#[test]
fn a_file_or_folder_that_changes_meanwhile_cuts_the_connection() {
    let table: [(&str, fn(&Instance)); 9] = [
        ("grows", |server| {
            let mut file = append(server, "f/large");
            file.write_all(b"x").unwrap();
        }),
        ("shrinks", |server| {
            append(server, "f/large").set_len(FILE_BYTES - 1).unwrap();
        }),
        ("is emptied", |server| {
            append(server, "f/large").set_len(0).unwrap();
        }),
        ("is written over", |server| {
            let file = append(server, "f/large");
            // Its time changes as if it had been written to, whatever the clock's grain.
            file.set_modified(std::time::SystemTime::UNIX_EPOCH)
                .unwrap();
        }),
        ("a later one vanishes", |server| {
            fs::remove_file(server.path("f/g/small")).unwrap();
        }),
        ("a later one grows", |server| {
            append(server, "f/g/small").write_all(b"x").unwrap();
        }),
        ("a later one is another of the same size", |server| {
            server.write("f/g/new", b"small");
            fs::rename(server.path("f/g/new"), server.path("f/g/small")).unwrap();
        }),
        ("a new one appears", |server| {
            server.write("f/g/new", b"");
        }),
        ("the folder vanishes", |server| {
            fs::remove_dir_all(server.path("f")).unwrap();
        }),
    ];
    for (what, change) in table {
        for target in ["/download/f", "/download/f?format=tar"] {
            let server = share();
            let (mut wire, length) = begun(&server, target);
            change(&server);
            let body = wire.rest();
            assert!((body.len() as u64) < length, "{what}: {target}");
            let tail = &body[body.len().saturating_sub(1000)..];
            assert!(!tail.windows(5).any(|w| w == b"HTTP/"), "{what}: {target}");
            let log = server.log().join("\n");
            assert!(log.contains("an archive of /f was broken off: "), "{log}");
            assert_eq!(server.get("/health").status, 200);
        }
    }
}

/// A zip names its members again at its end, and so sees what happens to those that were sent.
#[test]
fn a_zip_is_cut_when_what_was_sent_is_gone_before_its_end() {
    let server = share();
    let (mut wire, length) = begun(&server, "/download/f");
    fs::remove_file(server.path("f/large")).unwrap();
    assert!((wire.rest().len() as u64) < length);
}

#[test]
fn a_client_that_leaves_is_no_trouble() {
    let server = share();
    let (wire, _) = begun(&server, "/download/f");
    drop(wire);
    let mut server = server;
    server.stop();
    let log = server.log().join("\n");
    assert!(!log.contains("broken off"), "{log}");
}

fn append(server: &Instance, name: &str) -> File {
    let mut options = OpenOptions::new();
    options.append(true).open(server.path(name)).unwrap()
}
