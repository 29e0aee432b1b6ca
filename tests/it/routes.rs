//! What holds for all routes alike: the status report, the parts of the page, the shape of a
//! refusal, the fields that every answer has, and what HEAD and unsafe methods keep to.

use std::collections::BTreeSet;

use crate::harness::Instance;

const FORM: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=b");

#[test]
fn the_status_says_what_the_server_is() {
    let server = Instance::start();
    let name = server.folder().file_name().unwrap().to_str().unwrap();
    server.ask("PUT /files/a", &[], b"1");
    // A listing begins to watch its folder, for which it takes a number.
    let list = server.get("/api/list/").json();
    let status = server.get("/api/status");
    assert_eq!(status.field("Content-Type"), Some("application/json"));
    let status = status.json();
    assert_eq!(status["name"], name);
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["read_only"], false);
    assert_eq!(status["upload_bytes_max"], serde_json::Value::Null);
    assert!(status["free_bytes"].as_u64().unwrap() > 0);
    assert_eq!(status["uploads"], serde_json::json!([]));
    assert_eq!(status["event_id"], list["event_id"]);
    let ready = server.stream("/events", &[]).next();
    assert_eq!(status["event_id"], ready.data["event_id"]);
    let limited = Instance::start_with(|limits| limits.upload_bytes_max = Some(1 << 40));
    let status = limited.get("/api/status").json();
    assert_eq!(status["upload_bytes_max"], 1_u64 << 40);
}

#[test]
fn a_listing_has_the_fields_of_the_contract_and_no_order() {
    let server = Instance::start();
    server.write("a/b", b"1");
    let list = server.get("/api/list/a/").json();
    let keys = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let expected = ["entries", "event_id", "free_bytes", "path"];
    assert_eq!(keys(&list), expected.map(String::from).into());
    let expected = ["kind", "modified", "name", "size"];
    assert_eq!(keys(&list["entries"][0]), expected.map(String::from).into());
    // With its slash or without, it is the same folder.
    assert_eq!(server.get("/api/list/a").json()["path"], "a");
    assert_eq!(list["path"], "a");
    assert_eq!(server.get("/api/list").json()["path"], "");
}

#[test]
fn each_part_of_the_page_is_there_in_both_encodings() {
    let server = Instance::start();
    let page = server.get("/");
    let parts = page.text().split(['"', '\'']);
    let parts: BTreeSet<&str> = parts.filter(|part| part.starts_with("web/")).collect();
    assert!(parts.len() >= 3, "{parts:?}");
    for part in parts
        .into_iter()
        .map(|part| format!("/{part}"))
        .chain(["/".into()])
    {
        let plain = server.get(&part);
        let gzip = server.ask(&format!("GET {part}"), &[("Accept-Encoding", "gzip")], b"");
        assert_eq!((plain.status, gzip.status), (200, 200), "{part}");
        assert_eq!(plain.field("Content-Encoding"), None, "{part}");
        assert_eq!(gzip.field("Content-Encoding"), Some("gzip"), "{part}");
        let deflated = &gzip.body[10..gzip.body.len() - 8];
        let inflated = miniz_oxide::inflate::decompress_to_vec(deflated).unwrap();
        assert_eq!(inflated, plain.body, "{part}");
        // A cache must not give one client the other's encoding.
        assert_eq!(plain.field("Vary"), Some("Accept-Encoding"), "{part}");
        assert_eq!(gzip.field("Vary"), Some("Accept-Encoding"), "{part}");
        let etag = plain.field("ETag").unwrap();
        let again = server.ask(&format!("GET {part}"), &[("If-None-Match", etag)], b"");
        assert_eq!(
            (again.status, again.field("ETag")),
            (304, Some(etag)),
            "{part}"
        );
    }
}

/// Requests that are refused, each with the status and the code that it is owed.
const REFUSED: [(&str, &[(&str, &str)], u16, &str); 16] = [
    ("GET /files/none", &[], 404, "not_found"),
    ("GET /files/..", &[], 400, "bad_name"),
    ("GET /api/list/a", &[], 409, "conflict"),
    ("GET /api/list/none", &[], 404, "not_found"),
    ("GET /download/none", &[], 404, "not_found"),
    ("GET /events?dir=..", &[], 400, "bad_name"),
    ("GET /upload", &[], 405, "method_not_allowed"),
    ("PUT /files/", &[], 403, "forbidden"),
    ("PUT /files/a/below", &[], 409, "conflict"),
    (
        "PUT /files/a",
        &[("If-None-Match", "*")],
        412,
        "precondition_failed",
    ),
    (
        "PUT /files/a",
        &[("Content-Range", "bytes 0-0/1")],
        400,
        "bad_request",
    ),
    ("DELETE /files/", &[], 403, "forbidden"),
    ("DELETE /files/none", &[], 404, "not_found"),
    (
        "POST /upload",
        &[("Content-Type", "text/plain")],
        415,
        "unsupported_type",
    ),
    ("POST /upload?on_conflict=no", &[FORM], 400, "bad_request"),
    ("POST /upload?dir=%00", &[FORM], 400, "bad_name"),
];

#[test]
fn a_refusal_is_json_with_a_stable_code_and_no_secret() {
    let server = Instance::start();
    server.write("a", b"1");
    let folder = server.folder().to_str().unwrap();
    for (line, fields, status, code) in REFUSED {
        let body: &[u8] = if line.starts_with(['P']) {
            b"--b--\r\n"
        } else {
            b""
        };
        let answer = server.ask(line, fields, body);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{line}"
        );
        assert_eq!(
            answer.field("Content-Type"),
            Some("application/json"),
            "{line}"
        );
        let json = answer.json();
        let error = json["error"].as_object().unwrap();
        assert_eq!(
            (json.as_object().unwrap().len(), error.len()),
            (1, 2),
            "{line}"
        );
        let message = error["message"].as_str().unwrap();
        assert!(
            message.ends_with('.') && !message.contains("os error"),
            "{line}: {message}"
        );
        assert!(!answer.text().contains(folder), "{line}: {message}");
    }
    assert_eq!(
        (server.tree(), server.read("a")),
        (vec!["a".to_owned()], b"1".to_vec())
    );
}

#[test]
fn every_answer_is_dated_and_forbids_guesses_at_its_type() {
    let server = Instance::start();
    server.write("folder/a.html", b"<script>");
    for line in [
        "GET /",
        "GET /web/app.js",
        "GET /api/list/",
        "GET /api/status",
        "GET /files/folder/a.html",
        "GET /files/folder",
        "GET /download/folder/a.html",
        "GET /none",
        "GET /health",
        "HEAD /events",
        "PUT /files/b",
        "DELETE /files/b",
    ] {
        let answer = server.ask(line, &[], b"");
        assert_eq!(
            answer.field("X-Content-Type-Options"),
            Some("nosniff"),
            "{line}"
        );
        let date = answer.field("Date").unwrap();
        assert!(date.ends_with(" GMT") && date.len() == 29, "{line}: {date}");
    }
}

#[test]
fn head_opens_no_stream_and_changes_nothing() {
    let server = Instance::start_with(|limits| limits.streams_max = 1);
    server.write("a", b"1");
    for _ in 0..3 {
        let head = server.ask("HEAD /events", &[], b"");
        assert_eq!(head.field("Content-Type"), Some("text/event-stream"));
    }
    for target in ["/files/a", "/download/a", "/api/list/", "/"] {
        assert_eq!(
            server.ask(&format!("HEAD {target}"), &[], b"").status,
            200,
            "{target}"
        );
    }
    assert_eq!(server.ask("HEAD /upload", &[], b"").status, 405);
    assert_eq!(server.stream("/events", &[]).next().name, "ready");
    assert_eq!(server.tree(), ["a"]);
}

#[test]
fn a_folder_that_is_gone_is_no_health() {
    let server = Instance::start();
    assert_eq!(server.get("/health").body, b"ok\n");
    assert_eq!(server.get("/health").status, 200);
    std::fs::remove_dir(server.folder()).unwrap();
    let answer = server.get("/health");
    assert_eq!((answer.status, answer.code().as_str()), (503, "busy"));
    assert!(answer.field("Retry-After").is_some());
    assert_eq!(server.ask("PUT /files/a", &[], b"1").code(), "not_found");
    // It is a part of the test's own folder, which is removed with it.
    std::fs::create_dir(server.folder()).unwrap();
}

/// Conditions on a method that changes something, and whether they hold for a file that stands.
fn conditions(etag: &str, modified: &str) -> [(&'static str, String, bool); 9] {
    [
        ("If-Match", "*".into(), true),
        ("If-Match", etag.into(), true),
        ("If-Match", format!("\"x\", {etag}"), true),
        ("If-Match", "\"x\"".into(), false),
        ("If-Match", format!("W/{etag}"), false),
        ("If-None-Match", "*".into(), false),
        ("If-None-Match", etag.into(), false),
        ("If-None-Match", "\"x\"".into(), true),
        ("If-Unmodified-Since", modified.into(), true),
    ]
}

#[test]
fn put_and_delete_hold_every_condition_alike() {
    let server = Instance::start();
    for method in ["PUT", "DELETE"] {
        for row in 0..conditions("", "").len() {
            server.write("a", b"old");
            let now = server.get("/files/a");
            let (etag, date) = (
                now.field("ETag").unwrap(),
                now.field("Last-Modified").unwrap(),
            );
            let (field, value, holds) = conditions(etag, date)[row].clone();
            let answer = server.ask(&format!("{method} /files/a"), &[(field, &value)], b"");
            let expected = if holds { 204 } else { 412 };
            assert_eq!(answer.status, expected, "{method} {field}: {value}");
            if !holds {
                assert_eq!(server.read("a"), b"old", "{method} {field}: {value}");
            }
        }
        server.write("a", b"old");
        let long_ago = ("If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT");
        let answer = server.ask(&format!("{method} /files/a"), &[long_ago], b"");
        assert_eq!(
            (answer.status, server.read("a")),
            (412, b"old".to_vec()),
            "{method}"
        );
    }
}

#[test]
fn a_request_for_a_strangers_name_is_told_nothing() {
    let server = Instance::start();
    server.write("a", b"1");
    for line in [
        "GET /",
        "GET /files/a",
        "GET /api/list/",
        "GET /events",
        "GET /health",
        "DELETE /files/a",
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: evil.example:8080\r\n\r\n");
        let mut wire = server.connect();
        wire.send(request.as_bytes());
        let answer = wire.answer(false);
        assert_eq!(answer.status, 421, "{line}");
        assert_eq!(answer.json()["error"]["code"], "wrong_host", "{line}");
    }
    assert_eq!(server.read("a"), b"1");
}
