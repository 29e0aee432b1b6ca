//! What every build has to do, whichever machine it is for: `make test-small` and `make dist-check`
//! run these against binaries for others, on an emulator. Lengths over 32 bits, and times.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::time::{Duration, SystemTime};

use crate::harness::Binary;
use crate::tus::{TUS, begin, send};

/// One byte more than 32 bits can count, and then some.
const OVER_4_GIB: u64 = (4 << 30) + 100;

fn noise(bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(10);
    std::iter::repeat_with(|| random.u8(..))
        .take(bytes)
        .collect()
}

#[test]
fn a_file_goes_up_and_comes_down_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let content = noise(3_000_001);
    assert_eq!(server.ask("PUT /files/d/a", &[], &content).status, 201);
    assert_eq!(std::fs::read(folder.path().join("d/a")).unwrap(), content);
    assert_eq!(server.ask("GET /files/d/a", &[], b"").body, content);
    assert!(server.stop().0.success());
}

#[test]
fn a_watcher_sees_each_upload_as_it_happens() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let mut stream = server.stream("/events");
    assert_eq!(stream.next().name, "ready");
    let form = "--b\r\nContent-Disposition: form-data; filename=f\r\n\r\nxyz\r\n--b--\r\n";
    let fields = [("Content-Type", "multipart/form-data; boundary=b")];
    assert_eq!(
        server.ask("POST /upload", &fields, form.as_bytes()).status,
        201
    );
    let event = std::iter::repeat_with(|| stream.next()).find(|event| event.name == "upload");
    assert_eq!(event.unwrap().data["path"], "f");
}

#[test]
fn a_chunked_body_is_a_file_and_half_of_one_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let head = "HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut wire = server.connect();
    wire.send(format!("PUT /files/whole {head}3\r\nabc\r\n0\r\n\r\n"));
    assert_eq!(wire.answer(false).status, 201);
    let mut wire = server.connect();
    wire.send(format!("PUT /files/half {head}3\r\nab"));
    wire.end();
    assert_eq!(wire.answer(false).status, 400);
    let list = server.ask("GET /api/list/", &[], b"").json();
    assert_eq!(list["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn offsets_over_32_bits_are_offsets() {
    let folder = tempfile::tempdir().unwrap();
    let file = File::create(folder.path().join("large")).unwrap();
    file.set_len(5 << 30).unwrap();
    let edge = u64::from(u32::MAX);
    file.write_all_at(b"around the edge", edge - 7).unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let mut wire = server.connect();
    let head = wire.ask("HEAD /files/large", &[], b"");
    assert_eq!(head.field("Content-Length"), Some("5368709120"));
    let range = format!("bytes={}-{}", edge - 7, edge + 7);
    let part = wire.ask("GET /files/large", &[("Range", &range)], b"");
    assert_eq!(
        (part.status, &part.body[..]),
        (206, &b"around the edge"[..])
    );
    let list = wire.ask("GET /api/list/", &[], b"").json();
    assert_eq!(list["entries"][0]["size"], 5_u64 << 30);
}

#[test]
fn a_body_over_32_bits_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet", "--no-sync"]);
    let wire = server.connect();
    let mut socket = wire.socket();
    let head =
        format!("PUT /files/large HTTP/1.1\r\nHost: x\r\nContent-Length: {OVER_4_GIB}\r\n\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    let block = vec![7; 1 << 20];
    for _ in 0..4096 {
        socket.write_all(&block).unwrap();
    }
    socket.write_all(&block[..100]).unwrap();
    let mut wire = wire;
    assert_eq!(wire.answer(false).status, 201);
    let size = std::fs::metadata(folder.path().join("large"))
        .unwrap()
        .len();
    assert_eq!(size, OVER_4_GIB);
}

/// One in pieces, as if its first 4 GiB less a few bytes had come before the server was killed.
#[test]
fn an_upload_in_pieces_goes_on_over_32_bits() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let path = begin(&mut server.connect(), OVER_4_GIB, &[("filename", "large")]);
    let patch = |server: &Binary, at: u64, piece: &[u8]| {
        let answer = send(&mut server.connect(), &path, at, piece);
        let offset = answer.field("Upload-Offset").map(str::to_owned);
        (answer.status, offset)
    };
    assert_eq!(patch(&server, 0, b"first"), (204, Some("5".into())));
    server.kill();

    let data = path.strip_prefix("/uploads/").unwrap();
    let data = folder.path().join(".livedrop/uploads").join(data);
    let record = data.with_extension("record");
    let edge = 1_u64 << 32;
    let file = File::options().write(true).open(&data).unwrap();
    file.set_len(edge - 7).unwrap();
    let text = std::fs::read_to_string(&record).unwrap();
    let moved = text.replace("\noffset 5\n", &format!("\noffset {}\n", edge - 7));
    assert_ne!(text, moved);
    std::fs::write(&record, moved).unwrap();

    let server = Binary::start(folder.path(), &["--quiet"]);
    let length = OVER_4_GIB.to_string();
    let head = server.ask(&format!("HEAD {path}"), &[TUS], b"");
    assert_eq!(head.field("Upload-Length"), Some(&*length));
    assert_eq!(head.field("Upload-Offset"), Some("4294967289"));
    // What 32 bits would make of the next one.
    assert_eq!(patch(&server, 8, b"x").0, 409);
    let over = patch(&server, edge - 7, b"around the edge");
    assert_eq!(over, (204, Some("4294967304".into())));
    assert_eq!(patch(&server, 8, b"x").0, 409);
    let last = patch(&server, edge + 8, &noise(92));
    assert_eq!(last, (204, Some(length)));
    let range = format!("bytes={}-", edge - 7);
    let end = server.ask("GET /files/large", &[("Range", &range)], b"");
    assert_eq!(end.status, 206);
    assert_eq!(end.body, [b"around the edge", &noise(92)[..]].concat());
    let first = server.ask("GET /files/large", &[("Range", "bytes=0-4")], b"");
    assert_eq!(first.body, b"first");
}

#[test]
fn times_beyond_2038_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let field = [("X-OC-Mtime", "2366841600")];
    assert_eq!(server.ask("PUT /files/a", &field, b"1").status, 201);
    let list = server.ask("GET /api/list/", &[], b"").json();
    assert_eq!(list["entries"][0]["modified"], 2_366_841_600_000_u64);
    // What a clock that is wrong has left is no reason to fail: RFC 9110, section 8.8.2.1.
    let answer = server.ask("GET /files/a", &[], b"");
    let date = httpdate::parse_http_date(answer.field("Last-Modified").unwrap()).unwrap();
    assert!(date <= SystemTime::now() + Duration::from_secs(1));
    assert_eq!(
        server.ask("GET /download/?format=tar", &[], b"").status,
        200
    );
    assert_eq!(server.ask("GET /download/", &[], b"").status, 200);
}

/// Address space, without the stacks: 64 MiB are what a small router has left.
#[cfg(target_pointer_width = "32")]
#[test]
fn a_gibibyte_comes_in_64_mebibytes_of_address_space() {
    const STACKS_BYTES: u64 = 4 << 20;
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new("prlimit");
    command.arg(format!("--as={}", (64 << 20) + STACKS_BYTES));
    command.arg(env!("CARGO_BIN_EXE_livedrop"));
    command.args(["--quiet", "--no-sync", "--listen", "127.0.0.1:0"]);
    let server = Binary::spawn({
        command.arg(folder.path());
        command
    });
    let mut wire = server.connect();
    let head = "PUT /files/large HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n";
    wire.send(head);
    let block = vec![7; 1 << 20];
    for _ in 0..1024 {
        wire.send(&block);
    }
    assert_eq!(wire.answer(false).status, 201);
}
