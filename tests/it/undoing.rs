//! What a delete or a replace takes away comes back, to its place or beside it, until its time is
//! over; and nothing is lost or doubled, whoever does what at once.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Answer, Binary, Instance, PATIENCE, tree};

fn start() -> Instance {
    Instance::start_with(|limits| limits.undo_s = 3600)
}

/// What lies in the share, without what is livedrop's own.
fn shown(server: &Instance) -> Vec<String> {
    let mut tree = server.tree();
    tree.retain(|name| !name.starts_with(".livedrop"));
    tree
}

fn token(answer: &Answer) -> String {
    answer
        .field("Livedrop-Undo")
        .expect("it can be undone")
        .to_owned()
}

fn undo(server: &Instance, token: &str) -> Answer {
    server.ask(&format!("POST /api/undo/{token}"), &[], b"")
}

#[test]
fn what_was_deleted_comes_back_to_its_place() {
    let server = start();
    server.write("a/b/file", b"content");
    let mut stream = server.stream("/events", &[]);
    stream.next();
    for target in ["a/b/file", "a/b", "a"] {
        let answer = server.ask(&format!("DELETE /files/{target}"), &[], b"");
        assert_eq!(answer.status, 204);
        let gone = stream.next_change();
        assert_eq!(gone.data["undo"], token(&answer));
        assert_eq!(server.get(&format!("/files/{target}")).status, 404);
        let back = undo(&server, &token(&answer));
        assert_eq!((back.status, back.json()), (200, json!({"path": target})));
        assert_eq!(shown(&server), ["a/", "a/b/", "a/b/file"]);
        let told = stream.next_change();
        let word = if target == "a/b/file" {
            "upload"
        } else {
            "folder"
        };
        assert_eq!(
            (told.name.as_str(), &told.data["path"]),
            (word, &target.into())
        );
        assert_eq!(undo(&server, &token(&answer)).status, 404, "once");
    }
    assert_eq!(server.read("a/b/file"), b"content");
    assert_eq!(
        fs::read_dir(server.path(".livedrop/trash"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn what_was_replaced_changes_places_with_what_replaced_it() {
    let server = start();
    server.write("file", b"first");
    let answer = server.ask("PUT /files/file", &[], b"second");
    assert_eq!(answer.status, 204);
    let mut stream = server.stream("/events", &[]);
    stream.next();
    let back = undo(&server, &token(&answer));
    assert_eq!(back.json(), json!({"path": "file"}));
    assert_eq!(server.read("file"), b"first");
    let told = stream.next_change();
    assert_eq!(
        (told.name.as_str(), &told.data["size"]),
        ("update", &5.into())
    );
    assert_eq!(told.data["undo"], token(&back));
    // And back again.
    assert_eq!(undo(&server, &token(&back)).status, 200);
    assert_eq!(server.read("file"), b"second");
    assert_eq!(shown(&server), ["file"]);
}

#[test]
fn a_file_that_a_folder_took_the_place_of_is_told_to_take_its_place() {
    let server = start();
    server.write("file", b"first");
    fs::create_dir(server.path("folder")).unwrap();
    let destination = [("Destination", "/files/file")];
    let copied = server.ask("COPY /files/folder", &destination, b"");
    assert_eq!(copied.status, 204);
    let mut stream = server.stream("/events", &[]);
    stream.next();
    assert_eq!(undo(&server, &token(&copied)).status, 200);
    let gone = stream.next_change();
    assert_eq!(
        (gone.name.as_str(), &gone.data["kind"]),
        ("delete", &"folder".into())
    );
    let back = stream.next_change();
    assert_eq!(
        (back.name.as_str(), &back.data["size"]),
        ("upload", &5.into())
    );
}

#[test]
fn what_finds_its_place_taken_or_changed_comes_back_beside_it() {
    let server = start();
    server.write("x.txt", b"first");
    let replaced = token(&server.ask("PUT /files/x.txt", &[], b"second"));
    server.write("x.txt", b"third, from outside");
    assert_eq!(
        undo(&server, &replaced).json(),
        json!({"path": "x (2).txt"})
    );
    let deleted = token(&server.ask("DELETE /files/x.txt", &[], b""));
    server.write("x.txt", b"fourth");
    assert_eq!(undo(&server, &deleted).json(), json!({"path": "x (3).txt"}));
    assert_eq!(server.read("x.txt"), b"fourth");
    assert_eq!(server.read("x (2).txt"), b"first");
    assert_eq!(server.read("x (3).txt"), b"third, from outside");
    // Where its folder has gone, that is made again.
    server.write("a/b/c", b"deep");
    let deleted = token(&server.ask("DELETE /files/a/b/c", &[], b""));
    fs::remove_dir_all(server.path("a")).unwrap();
    assert_eq!(undo(&server, &deleted).json(), json!({"path": "a/b/c"}));
    assert_eq!(server.read("a/b/c"), b"deep");
}

#[test]
fn each_way_to_replace_can_be_undone() {
    let server = start();
    let form = "--b\r\nContent-Disposition: form-data; filename=\"f\"\r\n\r\nnew\r\n--b--\r\n";
    let fields = [("Content-Type", "multipart/form-data; boundary=b")];
    let old = |server: &Instance| {
        server.write("f", b"old");
        server.write("g", b"other");
    };
    old(&server);
    let answer = server.ask("POST /upload?on_conflict=replace", &fields, form.as_bytes());
    let row = &answer.json()["files"][0];
    assert_eq!(undo(&server, row["undo"].as_str().unwrap()).status, 200);
    assert_eq!(server.read("f"), b"old");
    for method in ["MOVE", "COPY"] {
        old(&server);
        let to = [("Destination", "/files/f")];
        let answer = server.ask(&format!("{method} /files/g"), &to, b"");
        assert_eq!(answer.status, 204);
        assert_eq!(server.read("f"), b"other");
        assert_eq!(undo(&server, &token(&answer)).status, 200);
        assert_eq!(server.read("f"), b"old");
    }
    // A folder in the place of a file, and the other way round.
    server.write("tree/leaf", b"leaf");
    let answer = server.ask("MOVE /files/tree", &[("Destination", "/files/f")], b"");
    assert_eq!(server.read("f/leaf"), b"leaf");
    let back = undo(&server, &token(&answer));
    assert_eq!(server.read("f"), b"old");
    assert_eq!(undo(&server, &token(&back)).status, 200);
    assert_eq!(server.read("f/leaf"), b"leaf");
}

#[test]
fn tokens_that_nobody_gave_are_not_found() {
    let server = start();
    server.write("f", b"");
    let real = token(&server.ask("DELETE /files/f", &[], b""));
    let near = format!(
        "{}{}",
        &real[..31],
        if real.ends_with('0') { '1' } else { '0' }
    );
    for token in [
        &near,
        "",
        "x",
        "..%2Fx",
        &format!("{real}.record"),
        &real.to_uppercase(),
    ] {
        assert_eq!(undo(&server, token).status, 404, "{token}");
    }
    assert_eq!(server.get(&format!("/api/undo/{real}")).status, 405);
    assert_eq!(
        server.get(&format!("/files/.livedrop/trash/{real}")).status,
        404
    );
    assert_eq!(undo(&server, &real).status, 200);
}

#[test]
fn with_undo_off_what_is_deleted_is_gone() {
    let server = Instance::start();
    server.write("a/b", b"");
    let answer = server.ask("DELETE /files/a", &[], b"");
    assert_eq!(answer.field("Livedrop-Undo"), None);
    server.ask("PUT /files/f", &[], b"1");
    assert_eq!(
        server.ask("PUT /files/f", &[], b"2").field("Livedrop-Undo"),
        None
    );
    assert_eq!(server.tree(), ["f"]);
}

#[test]
fn the_trash_outlives_a_kill_and_is_emptied_when_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), b"content").unwrap();
    fs::write(folder.path().join("g"), b"").unwrap();
    let server = Binary::start(folder.path(), &["--undo-minutes", "60"]);
    let kept = token(&server.ask("DELETE /files/f", &[], b""));
    server.kill();
    let trash = folder.path().join(".livedrop/trash");
    // What a kill between the two steps leaves: a record without its thing.
    fs::write(trash.join(format!("{}.record", "0".repeat(32))), b"").unwrap();
    let server = Binary::start(folder.path(), &["--undo-minutes", "60"]);
    let back = server.ask(&format!("POST /api/undo/{kept}"), &[], b"");
    assert_eq!(back.status, 200);
    assert_eq!(fs::read(folder.path().join("f")).unwrap(), b"content");
    let gone = token(&server.ask("DELETE /files/g", &[], b""));
    server.kill();
    let server = Binary::start(folder.path(), &["--undo-minutes", "0"]);
    let deadline = Instant::now() + PATIENCE;
    while fs::read_dir(&trash).unwrap().count() > 0 {
        assert!(Instant::now() < deadline, "{:?}", tree(folder.path()));
    }
    assert_eq!(
        server
            .ask(&format!("POST /api/undo/{gone}"), &[], b"")
            .status,
        404
    );
}

#[test]
fn twenty_at_once_lose_nothing_and_double_nothing() {
    const NAMES: usize = 50;
    const TIME: Duration = Duration::from_secs(20);
    let server = start();
    for n in 0..NAMES {
        server.write(&format!("n{n}"), n.to_string().as_bytes());
    }
    // Every content ever put, and the tokens that nobody has used.
    let contents = Mutex::new((0..NAMES).map(|n| n.to_string()).collect::<Vec<_>>());
    let tokens = Mutex::new(Vec::<String>::new());
    let end = Instant::now() + TIME;
    std::thread::scope(|scope| {
        for thread in 0..20 {
            let (server, contents, tokens) = (&server, &contents, &tokens);
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(thread);
                let mut wire = server.connect();
                let mut count = 0;
                while Instant::now() < end {
                    let name = format!("n{}", random.usize(0..NAMES));
                    let other = format!("/files/n{}", random.usize(0..NAMES));
                    let answer = match random.u32(0..5) {
                        0 => wire.ask(&format!("DELETE /files/{name}"), &[], b""),
                        1 => {
                            count += 1;
                            let content = format!("{thread}-{count}");
                            contents.lock().unwrap().push(content.clone());
                            wire.ask(&format!("PUT /files/{name}"), &[], content.as_bytes())
                        }
                        2 => {
                            let token = {
                                let mut tokens = tokens.lock().unwrap();
                                let at = random.usize(0..tokens.len().max(1));
                                (!tokens.is_empty()).then(|| tokens.swap_remove(at))
                            };
                            let Some(token) = token else { continue };
                            let answer = wire.ask(&format!("POST /api/undo/{token}"), &[], b"");
                            assert_eq!(answer.status, 200, "{}", answer.text());
                            answer
                        }
                        overwrite => {
                            let overwrite = if overwrite == 3 { "T" } else { "F" };
                            let fields = [("Destination", &*other), ("Overwrite", overwrite)];
                            wire.ask(&format!("MOVE /files/{name}"), &fields, b"")
                        }
                    };
                    assert!(answer.status < 500, "{}", answer.text());
                    if let Some(token) = answer.field("Livedrop-Undo") {
                        tokens.lock().unwrap().push(token.to_owned());
                    }
                }
            });
        }
    });
    check_contents(
        &server,
        contents.into_inner().unwrap(),
        tokens.into_inner().unwrap().len(),
    );
}

/// Each content lies in the share or in the trash, once, and what lies in the trash can be undone.
fn check_contents(server: &Instance, mut expected: Vec<String>, tokens: usize) {
    let mut found = BTreeMap::<String, usize>::new();
    let trash = server.path(".livedrop/trash");
    let kept = fs::read_dir(&trash).unwrap().map(|it| it.unwrap().path());
    let kept = kept.filter(|path| path.extension().is_none());
    let files = shown(server).into_iter().map(|name| server.path(&name));
    for path in files.chain(kept) {
        *found.entry(fs::read_to_string(&path).unwrap()).or_default() += 1;
    }
    expected.sort();
    let found: Vec<_> = found.into_iter().collect();
    assert!(found.iter().all(|(_, count)| *count == 1), "{found:?}");
    let found: Vec<String> = found.into_iter().map(|(content, _)| content).collect();
    assert_eq!(found, expected);
    assert_eq!(fs::read_dir(&trash).unwrap().count(), 2 * tokens);
}
