//! Searching, and what is neither file nor folder.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::harness::Instance;

#[test]
fn what_is_neither_file_nor_folder_hangs_nothing() {
    let server = Instance::start();
    let made = std::process::Command::new("mkfifo")
        .arg(server.path("fifo"))
        .status();
    assert!(made.unwrap().success());
    let to = [("Destination", "/files/new")];
    assert_eq!(server.ask("COPY /files/fifo", &to, b"").status, 403);
    assert_eq!(server.ask("MOVE /files/fifo", &to, b"").status, 201);
    assert_eq!(server.ask("DELETE /files/new", &[], b"").status, 204);
    assert_eq!(server.tree(), [""; 0]);
}

#[test]
fn methods_that_nobody_has_are_not_implemented_and_options_says_which_there_are() {
    let server = Instance::start();
    server.write("file", b"");
    let answer = server.ask("PROPFIND /files/file", &[], b"");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (501, "not_implemented")
    );
    assert_eq!(server.ask("MOVE /api/status", &[], b"").status, 405);
    let answer = server.ask("OPTIONS /files/file", &[], b"");
    assert_eq!(answer.status, 204);
    assert_eq!(
        answer.field("Allow"),
        Some("OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, MOVE, COPY")
    );
}

#[test]
fn a_search_finds_names_that_hold_all_the_words_in_any_case() {
    let server = Instance::start();
    for name in [
        "a/Holiday Photo.JPG",
        "a/b/photo of a HOLIDAY",
        "photo",
        "a/ÄRGER",
        "a/Straße",
        "a/ΟΔΟΣ",
        ".livedrop-x",
    ] {
        server.write(name, b"123");
    }
    symlink("a", server.path("photo-link")).unwrap();
    let found = |query: &str| {
        let answer = server.get(&format!("/api/search?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        let answer = answer.json();
        assert_eq!(answer["truncated"], false);
        let entries = answer["entries"].as_array().unwrap().iter();
        let path = |row: &Value| row["path"].as_str().unwrap().to_owned();
        let mut paths: Vec<_> = entries.map(path).collect();
        paths.sort();
        paths
    };
    assert_eq!(
        found("q=holiday+photo"),
        ["a/Holiday Photo.JPG", "a/b/photo of a HOLIDAY"]
    );
    assert_eq!(
        found("q=PHOTO"),
        [
            "a/Holiday Photo.JPG",
            "a/b/photo of a HOLIDAY",
            "photo",
            "photo-link"
        ]
    );
    assert_eq!(found("q=photo&dir=a%2Fb"), ["a/b/photo of a HOLIDAY"]);
    assert_eq!(found("q=%C3%A4rger"), ["a/ÄRGER"]);
    assert_eq!(found("q=STRASSE"), ["a/Straße"]);
    // Small, with the sigma of a word's end.
    assert_eq!(found("q=%CE%BF%CE%B4%CE%BF%CF%82"), ["a/ΟΔΟΣ"]);
    assert_eq!(found("q=livedrop"), [""; 0]);
    let row = server.get("/api/search?q=jpg").json()["entries"][0].clone();
    assert_eq!(
        (&row["name"], &row["kind"], &row["size"]),
        (&"Holiday Photo.JPG".into(), &"file".into(), &3.into())
    );
    assert!(row["modified"].is_i64());
    assert_eq!(server.get("/api/search?q=").status, 400);
    assert_eq!(server.get("/api/search").status, 400);
    assert_eq!(server.get("/api/search?q=x&dir=none").status, 404);
    assert_eq!(server.get("/api/search?q=x&dir=..").status, 400);
    for n in 0..1_001 {
        server.write(&format!("many/{n}"), b"");
    }
    let many = server.get("/api/search?q=+&dir=many");
    assert_eq!(many.status, 400);
    for n in 0..1_001 {
        fs::rename(
            server.path(&format!("many/{n}")),
            server.path(&format!("many/x{n}")),
        )
        .unwrap();
    }
    let many = server.get("/api/search?q=x&dir=many").json();
    assert_eq!(many["entries"].as_array().unwrap().len(), 1_000);
    assert_eq!(many["truncated"], true);
}
