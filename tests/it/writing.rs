//! Writing: PUT, forms, DELETE, and what they leave alone.

use crate::harness::{Answer, Instance};

const FORM: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=b");

/// A form of parts: what stands in Content-Disposition behind `form-data`, and the content.
fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, content) in parts {
        let head = format!("--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    body
}

fn upload(server: &Instance, query: &str, parts: &[(&str, &[u8])]) -> Answer {
    server.ask(&format!("POST /upload{query}"), &[FORM], &form(parts))
}

#[test]
fn put_creates_with_201_and_replaces_with_204() {
    let server = Instance::start();
    let created = server.ask(
        "PUT /files/a/b/c.txt",
        &[("X-OC-Mtime", "1000000000")],
        b"one",
    );
    assert_eq!(created.status, 201);
    assert_eq!(
        server.get("/files/a/b/c.txt").field("ETag"),
        created.field("ETag")
    );
    assert_eq!(
        server.get("/files/a/b/c.txt").field("Last-Modified"),
        Some("Sun, 09 Sep 2001 01:46:40 GMT")
    );
    let date = ("Last-Modified", "Sat, 01 Jan 2000 00:00:00 GMT");
    assert_eq!(server.ask("PUT /files/dated", &[date], b"").status, 201);
    assert_eq!(
        server.get("/files/dated").field("Last-Modified"),
        Some(date.1)
    );
    server.ask("DELETE /files/dated", &[], b"");
    let replaced = server.ask("PUT /files/a/b/c.txt", &[], b"two");
    assert_eq!(replaced.status, 204);
    assert_ne!(replaced.field("ETag"), created.field("ETag"));
    assert_eq!(server.read("a/b/c.txt"), b"two");
    let empty = server.ask("PUT /files/empty", &[], b"");
    assert_eq!(empty.status, 201);
    assert_eq!(server.tree(), ["a/", "a/b/", "a/b/c.txt", "empty"]);
}

#[test]
fn put_holds_its_conditions() {
    let server = Instance::start();
    server.write("a.txt", b"old");
    let etag = server.get("/files/a.txt").field("ETag").unwrap().to_owned();
    let table: [(&str, &str, &str, u16); 7] = [
        ("a.txt", "If-None-Match", "*", 412),
        ("a.txt", "If-Match", "\"x\"", 412),
        ("a.txt", "If-Match", &etag[1..], 412),
        ("new.txt", "If-Match", "*", 412),
        ("new.txt", "If-None-Match", "*", 201),
        ("new.txt", "If-None-Match", "*", 412),
        ("a.txt", "If-Match", &etag, 204),
    ];
    for (name, field, value, status) in table {
        let before = server.tree();
        let answer = server.ask(&format!("PUT /files/{name}"), &[(field, value)], b"new");
        assert_eq!(answer.status, status, "{name} {field}: {value}");
        if status == 412 {
            assert_eq!(answer.code(), "precondition_failed");
            assert_eq!(server.tree(), before);
            assert_ne!(std::fs::read(server.path("a.txt")).unwrap(), b"new");
        }
    }
}

#[test]
fn puts_that_make_no_sense_are_refused_and_change_nothing() {
    let server = Instance::start();
    server.write("folder/inside", b"1");
    server.write("file", b"1");
    let before = server.tree();
    let table: [(&str, &[(&str, &str)], u16, &str); 8] = [
        ("/files/folder", &[], 409, "conflict"),
        ("/files/file/below", &[], 409, "conflict"),
        ("/files/new/", &[], 409, "conflict"),
        ("/files/", &[], 403, "forbidden"),
        (
            "/files/a",
            &[("Content-Range", "bytes 0-1/5")],
            400,
            "bad_request",
        ),
        (
            "/files/a",
            &[("X-OC-Mtime", "yesterday")],
            400,
            "bad_request",
        ),
        (
            "/files/a",
            &[("Last-Modified", "yesterday")],
            400,
            "bad_request",
        ),
        (
            "/files/a",
            &[("X-OC-Mtime", "99999999999999999999")],
            400,
            "bad_request",
        ),
    ];
    for (target, fields, status, code) in table {
        let answer = server.ask(&format!("PUT {target}"), fields, b"12");
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{target}"
        );
        assert_eq!(server.tree(), before, "{target}");
    }
    let mut wire = server.connect();
    wire.send("PUT /files/a HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(wire.answer(false).code(), "length_required");
    assert_eq!(server.tree(), before);
}

#[test]
fn files_over_the_limit_are_refused_at_the_byte() {
    let server = Instance::start_with(|limits| limits.upload_bytes_max = Some(10));
    assert_eq!(server.ask("PUT /files/max", &[], &[0; 10]).status, 201);
    let over = server.ask("PUT /files/over", &[], &[0; 11]);
    assert_eq!((over.status, over.code().as_str()), (413, "too_large"));
    assert_eq!(upload(&server, "", &[("filename=f", &[0; 10])]).status, 201);
    assert_eq!(upload(&server, "", &[("filename=g", &[0; 11])]).status, 413);
    let chunked = [("Transfer-Encoding", "chunked"), ("Content-Length", "")];
    let mut wire = server.connect();
    wire.send(format!(
        "PUT /files/c HTTP/1.1\r\nHost: x\r\n{}: {}\r\n\r\n",
        chunked[0].0, chunked[0].1
    ));
    wire.send("b\r\n01234567890\r\n0\r\n\r\n");
    assert_eq!(wire.answer(false).status, 413);
    assert_eq!(server.tree(), ["f", "max"]);
}

#[test]
fn a_form_brings_any_number_of_files_with_folders_and_times() {
    let server = Instance::start();
    let answer = upload(
        &server,
        "?dir=in%20here",
        &[
            ("name=\"file\"; filename=\"a.txt\"", b"A"),
            ("name=\"modified\"", b"1000000000000"),
            ("name=\"file\"; filename=\"deep/er/b.txt\"", b"BB"),
            ("name=\"file\"; filename=\"\"", b""),
            ("name=\"note\"", b"is no file"),
            (
                "filename*=UTF-8''%E2%82%AC.txt; name=\"file\"; filename=\"x\"",
                b"",
            ),
        ],
    );
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.json()["files"],
        serde_json::json!([
            {"path": "in here/a.txt", "size": 1},
            {"path": "in here/deep/er/b.txt", "size": 2},
            {"path": "in here/€.txt", "size": 0},
        ])
    );
    let dated = server.get("/files/in%20here/deep/er/b.txt");
    assert_eq!(
        dated.field("Last-Modified"),
        Some("Sun, 09 Sep 2001 01:46:40 GMT")
    );
    let undated = server.get("/files/in%20here/a.txt");
    assert_ne!(undated.field("Last-Modified"), dated.field("Last-Modified"));
    assert_eq!(
        upload(&server, "", &[]).json()["files"],
        serde_json::json!([])
    );
}

#[test]
fn conflicts_end_as_the_client_asked() {
    let server = Instance::start();
    server.write("photo.jpg", b"old");
    let part: [(&str, &[u8]); 1] = [("filename=\"photo.jpg\"", b"new")];
    let renamed = upload(&server, "", &part);
    assert_eq!(
        renamed.json()["files"][0],
        serde_json::json!({"path": "photo (2).jpg", "size": 3, "renamed_from": "photo.jpg"})
    );
    let third = upload(&server, "?on_conflict=rename", &part);
    assert_eq!(third.json()["files"][0]["path"], "photo (3).jpg");
    let failed = upload(&server, "?on_conflict=fail", &part);
    assert_eq!((failed.status, failed.code().as_str()), (409, "exists"));
    assert_eq!(server.read("photo.jpg"), b"old");
    let replaced = upload(&server, "?on_conflict=replace", &part);
    assert_eq!(replaced.status, 201);
    assert_eq!(server.read("photo.jpg"), b"new");
    assert_eq!(
        upload(&server, "?on_conflict=maybe", &part).code(),
        "bad_request"
    );
    assert_eq!(
        server.tree(),
        ["photo (2).jpg", "photo (3).jpg", "photo.jpg"]
    );
}

#[test]
fn a_form_is_published_whole_or_not_at_all() {
    let server = Instance::start();
    server.write("b", b"old");
    server.write("folder/x", b"1");
    let before = server.tree();
    let first: (&str, &[u8]) = ("filename=\"new/a\"", b"1");
    let cases: [(&str, &[(&str, &[u8])], &str); 4] = [
        (
            "?on_conflict=fail",
            &[first, ("filename=\"b\"", b"2")],
            "exists",
        ),
        (
            "?on_conflict=replace",
            &[first, ("filename=b", b"2"), ("filename=folder", b"")],
            "conflict",
        ),
        ("", &[first, ("filename=\"../b\"", b"2")], "bad_name"),
        ("", &[first, ("filename=\"b/below\"", b"2")], "conflict"),
    ];
    for (query, parts, code) in cases {
        assert_eq!(upload(&server, query, parts).code(), code, "{query}");
        assert_eq!(server.tree(), before, "{query} {code}");
        assert_eq!(server.read("b"), b"old");
    }
    let mut cut = form(&[first]);
    cut.truncate(cut.len() - 4);
    let answer = server.ask("POST /upload", &[FORM], &cut);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "bad_request")
    );
    assert_eq!(server.tree(), before);
}

#[test]
fn a_plain_form_gets_its_folder_back() {
    let server = Instance::start();
    let fields = [
        FORM,
        ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ];
    let answer = server.ask(
        "POST /upload?dir=a",
        &fields,
        &form(&[("filename=b", b"1")]),
    );
    assert_eq!(
        (answer.status, answer.field("Location")),
        (303, Some("/?dir=a"))
    );
    let other = server.ask("POST /upload", &[("Content-Type", "text/plain")], b"x");
    assert_eq!(
        (other.status, other.code().as_str()),
        (415, "unsupported_type")
    );
}

#[test]
fn fifty_uploads_of_one_name_all_stay() {
    let server = Instance::start();
    std::thread::scope(|scope| {
        for i in 0..50 {
            let server = &server;
            scope.spawn(move || {
                let content = format!("content {i}");
                let part = [("filename=\"image.jpg\"", content.as_bytes())];
                assert_eq!(upload(server, "", &part).status, 201);
            });
        }
    });
    let mut contents: Vec<_> = server.tree().iter().map(|name| server.read(name)).collect();
    contents.sort();
    contents.dedup();
    assert_eq!(contents.len(), 50);
}

#[test]
fn delete_takes_files_trees_and_links_but_not_what_links_point_to() {
    let server = Instance::start();
    server.write("file", b"1");
    server.write("tree/deep/x", b"1");
    server.write("kept/y", b"1");
    std::os::unix::fs::symlink("kept", server.path("link")).unwrap();
    for target in ["/files/file", "/files/tree/", "/files/link"] {
        assert_eq!(
            server.ask(&format!("DELETE {target}"), &[], b"").status,
            204,
            "{target}"
        );
        assert_eq!(
            server.ask(&format!("DELETE {target}"), &[], b"").code(),
            "not_found"
        );
    }
    assert_eq!(server.tree(), ["kept/", "kept/y"]);
    assert_eq!(server.ask("DELETE /files/", &[], b"").code(), "forbidden");
    let guarded = server.ask("DELETE /files/kept/y", &[("If-Match", "\"x\"")], b"");
    assert_eq!(guarded.code(), "precondition_failed");
    let absent = server.ask("DELETE /files/kept/y", &[("If-None-Match", "*")], b"");
    assert_eq!(absent.code(), "precondition_failed");
    assert_eq!(server.tree(), ["kept/", "kept/y"]);
}
