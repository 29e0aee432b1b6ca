//! Room and progress: what does not fit is refused before it is read, what runs out leaves nothing,
//! and whoever watches sees how far an upload is.

use std::path::Path;
use std::process::Command;

use crate::harness::{Binary, Instance, PATIENCE, tree};

/// A server on a file system of its own, in memory, of so many bytes. It is mounted where only the
/// server sees it, so that the test leaves nothing behind and needs no rights.
fn on_a_small_disk(bytes: u64, options: &str) -> Binary {
    let program = env!("CARGO_BIN_EXE_livedrop");
    let script = format!(
        "mount -t tmpfs -o size={bytes} none /mnt && \
         exec {program} --listen 127.0.0.1:0 {options} /mnt"
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
    Binary::spawn(command)
}

/// Its folder, as it is seen from here.
fn folder(server: &Binary) -> std::path::PathBuf {
    Path::new("/proc")
        .join(server.pid().to_string())
        .join("root/mnt")
}

#[test]
fn what_cannot_fit_is_refused_before_a_byte_is_read() {
    let server = on_a_small_disk(1 << 20, "");
    for head in [
        "PUT /files/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n",
        "PUT /files/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n",
        "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n\
         Content-Length: 2000000\r\n\r\n",
    ] {
        let mut wire = server.connect();
        wire.send(head);
        let answer = wire.answer(false);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (507, "no_space"),
            "{head}"
        );
        assert!(answer.closes());
    }
    assert_eq!(tree(&folder(&server)), [""; 0]);
    let room = server.ask("GET /api/list/", &[], b"").json()["free_bytes"]
        .as_u64()
        .unwrap();
    let body = vec![7; usize::try_from(room).unwrap()];
    assert_eq!(server.ask("PUT /files/all", &[], &body).status, 201);
    assert_eq!(server.ask("GET /files/all", &[], b"").body, body);
    assert_eq!(server.ask("PUT /files/more", &[], b"x").code(), "no_space");
    assert_eq!(tree(&folder(&server)), ["all"]);
}

#[test]
fn two_uploads_are_not_promised_the_same_room() {
    let server = on_a_small_disk(1 << 20, "");
    let mut first = server.connect();
    first.send("PUT /files/first HTTP/1.1\r\nHost: x\r\nContent-Length: 700000\r\n\r\nx");
    let deadline = std::time::Instant::now() + PATIENCE;
    while server.ask("GET /api/status", &[], b"").json()["uploads"] == serde_json::json!([]) {
        assert!(
            std::time::Instant::now() < deadline,
            "the first upload has begun"
        );
    }
    let second = server.ask("PUT /files/second", &[], &[0; 600_000]);
    assert_eq!(second.code(), "no_space");
    first.send(vec![b'x'; 699_999]);
    assert_eq!(first.answer(false).status, 201);
    assert_eq!(tree(&folder(&server)), ["first"]);
}

#[test]
fn uploads_of_unknown_length_that_fill_the_disk_leave_nothing() {
    let server = on_a_small_disk(1 << 20, "");
    assert_eq!(server.ask("PUT /files/old", &[], &[1; 1000]).status, 201);
    let mut wire = server.connect();
    wire.send("PUT /files/old HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = [b"10000\r\n".as_slice(), &[2; 0x10000], b"\r\n"].concat();
    for _ in 0..20 {
        wire.send_while_taken(&chunk);
    }
    let answer = wire.answer(false);
    assert_eq!((answer.status, answer.code().as_str()), (507, "no_space"));
    let deadline = std::time::Instant::now() + PATIENCE;
    while tree(&folder(&server)) != ["old"] {
        assert!(
            std::time::Instant::now() < deadline,
            "{:?}",
            tree(&folder(&server))
        );
    }
    assert_eq!(server.ask("GET /files/old", &[], b"").body, [1; 1000]);
    // And the room is there again.
    assert_eq!(server.ask("PUT /files/new", &[], &[3; 900_000]).status, 201);
}

#[test]
fn a_free_minimum_is_kept() {
    let server = on_a_small_disk(1 << 20, "--free-min 512K");
    assert_eq!(server.ask("PUT /files/a", &[], &[0; 500_000]).status, 201);
    assert_eq!(
        server.ask("PUT /files/b", &[], &[0; 100_000]).code(),
        "no_space"
    );
    assert_eq!(tree(&folder(&server)), ["a"]);
}

#[test]
fn new_files_and_folders_have_the_modes_that_were_asked_for() {
    use std::os::unix::fs::PermissionsExt;
    for (options, file, dir) in [
        ("", 0o644, 0o755),
        ("--file-mode 660 --dir-mode 770", 0o660, 0o770),
    ] {
        let server = on_a_small_disk(1 << 20, options);
        server.ask("PUT /files/a/b", &[], b"x");
        let mode = |name: &str| {
            let path = folder(&server).join(name);
            std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
        };
        assert_eq!((mode("a/b"), mode("a")), (file, dir), "{options}");
    }
}

#[test]
fn an_upload_is_seen_from_its_first_byte_to_its_end() {
    let server = Instance::start();
    let mut stream = server.stream("/events?dir=a", &[]);
    assert_eq!(stream.next().name, "ready");
    let mut wire = server.connect();
    wire.send("PUT /files/a/b HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345");
    let begun = stream.next();
    assert_eq!((begun.name.as_str(), begun.id), ("progress", None));
    assert_eq!(begun.data["path"], "a/b");
    assert_eq!(begun.data["size"], 10);
    assert_eq!(begun.data["state"], "receiving");
    let listed = server.get("/api/status").json()["uploads"][0].clone();
    assert_eq!(listed["upload"], begun.data["upload"]);
    wire.send("67890");
    assert_eq!(wire.answer(false).status, 201);
    let names: Vec<_> = (0..3).map(|_| stream.next()).collect();
    assert_eq!(names[0].name, "folder");
    assert_eq!(names[1].name, "upload");
    let done = &names[2];
    assert_eq!(
        (done.name.as_str(), &done.data["state"]),
        ("progress", &"done".into())
    );
    assert_eq!(done.data["received"], 10);
    assert_eq!(
        server.get("/api/status").json()["uploads"],
        serde_json::json!([])
    );
}

#[test]
fn an_upload_that_breaks_off_is_seen_to_fail() {
    let server = Instance::start();
    let mut stream = server.stream("/events", &[]);
    assert_eq!(stream.next().name, "ready");
    let mut wire = server.connect();
    wire.send(
        "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\
         Content-Type: multipart/form-data; boundary=b\r\n\r\n\
         --b\r\nContent-Disposition: form-data; filename=a\r\n\r\n12345",
    );
    assert_eq!(stream.next().data["state"], "receiving");
    wire.end();
    assert_eq!(stream.next().data["state"], "failed");
    assert_eq!(wire.answer(false).status, 400);
    assert_eq!(
        server.get("/api/status").json()["uploads"],
        serde_json::json!([])
    );
}
