//! Listings: what they show, when they are not sent again, how they are streamed.

use std::os::unix::ffi::OsStrExt;

use crate::harness::Instance;

#[test]
fn a_listing_shows_kinds_sizes_and_times() {
    let server = Instance::start();
    server.write("file.txt", b"12345");
    server.write("folder/inside.txt", b"");
    std::os::unix::fs::symlink("file.txt", server.path("good")).unwrap();
    std::os::unix::fs::symlink("nowhere", server.path("dangling")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", server.path("outside")).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_234_567_890_123);
    let file = std::fs::File::options()
        .write(true)
        .open(server.path("file.txt"))
        .unwrap();
    file.set_modified(time).unwrap();
    let list = server.get("/api/list/").json();
    assert_eq!(list["path"], "");
    assert!(list["free_bytes"].as_u64().unwrap() > 0);
    let row = |name: &str| {
        let rows = list["entries"].as_array().unwrap();
        rows.iter()
            .find(|row| row["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {list}"))
            .clone()
    };
    assert_eq!(row("file.txt")["kind"], "file");
    assert_eq!(row("file.txt")["size"], 5);
    assert_eq!(row("file.txt")["modified"], 1_234_567_890_123_u64);
    assert_eq!(row("folder")["kind"], "folder");
    assert_eq!(
        (row("good")["kind"].clone(), row("good")["size"].clone()),
        ("file".into(), 5.into())
    );
    assert_eq!(row("dangling")["kind"], "link");
    assert_eq!(row("outside")["kind"], "link");
    assert_eq!(
        server.get("/api/list/folder/").json()["entries"][0]["name"],
        "inside.txt"
    );
    assert_eq!(server.get("/api/list/none").code(), "not_found");
    assert_eq!(server.get("/api/list/file.txt").code(), "conflict");
}

#[test]
fn an_unchanged_listing_is_a_304_that_tells_the_newest_id() {
    let server = Instance::start();
    server.ask("PUT /files/a", &[], b"1");
    let list = server.get("/api/list/");
    let etag = list.field("ETag").unwrap().to_owned();
    server.ask("PUT /files/elsewhere/b", &[], b"1");
    server.ask("DELETE /files/elsewhere", &[], b"");
    let again = server.ask("GET /api/list/", &[("If-None-Match", &etag)], b"");
    assert_eq!(again.status, 304);
    assert!(again.field("Livedrop-Event").unwrap() > list.field("Livedrop-Event").unwrap());
    assert!(again.field("Livedrop-Free").is_some());
    server.ask("PUT /files/a", &[], b"2");
    assert_eq!(
        server
            .ask("GET /api/list/", &[("If-None-Match", &etag)], b"")
            .status,
        200
    );
}

#[test]
fn a_huge_listing_is_streamed_whole() {
    let server = Instance::start();
    for i in 0..10_001 {
        std::fs::File::create(server.path(&format!("file {i}"))).unwrap();
    }
    let list = server.get("/api/list/");
    assert_eq!(list.field("Transfer-Encoding"), Some("chunked"));
    assert_eq!(list.field("ETag"), None);
    assert_eq!(list.json()["entries"].as_array().unwrap().len(), 10_001);
    std::fs::remove_file(server.path("file 0")).unwrap();
    let list = server.get("/api/list/");
    assert!(list.field("ETag").is_some());
    assert_eq!(list.json()["entries"].as_array().unwrap().len(), 10_000);
}

#[test]
fn names_that_are_not_utf8_are_shown_lossily_with_an_exact_address() {
    let server = Instance::start();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
    std::fs::write(server.folder().join(name), b"latin").unwrap();
    let row = server.get("/api/list/").json()["entries"][0].clone();
    assert_eq!(row["name"], "caf\u{fffd}.txt");
    assert_eq!(row["href"], "caf%E9.txt");
    assert_eq!(server.get("/files/caf%E9.txt").body, b"latin");
    assert_eq!(server.ask("DELETE /files/caf%E9.txt", &[], b"").status, 204);
    assert_eq!(server.tree(), [""; 0]);
}
