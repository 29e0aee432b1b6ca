//! Moving and copying from one file system to another, and what is kept of it when the disk is full.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Binary, tree};

/// A share in memory with another file system below it, `other`, of so many bytes.
fn with_another_disk(bytes: u64, options: &str) -> (Binary, PathBuf) {
    let program = env!("CARGO_BIN_EXE_livedrop");
    let script = format!(
        "mount -t tmpfs -o size=4m none /mnt && mkdir /mnt/other && \
         mount -t tmpfs -o size={bytes} none /mnt/other && \
         exec {program} --quiet --listen 127.0.0.1:0 {options} /mnt"
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
    let server = Binary::spawn(command);
    let folder = Path::new("/proc")
        .join(server.pid().to_string())
        .join("root/mnt");
    (server, folder)
}

/// What lies in the share, without what is livedrop's own.
fn shown(folder: &Path) -> Vec<String> {
    let mut tree = tree(folder);
    tree.retain(|name| !name.starts_with(".livedrop"));
    tree
}

fn to(path: &'static str) -> [(&'static str, &'static str); 1] {
    [("Destination", path)]
}

#[test]
fn a_tree_moves_to_another_disk_and_back() {
    let (server, folder) = with_another_disk(1 << 20, "--undo-minutes 60");
    server.ask(
        "PUT /files/tree/sub/file",
        &[("X-OC-Mtime", "1000000000")],
        b"content",
    );
    server.ask("MKCOL /files/tree/empty", &[], b"");
    let mut stream = server.stream("/events");
    assert_eq!(stream.next().name, "ready");
    let answer = server.ask("MOVE /files/tree", &to("/files/other/tree"), b"");
    assert_eq!(answer.status, 201, "{}", answer.text());
    let told = stream.next_change();
    assert_eq!(told.name, "move");
    assert_eq!(
        (&told.data["from"], &told.data["path"]),
        (&"tree".into(), &"other/tree".into())
    );
    let there = [
        "other/",
        "other/tree/",
        "other/tree/empty/",
        "other/tree/sub/",
        "other/tree/sub/file",
    ];
    assert_eq!(shown(&folder), there);
    let file = server.ask("GET /files/other/tree/sub/file", &[], b"");
    assert_eq!(file.body, b"content");
    assert_eq!(
        file.field("Last-Modified"),
        Some("Sun, 09 Sep 2001 01:46:40 GMT")
    );
    assert_eq!(
        server
            .ask("MOVE /files/other/tree", &to("/files/tree"), b"")
            .status,
        201
    );
    assert_eq!(
        shown(&folder),
        [
            "other/",
            "tree/",
            "tree/empty/",
            "tree/sub/",
            "tree/sub/file"
        ]
    );
    // What is deleted on the other disk cannot be kept, since the trash is on this one.
    server.ask("PUT /files/other/x", &[], b"x");
    let answer = server.ask("DELETE /files/other/x", &[], b"");
    assert_eq!((answer.status, answer.field("Livedrop-Undo")), (204, None));
    assert_eq!(tree(&folder.join("other")), [""; 0]);
}

#[test]
fn what_does_not_fit_on_the_other_disk_stays_whole_where_it_was() {
    let (server, folder) = with_another_disk(256 << 10, "");
    for n in 0..4 {
        let line = format!("PUT /files/tree/{n}");
        assert_eq!(server.ask(&line, &[], &vec![n; 100_000]).status, 201);
    }
    server.ask("PUT /files/other/old", &[], b"old");
    for method in ["MOVE", "COPY"] {
        for target in ["/files/other/tree", "/files/other/old"] {
            let answer = server.ask(
                &format!("{method} /files/tree"),
                &[("Destination", target)],
                b"",
            );
            assert_eq!((answer.status, answer.code().as_str()), (507, "no_space"));
            let stands = [
                "other/",
                "other/old",
                "tree/",
                "tree/0",
                "tree/1",
                "tree/2",
                "tree/3",
            ];
            assert_eq!(tree(&folder), stands, "{method} {target}");
        }
    }
    assert_eq!(
        server
            .ask("COPY /files/tree/0", &to("/files/other/0"), b"")
            .status,
        201
    );
    assert_eq!(
        server.ask("GET /files/other/0", &[], b"").body,
        vec![0; 100_000]
    );
}

#[test]
fn what_was_deleted_gives_way_to_an_upload_the_oldest_first() {
    let (server, _folder) = with_another_disk(1 << 20, "--undo-minutes 60");
    let mut tokens = Vec::new();
    for n in 0..3 {
        let line = format!("/files/{n}");
        let body = vec![0; 1 << 20];
        assert_eq!(server.ask(&format!("PUT {line}"), &[], &body).status, 201);
        let gone = server.ask(&format!("DELETE {line}"), &[], b"");
        tokens.push(gone.field("Livedrop-Undo").unwrap().to_owned());
    }
    // Of four megabytes three are in the trash; an upload of two needs one of them.
    assert_eq!(
        server.ask("PUT /files/new", &[], &vec![1; 2 << 20]).status,
        201
    );
    let back = |token: &str| {
        server
            .ask(&format!("POST /api/undo/{token}"), &[], b"")
            .status
    };
    assert_eq!(back(&tokens[0]), 404, "the oldest gave way");
    assert_eq!(back(&tokens[2]), 200, "the newest did not");
    // And what cannot fit even so is refused.
    assert_eq!(
        server.ask("PUT /files/huge", &[], &vec![1; 4 << 20]).code(),
        "no_space"
    );
}
