//! Reading: the page, files, ranges, conditions, what is not there.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};

use crate::harness::Instance;

#[test]
fn the_page_and_its_parts_are_served_gzipped_or_not() {
    let server = Instance::start();
    let plain = server.get("/");
    assert_eq!(plain.status, 200);
    assert!(plain.text().contains("<title>livedrop</title>"));
    let policy = plain.field("Content-Security-Policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    // The one style in the page is the one that the policy names.
    let styles: Vec<&str> = plain.text().split("<style>").skip(1).collect();
    let [style] = styles[..] else {
        panic!("{} styles", styles.len())
    };
    let hash = Sha256::digest(style.split("</style>").next().unwrap());
    let source = format!(
        "style-src 'self' 'sha256-{}';",
        BASE64_STANDARD.encode(hash)
    );
    assert!(policy.contains(&source), "{policy}");
    let gzipped = server.ask("GET /", &[("Accept-Encoding", "br, gzip")], b"");
    assert_eq!(gzipped.field("Content-Encoding"), Some("gzip"));
    let deflated = &gzipped.body[10..gzipped.body.len() - 8];
    assert_eq!(
        miniz_oxide::inflate::decompress_to_vec(deflated).unwrap(),
        plain.body
    );
    let trailer = &gzipped.body[gzipped.body.len() - 8..];
    assert_eq!(trailer[..4], crc32fast::hash(&plain.body).to_le_bytes());
    assert_eq!(trailer[4..], (plain.body.len() as u32).to_le_bytes());
    let refused = server.ask("GET /", &[("Accept-Encoding", "gzip;q=0")], b"");
    assert_eq!(refused.field("Content-Encoding"), None);
    let script = server.get("/web/app.js");
    assert!(
        script
            .field("Content-Type")
            .unwrap()
            .starts_with("text/javascript")
    );
    let etag = script.field("ETag").unwrap();
    let again = server.ask("GET /web/app.js", &[("If-None-Match", etag)], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(server.get("/web/../Cargo.toml").status, 404);
    assert_eq!(server.get("/web/none.js").status, 404);
    assert_eq!(server.get("/?dir=a%20b").status, 200);
}

#[test]
fn a_file_has_what_it_takes_to_be_shown_resumed_and_cached() {
    let server = Instance::start();
    server.write("a.txt", b"0123456789");
    let whole = server.get("/files/a.txt");
    assert_eq!(
        (whole.status, whole.body.as_slice()),
        (200, &b"0123456789"[..])
    );
    for (name, value) in [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Accept-Ranges", "bytes"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Disposition", "inline"),
    ] {
        assert_eq!(whole.field(name), Some(value));
    }
    let etag = whole.field("ETag").unwrap();
    let date = whole.field("Last-Modified").unwrap();
    assert!(etag.starts_with('"'), "{etag} is strong");
    let table: [(&[(&str, &str)], u16, &[u8], Option<&str>); 12] = [
        (&[("Range", "bytes=2-4")], 206, b"234", Some("bytes 2-4/10")),
        (&[("Range", "bytes=-3")], 206, b"789", Some("bytes 7-9/10")),
        (&[("Range", "bytes=8-")], 206, b"89", Some("bytes 8-9/10")),
        (
            &[("Range", "bytes=0-99")],
            206,
            b"0123456789",
            Some("bytes 0-9/10"),
        ),
        (&[("Range", "lines=1-2")], 200, b"0123456789", None),
        (&[("Range", "bytes=4-2")], 200, b"0123456789", None),
        (
            &[("Range", "bytes=2-4"), ("If-Range", etag)],
            206,
            b"234",
            Some("bytes 2-4/10"),
        ),
        (
            &[("Range", "bytes=2-4"), ("If-Range", "\"x\"")],
            200,
            b"0123456789",
            None,
        ),
        (&[("If-None-Match", etag)], 304, b"", None),
        (&[("If-Modified-Since", date)], 304, b"", None),
        (
            &[("If-None-Match", "\"x\""), ("If-Modified-Since", date)],
            200,
            b"0123456789",
            None,
        ),
        (&[("If-Match", etag)], 200, b"0123456789", None),
    ];
    for (fields, status, body, range) in table {
        let answer = server.ask("GET /files/a.txt", fields, b"");
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (status, body),
            "{fields:?}"
        );
        assert_eq!(answer.field("Content-Range"), range, "{fields:?}");
        assert_eq!(answer.field("ETag"), Some(etag), "{fields:?}");
    }
}

#[test]
fn a_file_is_refused_where_nothing_of_it_was_asked_for() {
    let server = Instance::start();
    server.write("a.txt", b"0123456789");
    let beyond = server.ask("GET /files/a.txt", &[("Range", "bytes=10-")], b"");
    assert_eq!((beyond.status, beyond.code().as_str()), (416, "bad_range"));
    assert_eq!(beyond.field("Content-Range"), Some("bytes */10"));
    let failed = server.ask("GET /files/a.txt", &[("If-Match", "\"x\"")], b"");
    assert_eq!(
        (failed.status, failed.code().as_str()),
        (412, "precondition_failed")
    );
}

#[test]
fn several_ranges_come_as_parts() {
    let server = Instance::start();
    let content: Vec<u8> = (0..=255).cycle().take(4096).collect();
    server.write("a.bin", &content);
    let answer = server.ask(
        "GET /files/a.bin",
        &[("Range", "bytes=0-9,1000-1009,-5")],
        b"",
    );
    assert_eq!(answer.status, 206);
    let kind = answer.field("Content-Type").unwrap();
    let boundary = kind
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let mut expected = Vec::new();
    for (from, to) in [(0, 9), (1000, 1009), (4091, 4095)] {
        if from > 0 {
            expected.extend_from_slice(b"\r\n");
        }
        let head = format!(
            "--{boundary}\r\nContent-Type: application/octet-stream\r\n\
             Content-Range: bytes {from}-{to}/4096\r\n\r\n"
        );
        expected.extend_from_slice(head.as_bytes());
        expected.extend_from_slice(&content[from..=to]);
    }
    expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    assert_eq!(answer.body, expected);
}

#[test]
fn documents_that_can_run_script_are_sandboxed() {
    let server = Instance::start();
    for (name, active) in [
        ("a.html", true),
        ("a.svg", true),
        ("a.xml", true),
        ("a.txt", false),
        ("a.pdf", false),
    ] {
        server.write(name, b"x");
        let policy = server.get(&format!("/files/{name}"));
        let policy = policy
            .field("Content-Security-Policy")
            .unwrap_or_default()
            .to_owned();
        assert_eq!(policy.starts_with("sandbox;"), active, "{name}: {policy}");
        assert!(!policy.contains("allow-scripts"), "{name}: {policy}");
        assert_eq!(
            policy.contains("frame-ancestors 'self'"),
            active,
            "{name}: {policy}"
        );
    }
}

#[test]
fn head_is_get_without_the_body() {
    let server = Instance::start();
    server.write("folder/a.txt", b"content");
    for target in [
        "/",
        "/web/app.js",
        "/api/list/",
        "/files/folder/a.txt",
        "/files/folder",
        "/health",
        "/download/folder/a.txt",
        "/files/none",
        "/api/status",
    ] {
        let get = server.get(target);
        let head = server.ask(&format!("HEAD {target}"), &[], b"");
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{target}");
        let names = |fields: &[(String, String)]| {
            fields
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&head.fields), names(&get.fields), "{target}");
        assert_eq!(
            head.field("Content-Length"),
            get.field("Content-Length"),
            "{target}"
        );
    }
}

#[test]
fn a_folder_leads_to_its_page_and_a_download_is_an_attachment() {
    let server = Instance::start();
    server.write("a b/\"ü\".txt", b"content");
    let folder = server.get("/files/a%20b/");
    assert_eq!(
        (folder.status, folder.field("Location")),
        (303, Some("/?dir=a%20b"))
    );
    assert_eq!(server.get("/files/").field("Location"), Some("/?dir="));
    let file = server.get("/download/a%20b/%22%C3%BC%22.txt");
    assert_eq!(file.body, b"content");
    let disposition = file.field("Content-Disposition").unwrap();
    assert!(
        disposition.starts_with("attachment; filename=\""),
        "{disposition}"
    );
    assert!(
        disposition.ends_with("; filename*=UTF-8''%22%C3%BC%22.txt"),
        "{disposition}"
    );
}

#[test]
fn routes_that_are_not_there_and_methods_that_they_lack() {
    let server = Instance::start();
    for target in [
        "/none",
        "/api",
        "/api/",
        "/api/none",
        "/filesystem",
        "/upload/x",
        "/events/x",
    ] {
        let answer = server.get(target);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{target}"
        );
    }
    for (line, allow) in [
        (
            "POST /files/a",
            "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, MOVE, COPY",
        ),
        ("GET /upload", "POST"),
        ("DELETE /", "GET, HEAD"),
        ("PUT /api/list/", "GET, HEAD"),
    ] {
        let answer = server.ask(line, &[], b"");
        assert_eq!(
            (answer.status, answer.field("Allow")),
            (405, Some(allow)),
            "{line}"
        );
        assert_eq!(answer.code(), "method_not_allowed");
    }
    let answer = server.ask("BREW /files/a", &[], b"");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (501, "not_implemented")
    );
    assert_eq!(server.get("/health").body, b"ok\n");
}
