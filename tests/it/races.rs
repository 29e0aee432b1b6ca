//! What somebody else does to the folder while an upload is on its way, and forms that are meant
//! to hurt: nothing is lost, nothing lands elsewhere, and the answer is true.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::harness::{Answer, Binary, Instance, PATIENCE, Wire, tree};

/// An upload of "12345" of which the last byte has yet to come: its hidden file is there.
fn begun(server: &Instance, name: &str) -> Wire {
    let mut wire = server.connect();
    wire.send(format!(
        "PUT /files/{name} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n1234"
    ));
    let deadline = std::time::Instant::now() + PATIENCE;
    while !server.tree().iter().any(|name| name.contains(".livedrop-")) {
        assert!(std::time::Instant::now() < deadline, "the upload has begun");
    }
    wire
}

fn finish(wire: &mut Wire) -> Answer {
    wire.send("5");
    wire.answer(false)
}

fn form(files: &[(&str, &str)]) -> Vec<u8> {
    let part = |(name, content): &(&str, &str)| {
        format!("--b\r\nContent-Disposition: form-data; filename=\"{name}\"\r\n\r\n{content}\r\n")
    };
    (files.iter().map(part).collect::<String>() + "--b--\r\n").into_bytes()
}

const FORM: [(&str, &str); 1] = [("Content-Type", "multipart/form-data; boundary=b")];

#[test]
fn a_folder_that_becomes_a_link_leads_nowhere_else() {
    let outside = tempfile::tempdir().unwrap();
    let server = Instance::start();
    server.write("a/old", b"old");
    let mut wire = begun(&server, "a/new");
    std::fs::rename(server.path("a"), server.path("b")).unwrap();
    symlink(outside.path(), server.path("a")).unwrap();
    // It is read as a path below the root, where nothing stands.
    assert_eq!(finish(&mut wire).status, 403);
    assert_eq!(tree(outside.path()), [""; 0]);
    assert_eq!(server.tree(), ["a", "b/", "b/old"]);
    // One that stays inside is followed, as it is for whoever reads.
    std::fs::remove_file(server.path("a")).unwrap();
    std::fs::create_dir(server.path("a")).unwrap();
    let mut wire = begun(&server, "a/new");
    std::fs::rename(server.path("a"), server.path("c")).unwrap();
    symlink("b", server.path("a")).unwrap();
    assert_eq!(finish(&mut wire).status, 201);
    assert_eq!(server.tree(), ["a", "b/", "b/new", "b/old", "c/"]);
}

#[test]
fn a_folder_that_is_moved_or_removed_meanwhile_is_made_again_or_told() {
    let server = Instance::start();
    server.write("a/old", b"old");
    let mut stream = server.stream("/events", &[]);
    let mut wire = begun(&server, "a/new");
    std::fs::rename(server.path("a"), server.path("b")).unwrap();
    assert_eq!(finish(&mut wire).status, 201);
    assert_eq!(server.tree(), ["a/", "a/new", "b/", "b/old"]);
    let mut told = std::iter::repeat_with(|| stream.next()).filter(|e| e.id.is_some());
    assert_eq!(told.find(|e| e.name == "folder").unwrap().data["path"], "a");
    assert_eq!(told.next().unwrap().data["path"], "a/new");
    // Removed with the hidden file in it: there is nothing left to publish.
    let mut wire = begun(&server, "b/new");
    std::fs::remove_dir_all(server.path("b")).unwrap();
    let answer = finish(&mut wire);
    assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"));
    assert_eq!(server.tree(), ["a/", "a/new"]);
}

#[test]
fn a_folder_that_comes_in_between_is_not_lost() {
    let server = Instance::start();
    let mut wire = begun(&server, "a");
    std::fs::create_dir(server.path("a")).unwrap();
    assert_eq!(finish(&mut wire).status, 409);
    let answer = server.ask("POST /upload", &FORM, &form(&[("a", "x")]));
    assert_eq!(answer.json()["files"][0]["path"], "a (2)");
    let answer = server.ask(
        "POST /upload?on_conflict=replace",
        &FORM,
        &form(&[("b", "x"), ("a", "y")]),
    );
    assert_eq!(answer.status, 409);
    assert_eq!(server.tree(), ["a (2)", "a/"]);
}

#[test]
fn two_forms_that_take_each_others_names_both_end() {
    let server = Instance::start();
    let address = server.address;
    std::thread::scope(|scope| {
        for (word, names) in [("one", ["x/a", "y/b", "a"]), ("two", ["a", "y/b", "x/a"])] {
            scope.spawn(move || {
                let files = names.map(|name| (name, word));
                let mut wire = Wire::connect(address);
                for _ in 0..30 {
                    let answer = wire.ask("POST /upload?on_conflict=replace", &FORM, &form(&files));
                    assert_eq!(answer.status, 201);
                }
            });
        }
    });
    assert_eq!(server.tree(), ["a", "x/", "x/a", "y/", "y/b"]);
    let one = server.read("a");
    assert!(
        one == server.read("x/a") && one == server.read("y/b"),
        "all of one form"
    );
}

#[test]
fn a_form_may_hold_more_folders_than_the_server_has_descriptors() {
    const FILES: usize = 2_000;
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    let script = "ulimit -n 256; exec \"$0\" --quiet --listen 127.0.0.1:0 \"$1\"";
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_livedrop")])
        .arg(folder.path());
    let server = Binary::spawn(command);
    let names: Vec<String> = (0..FILES).map(|i| format!("{i}/f")).collect();
    // Half of the folders stand already.
    for i in 0..FILES / 2 {
        std::fs::create_dir(folder.path().join(i.to_string())).unwrap();
    }
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let answer = server.ask("POST /upload", &FORM, &form(&files));
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["files"].as_array().unwrap().len(), FILES);
    assert_eq!(tree(folder.path()).len(), 2 * FILES);
    assert!(
        server.memory_kib("VmHWM") < 16 << 10,
        "{}",
        server.memory_kib("VmHWM")
    );
}

#[test]
fn the_longest_names_are_numbered() {
    let server = Instance::start();
    for (name, second) in [
        ("n".repeat(255), format!("{} (2)", "n".repeat(251))),
        (
            format!("{}.jpg", "n".repeat(251)),
            format!("{} (2).jpg", "n".repeat(247)),
        ),
        (
            format!("n.{}", "x".repeat(253)),
            format!("n.{} (2)", "x".repeat(249)),
        ),
    ] {
        for expected in [&name, &second] {
            let answer = server.ask("POST /upload", &FORM, &form(&[(&name, "x")]));
            assert_eq!(answer.json()["files"][0]["path"], expected.as_str());
        }
    }
}

#[test]
fn a_form_that_names_a_file_twice_leaves_its_last_or_what_stood_before() {
    let server = Instance::start();
    let twice = [("a", "one"), ("a", "two")];
    let replace = |files: &[(&str, &str)]| {
        server
            .ask("POST /upload?on_conflict=replace", &FORM, &form(files))
            .status
    };
    assert_eq!(replace(&twice), 201);
    assert_eq!(server.read("a"), b"two");
    server.write("a", b"old");
    assert_eq!(replace(&twice), 201);
    assert_eq!(server.read("a"), b"two");
    server.write("folder/x", b"x");
    assert_eq!(
        replace(&[("a", "three"), ("a", "four"), ("folder", "no")]),
        409
    );
    assert_eq!(server.read("a"), b"two");
    let answer = server.ask(
        "POST /upload?on_conflict=fail",
        &FORM,
        &form(&[("b", "1"), ("b", "2")]),
    );
    assert_eq!(answer.code(), "exists");
    assert_eq!(server.tree(), ["a", "folder/", "folder/x"]);
}

#[test]
fn a_form_may_reach_over_two_mounts_of_one_file_system() {
    let program = env!("CARGO_BIN_EXE_livedrop");
    let script = format!(
        "mount -t tmpfs none /mnt && mkdir /mnt/a /mnt/b && mount --bind /mnt/a /mnt/b && \
         exec {program} --quiet --listen 127.0.0.1:0 /mnt"
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
    let server = Binary::spawn(command);
    let files = form(&[("f", "x"), ("b/g", "y"), ("h", "z")]);
    let answer = server.ask("POST /upload", &FORM, &files);
    assert_eq!(answer.status, 201);
    assert_eq!(server.ask("GET /files/a/g", &[], b"").body, b"y");
}
