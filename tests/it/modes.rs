//! What `--read-only` and `--upload-only` leave of the server: each route by each method, in each
//! mode, with the disk, the events and the body looked at when it is refused.

use std::path::Path;

use livedrop::config::{Config, Listen};
use serde_json::Value;

use super::harness::{Answer, Instance, Stream, Wire};

pub fn start(adjust: impl FnOnce(&mut Config)) -> Instance {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config {
        folder: folder.path().to_owned(),
        listen: vec![Listen::Tcp(([127, 0, 0, 1], 0).into())],
        ..Config::default()
    };
    adjust(&mut config);
    let server = Instance::start_config(config, folder);
    server.write("old.txt", b"old");
    server.write("dir/in.txt", b"in");
    server
}

fn drop_box() -> Instance {
    start(|config| config.upload_only = true)
}

pub const TUS: (&str, &str) = ("Tus-Resumable", "1.0.0");
pub const LENGTH: (&str, &str) = ("Upload-Length", "3");
pub const FORM: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=x");
pub const BODY: &[u8] =
    b"--x\r\nContent-Disposition: form-data; name=f; filename=old.txt\r\n\r\nnew\r\n--x--\r\n";

/// A route, whether it is refused read-only, and whether to a drop box.
pub const ROUTES: &[(&str, bool, bool)] = &[
    ("GET /", false, false),
    ("GET /web/app.js", false, false),
    ("GET /health", false, false),
    ("GET /api/status", false, false),
    ("GET /api/list/", false, true),
    ("HEAD /api/list/dir", false, true),
    ("GET /api/list/no", false, true),
    ("GET /files/old.txt", false, true),
    ("GET /files/no", false, true),
    ("HEAD /files/dir/in.txt", false, true),
    ("GET /files/dir", false, true),
    ("GET /download/old.txt", false, true),
    ("GET /download/dir?format=tar", false, true),
    ("POST /download/dir", false, true),
    ("PUT /files/old.txt", true, true),
    ("PUT /files/%2e%2e", true, false),
    ("DELETE /files/old.txt", true, true),
    ("DELETE /files/dir", true, true),
    ("DELETE /files/no", true, true),
    ("MKCOL /files/made", true, false),
    ("MOVE /files/old.txt", true, true),
    ("COPY /files/old.txt", true, true),
    ("MOVE /files/no", true, true),
    ("POST /api/undo/0", true, true),
    ("GET /api/search?q=old", false, true),
    ("OPTIONS /files/old.txt", false, false),
    ("POST /upload", true, false),
    ("POST /upload?on_conflict=replace", true, false),
    ("POST /uploads", true, false),
    ("HEAD /uploads/0", true, false),
    ("PATCH /uploads/0", true, false),
    ("DELETE /uploads/0", true, false),
    ("OPTIONS /uploads", false, false),
];

/// The content of every file, and every name.
pub fn disk(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let content = std::fs::read(folder.join(&name)).unwrap_or_default();
        (name, content)
    };
    super::harness::tree(folder).into_iter().map(read).collect()
}

#[test]
fn each_mode_refuses_what_it_says_and_then_nothing_has_happened() {
    for (is_read_only, server) in [
        (true, start(|config| config.read_only = true)),
        (false, drop_box()),
    ] {
        for (line, read_only, upload_only) in ROUTES {
            let is_refused = if is_read_only {
                *read_only
            } else {
                *upload_only
            };
            let before = disk(server.folder());
            let event_id = status(&server)["event_id"].clone();
            let answer = server.ask(line, &[FORM, TUS, LENGTH], BODY);
            let case = format!("{line}, read-only {is_read_only}: {answer:?}");
            assert_eq!(answer.status == 403, is_refused, "{case}");
            if is_refused {
                assert_eq!(disk(server.folder()), before, "{case}");
                assert_eq!(status(&server)["event_id"], event_id, "{case}");
                if !line.starts_with("HEAD") {
                    assert_eq!(error(&answer), "forbidden", "{case}");
                }
            }
        }
    }
}

#[test]
fn a_refusal_comes_before_a_byte_of_the_body_is_asked_for() {
    let server = start(|config| config.read_only = true);
    for line in [
        "PUT /files/new",
        "POST /upload",
        "POST /uploads",
        "PATCH /uploads/0",
    ] {
        let mut wire = server.connect();
        wire.send(format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\
             Expect: 100-continue\r\n\r\n"
        ));
        let head = String::from_utf8(wire.rest()).unwrap();
        assert!(head.starts_with("HTTP/1.1 403 "), "{line}: {head}");
    }
}

#[test]
fn the_status_says_what_can_be_done() {
    for (server, read_only, upload_only) in [
        (start(|_| {}), false, false),
        (start(|config| config.read_only = true), true, false),
        (drop_box(), false, true),
    ] {
        let status = status(&server);
        assert_eq!(status["read_only"], read_only);
        assert_eq!(status["upload_only"], upload_only);
    }
}

#[test]
fn a_put_onto_a_taken_name_of_a_drop_box_is_403_even_when_it_is_taken_meanwhile() {
    let server = drop_box();
    assert_eq!(server.ask("PUT /files/new.txt", &[], b"new").status, 201);
    let star = ("If-None-Match", "*");
    for target in ["old.txt", "new.txt", "dir"] {
        for fields in [&[][..], &[star], &[("If-Match", "*")]] {
            let answer = server.ask(&format!("PUT /files/{target}"), fields, b"x");
            assert_eq!(answer.status, 403, "{target} {fields:?}");
        }
    }
    let mut wire = server.connect();
    wire.send("PUT /files/race HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n1");
    wait_for_upload(&server);
    server.write("race", b"first");
    wire.send("2");
    assert_eq!(wire.answer(false).status, 403);
    assert_eq!(server.read("race"), b"first");
    assert_eq!(server.read("old.txt"), b"old");
}

/// Waits until the server has begun an upload, by the hidden file that stands for it.
pub fn wait_for_upload(server: &Instance) {
    let is_hidden = |name: &String| name.starts_with(".livedrop-");
    while !server.tree().iter().any(is_hidden) {
        std::thread::yield_now();
    }
}

#[test]
fn an_upload_onto_a_taken_name_of_a_drop_box_keeps_both_whatever_was_asked() {
    let server = drop_box();
    for (n, query) in ["", "?on_conflict=rename", "?on_conflict=replace"]
        .iter()
        .enumerate()
    {
        let answer = server.ask(&format!("POST /upload{query}"), &[FORM], BODY);
        assert_eq!(answer.status, 201);
        let file = &json(&answer)["files"][0];
        assert_eq!(file["path"], format!("old ({}).txt", n + 2));
    }
    let answer = server.ask("POST /upload?on_conflict=fail", &[FORM], BODY);
    assert_eq!(answer.status, 409);
    // filename old.txt, on_conflict replace
    let wish = (
        "Upload-Metadata",
        "filename b2xkLnR4dA==,on_conflict cmVwbGFjZQ==",
    );
    let piece = ("Content-Type", "application/offset+octet-stream");
    let answer = server.ask("POST /uploads", &[TUS, LENGTH, wish, piece], b"new");
    assert_eq!(answer.status, 201);
    assert_eq!(answer.field("Livedrop-Path"), Some("old%20%285%29.txt"));
    assert_eq!(server.read("old.txt"), b"old");
}

#[test]
fn an_upload_that_was_begun_before_the_server_became_a_drop_box_replaces_nothing() {
    let mut server = start(|_| {});
    let wish = (
        "Upload-Metadata",
        "filename b2xkLnR4dA==,on_conflict cmVwbGFjZQ==",
    );
    let begun = server.ask("POST /uploads", &[TUS, LENGTH, wish], b"");
    let location = begun.field("Location").unwrap().to_owned();
    server.stop();
    let folder = server.folder().to_owned();
    let config = Config {
        folder: folder.clone(),
        listen: vec![Listen::Tcp(([127, 0, 0, 1], 0).into())],
        upload_only: true,
        ..Config::default()
    };
    let second = Instance::start_config(config, tempfile::tempdir().unwrap());
    let piece = ("Content-Type", "application/offset+octet-stream");
    let at = ("Upload-Offset", "0");
    let answer = second.ask(&format!("PATCH {location}"), &[TUS, piece, at], b"new");
    assert_eq!(answer.status, 204);
    assert_eq!(answer.field("Livedrop-Path"), Some("old%20%282%29.txt"));
    assert_eq!(std::fs::read(folder.join("old.txt")).unwrap(), b"old");
}

#[test]
fn a_drop_box_tells_no_name_by_its_events_or_its_status() {
    let server = drop_box();
    let mut stream = server.stream("/events", &[]);
    assert_eq!(stream.next().name, "ready");
    let start = status(&server)["event_id"].as_str().unwrap().to_owned();
    let mut wire = server.connect();
    wire.send("PUT /files/secret HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n1");
    wait_for_upload(&server);
    assert_eq!(status(&server)["uploads"], serde_json::json!([]));
    wire.send("2");
    assert_eq!(wire.answer(false).status, 201);
    let target = format!("/events?last_event_id={start}&dir=dir");
    let mut late = server.stream(&target, &[]);
    let ready = late.next();
    // Nothing was replayed, though something has happened since.
    assert_eq!(ready.name, "ready");
    assert_ne!(ready.id, Some(start));
    assert!(is_silent(server, stream) && ready.data.get("path").is_none());
}

/// Whether a stream ends without having told anything, when its server stops.
fn is_silent(mut server: Instance, mut stream: Stream) -> bool {
    let is_silent = stream
        .next_within(std::time::Duration::from_millis(50))
        .is_none();
    server.stop();
    is_silent && stream.ends()
}

fn status(server: &Instance) -> Value {
    json(&Wire::connect(server.address).ask("GET /api/status", &[], b""))
}

pub fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn error(answer: &Answer) -> String {
    json(answer)["error"]["code"].as_str().unwrap().to_owned()
}
