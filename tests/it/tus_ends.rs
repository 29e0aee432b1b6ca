//! How uploads in pieces end: given up, published under the name that is free, or kept because they
//! cannot be published now.

use crate::harness::Instance;
use crate::tus::{TUS, begin, offset, send};

#[test]
fn an_upload_that_was_given_up_is_gone() {
    let server = Instance::start();
    let mut wire = server.connect();
    let path = begin(&mut wire, 3, &[]);
    assert_eq!(send(&mut wire, &path, 0, b"ab").status, 204);
    assert_eq!(wire.ask(&format!("DELETE {path}"), &[TUS], b"").status, 204);
    for method in ["HEAD", "DELETE"] {
        assert_eq!(
            wire.ask(&format!("{method} {path}"), &[TUS], b"").status,
            410,
            "{method}"
        );
    }
    assert_eq!(send(&mut server.connect(), &path, 2, b"c").status, 410);
    let unknown = "/uploads/00000000000000000000000000000000";
    assert_eq!(
        wire.ask(&format!("HEAD {unknown}"), &[TUS], b"").status,
        404
    );
    for path in [
        "/uploads/..",
        "/uploads/%2e%2e",
        "/uploads/a/b",
        "/uploads/A",
    ] {
        assert_eq!(
            server.ask(&format!("HEAD {path}"), &[TUS], b"").status,
            404,
            "{path}"
        );
    }
    let left = std::fs::read_dir(server.path(".livedrop/uploads")).unwrap();
    assert_eq!(left.count(), 0);
}

#[test]
fn each_conflict_is_solved_as_was_asked() {
    let server = Instance::start();
    server.write("a.txt", b"old");
    let mut wire = server.connect();
    for (word, status, path) in [
        ("rename", 204, Some("a%20%282%29.txt")),
        ("replace", 204, Some("a.txt")),
        ("fail", 409, None),
    ] {
        let pairs = [("filename", "a.txt"), ("on_conflict", word)];
        let upload = begin(&mut wire, 3, &pairs);
        let answer = send(&mut wire, &upload, 0, &word.as_bytes()[..3]);
        assert_eq!(
            (answer.status, answer.field("Livedrop-Path")),
            (status, path),
            "{word}"
        );
        if status == 409 {
            // The bytes are kept, and it can be tried again when the name is free.
            assert_eq!(offset(&mut wire, &upload), 3);
            std::fs::remove_file(server.path("a.txt")).unwrap();
            assert_eq!(send(&mut wire, &upload, 3, b"").status, 204);
        }
    }
    assert_eq!(
        (server.read("a.txt"), server.read("a (2).txt")),
        (b"fai".to_vec(), b"ren".to_vec())
    );
}

#[test]
fn where_a_file_stands_in_the_way_the_bytes_are_kept() {
    let server = Instance::start();
    let mut wire = server.connect();
    let upload = begin(&mut wire, 3, &[("filename", "f"), ("dir", "d/e")]);
    server.write("d", b"in the way");
    assert_eq!(send(&mut wire, &upload, 0, b"abc").status, 409);
    assert_eq!(offset(&mut wire, &upload), 3);
    std::fs::remove_file(server.path("d")).unwrap();
    assert_eq!(send(&mut wire, &upload, 3, b"").status, 204);
    assert_eq!(server.read("d/e/f"), b"abc");
}

#[test]
fn nobody_reaches_what_is_kept_of_an_upload() {
    let server = Instance::start();
    let mut wire = server.connect();
    let upload = begin(&mut wire, 3, &[("filename", "f")]);
    let id = upload.strip_prefix("/uploads/").unwrap();
    std::os::unix::fs::symlink(".livedrop/uploads", server.path("link")).unwrap();
    std::os::unix::fs::symlink(server.path(".livedrop/uploads"), server.path("absolute")).unwrap();
    for path in [
        format!(".livedrop/uploads/{id}"),
        format!("link/{id}"),
        format!("absolute/{id}"),
        "link".into(),
        "absolute".into(),
    ] {
        assert_eq!(server.get(&format!("/files/{path}")).status, 404, "{path}");
        assert_eq!(
            server.get(&format!("/api/list/{path}")).status,
            404,
            "{path}"
        );
        assert_ne!(
            server
                .ask(&format!("PUT /files/{path}/x"), &[], b"1")
                .status,
            201,
            "{path}"
        );
    }
    assert_eq!(offset(&mut wire, &upload), 0);
}
