//! Folders as one file, read back by the programs that people have: unzip, bsdtar, 7z, Python.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::harness::{Instance, reader, tree};

/// 2001-09-09T01:46:40Z.
const MODIFIED_S: u64 = 1_000_000_000;

/// A share with everything that a name can be.
fn share() -> Instance {
    let server = Instance::start();
    for (name, content) in [
        ("f/plain.txt", &b"plain"[..]),
        ("f/two words/😀 \"q\" 'a'.txt", b"emoji"),
        ("f/new\nline", b"line"),
        ("f/empty file", b""),
        ("f/deep/er/still/x", b"deep"),
        ("f/-rf", b"dash"),
    ] {
        server.write(name, content);
    }
    server.write(&format!("f/{}/y", "long".repeat(60)), b"long");
    std::fs::write(bytes_path(&server, b"f/caf\xe9"), b"latin").unwrap();
    std::fs::create_dir(server.path("f/empty folder")).unwrap();
    let random: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
        .take(300_000)
        .collect();
    server.write("f/two words/random", &random);
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(MODIFIED_S);
    let file = std::fs::File::open(server.path("f/plain.txt")).unwrap();
    file.set_modified(time).unwrap();
    server
}

fn bytes_path(server: &Instance, name: &[u8]) -> std::path::PathBuf {
    server.folder().join(OsStr::from_bytes(name))
}

/// A folder beside the share, with an archive in it.
fn fetched(server: &Instance, target: &str) -> tempfile::TempDir {
    let answer = server.get(target);
    assert_eq!(answer.status, 200, "{target}: {:?}", answer.fields);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("archive"), answer.body).unwrap();
    std::fs::create_dir(folder.path().join("out")).unwrap();
    folder
}

/// Names and contents below two folders are the same.
fn assert_same(expected: &Path, found: &Path) {
    assert_eq!(tree(expected), tree(found));
    reader(Command::new("diff").arg("-r").args([expected, found]));
}

#[test]
fn every_reader_gets_back_what_is_in_the_folder() {
    let server = share();
    for (target, command) in [
        // Without -^ it leaves control characters out of names.
        ("/download/f", "unzip -q -^ ../archive"),
        ("/download/f/?format=zip", "bsdtar -xf ../archive"),
        ("/download/f", "cat ../archive | bsdtar -xf -"),
        ("/download/f?format=tar", "bsdtar -xf ../archive"),
        ("/download/f?format=tar", "tar -xf ../archive"),
        (
            "/download/f?format=tar",
            "python3 -c 'import tarfile; tarfile.open(\"../archive\").extractall()'",
        ),
    ] {
        let folder = fetched(&server, target);
        let out = folder.path().join("out");
        reader(Command::new("sh").args(["-c", command]).current_dir(&out));
        assert_same(&server.path("f"), &out);
        let plain = std::fs::metadata(out.join("plain.txt")).unwrap();
        let modified = plain.modified().unwrap();
        let age = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(age.as_secs(), MODIFIED_S, "{command}");
    }
}

#[test]
fn every_reader_finds_checksums_and_structure_in_order() {
    let server = share();
    let folder = fetched(&server, "/download/f");
    for command in [
        "unzip -t archive",
        "zipinfo archive",
        "bsdtar -tf archive",
        "7z t archive",
        "python3 -c 'import zipfile; assert zipfile.ZipFile(\"archive\").testzip() is None'",
    ] {
        reader(
            Command::new("sh")
                .args(["-c", command])
                .current_dir(folder.path()),
        );
    }
    let folder = fetched(&server, "/download/f?format=tar");
    for command in [
        "7z t -ttar archive",
        "bsdtar -tf archive",
        "tar -tf archive",
    ] {
        reader(
            Command::new("sh")
                .args(["-c", command])
                .current_dir(folder.path()),
        );
    }
}

#[test]
fn head_is_get_and_a_range_is_the_whole() {
    let server = share();
    for target in ["/download/f", "/download/f?format=tar", "/download/"] {
        let get = server.get(target);
        let head = server.ask(&format!("HEAD {target}"), &[], b"");
        let range = server.ask(&format!("GET {target}"), &[("Range", "bytes=5-9")], b"");
        let without_date = |answer: &crate::harness::Answer| {
            let mut fields = answer.fields.clone();
            fields.retain(|(name, _)| name != "Date");
            (answer.status, fields)
        };
        assert_eq!(without_date(&head), without_date(&get), "{target}");
        assert_eq!(without_date(&range), without_date(&get), "{target}");
        assert_eq!(range.body, get.body);
        assert_eq!(get.field("Accept-Ranges"), Some("none"));
    }
    // The connection goes on.
    let mut wire = server.connect();
    wire.ask("GET /download/f", &[], b"");
    assert_eq!(wire.ask("GET /health", &[], b"").body, b"ok\n");
}

#[test]
fn an_archive_is_named_for_its_folder() {
    let server = share();
    let share = server.folder().file_name().unwrap().to_str().unwrap();
    for (target, media_type, name) in [
        ("/download/f", "application/zip", "f.zip"),
        (
            "/download/f/two%20words/?format=zip",
            "application/zip",
            "two words.zip",
        ),
        ("/download/f?format=tar", "application/x-tar", "f.tar"),
        ("/download/", "application/zip", &format!("{share}.zip")),
        (
            "/download?format=tar",
            "application/x-tar",
            &format!("{share}.tar"),
        ),
    ] {
        let answer = server.ask(&format!("HEAD {target}"), &[], b"");
        let expected = format!("attachment; filename=\"{name}\"");
        assert_eq!(answer.field("Cache-Control"), Some("no-store"));
        assert_eq!(answer.field("Content-Disposition"), Some(&*expected));
        assert_eq!(answer.field("Content-Type"), Some(media_type), "{target}");
    }
    let refused = server.get("/download/f?format=rar");
    assert_eq!((refused.status, &*refused.code()), (400, "bad_request"));
}

/// The names in a zip, sorted.
fn listed(zip: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), zip).unwrap();
    let script = "import zipfile; print(*sorted(zipfile.ZipFile('a').namelist()), sep='\\n')";
    let said = reader(
        Command::new("python3")
            .args(["-c", script])
            .current_dir(folder.path()),
    );
    said.lines().map(str::to_owned).collect()
}

#[test]
fn links_are_what_they_point_to_and_lead_neither_out_nor_round() {
    let server = Instance::start();
    server.write("f/real/x", b"x");
    server.write("g/y", b"y");
    server.write(".livedrop/secret", b"");
    server.write("f/.livedrop-1234", b"");
    server.write("f/.livedrop", b"a name like any other here");
    for (target, link) in [
        ("../../../etc", "f/out folder"),
        ("../../../etc/passwd", "f/out file"),
        ("nowhere", "f/nowhere"),
        ("circle", "f/circle"),
        ("../g/y", "f/file"),
        ("../g", "f/folder"),
        ("/g", "f/absolute"),
        ("..", "f/up"),
        (".", "f/self"),
        ("../f", "g/back"),
    ] {
        symlink(target, server.path(link)).unwrap();
    }
    mknodat(CWD, server.path("f/fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(server.path("f/socket")).unwrap();
    let names = [
        ".livedrop",
        "absolute/",
        "absolute/y",
        "file",
        "folder/",
        "folder/y",
        "real/",
        "real/x",
    ];
    assert_eq!(listed(&server.get("/download/f").body), names);
    // From the root, and from a link to the root, what is livedrop's own stays hidden.
    let whole = listed(&server.get("/download/").body);
    assert!(
        whole.iter().all(|name| !name.starts_with(".livedrop")),
        "{whole:?}"
    );
    let through = listed(&server.get("/download/f/up").body);
    assert!(
        through.iter().all(|name| !name.starts_with(".livedrop")),
        "{through:?}"
    );
    assert!(through.contains(&"f/real/x".to_owned()));
}

#[test]
fn a_backslash_leads_nowhere_and_no_name_comes_twice() {
    let server = Instance::start();
    for name in [r"f/..\..\evil", r"f/a\b", "f/a＼b", "f/a_b"] {
        server.write(name, b"x");
    }
    let mut names = listed(&server.get("/download/f").body);
    names.sort();
    assert_eq!(names, ["..＼..＼evil", "a_b", "a‛＼b", "a＼b"]);
}

#[test]
fn a_tree_is_as_deep_and_as_wide_as_it_is() {
    let server = Instance::start();
    server.write(&format!("f/{}x", "d/".repeat(1000)), b"x");
    for i in 0..1000 {
        server.write(&format!("f/wide/{i}/x"), b"x");
    }
    let zip = fetched(&server, "/download/f");
    let tar = fetched(&server, "/download/f?format=tar");
    for (folder, command) in [
        (
            &zip,
            "unzip -tqq archive && bsdtar -tf archive | sort -u | wc -l",
        ),
        (&tar, "tar -tf archive | sort -u | wc -l"),
    ] {
        let said = reader(
            Command::new("sh")
                .args(["-c", command])
                .current_dir(folder.path()),
        );
        assert_eq!(said.trim(), "3002", "{command}");
    }
}

#[test]
fn a_selection_is_what_was_named_and_nothing_else() {
    let server = share();
    server.write("f/other", b"");
    let form = [(
        "Content-Type",
        "application/x-www-form-urlencoded; charset=UTF-8",
    )];
    let body = b"name=plain.txt&x=y&name=two+words&name=caf%E9&name=plain.txt&name=deep%2F";
    let answer = server.ask("POST /download/f", &form, body);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.field("Content-Disposition"),
        Some("attachment; filename=\"f.zip\"")
    );
    let names = [
        "caf\u{398}",
        "deep/",
        "deep/er/",
        "deep/er/still/",
        "deep/er/still/x",
        "plain.txt",
        "two words/",
        "two words/random",
        "two words/😀 \"q\" 'a'.txt",
    ];
    let mut found = listed(&answer.body);
    found.sort();
    assert_eq!(found, names);
    let tar = server.ask("POST /download/f?format=tar", &form, b"name=plain.txt");
    assert_eq!(tar.body.len(), 1024 + 1024);
    let root = server.ask("POST /download/", &form, b"name=f");
    assert!(listed(&root.body).contains(&"f/plain.txt".to_owned()));
}

#[test]
fn a_selection_is_refused_before_anything_is_sent() {
    let server = share();
    server.write("f/.livedrop-1", b"");
    symlink("../../../etc/passwd", server.path("f/out")).unwrap();
    mknodat(CWD, server.path("f/fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let form = "application/x-www-form-urlencoded";
    let most = [&b"name=plain.txt&"[..], &b"&".repeat((1 << 20) - 15)].concat();
    let over = [&most[..], b"&"].concat();
    for (target, kind, body, status, code) in [
        (
            "/download/f",
            form,
            &b"name=plain.txt&name=none"[..],
            404,
            "not_found",
        ),
        ("/download/none", form, b"name=x", 404, "not_found"),
        ("/download/f", form, b"name=.livedrop-1", 404, "not_found"),
        ("/download/f", form, b"name=deep/er", 400, "bad_name"),
        ("/download/f", form, b"name=../f", 400, "bad_name"),
        ("/download/f", form, b"name=..", 400, "bad_name"),
        ("/download/f", form, b"name=/", 400, "bad_name"),
        ("/download/f", form, b"name=", 400, "bad_name"),
        ("/download/f", form, b"name=%zz", 400, "bad_name"),
        ("/download/f", form, b"names=plain.txt", 400, "bad_request"),
        ("/download/f", form, b"", 400, "bad_request"),
        ("/download/f", form, b"name=out", 403, "forbidden"),
        ("/download/f", form, b"name=fifo", 403, "forbidden"),
        ("/download/f/plain.txt", form, b"name=x", 409, "conflict"),
        (
            "/download/f",
            "text/plain",
            b"name=plain.txt",
            415,
            "unsupported_type",
        ),
        ("/download/f", form, &over, 413, "too_large"),
    ] {
        let line = format!("POST {target}");
        let answer = server.ask(&line, &[("Content-Type", kind)], body);
        let case = String::from_utf8_lossy(&body[..body.len().min(40)]);
        assert_eq!(
            (answer.status, &*answer.code()),
            (status, code),
            "{target} {case}"
        );
    }
    let answer = server.ask("POST /download/f", &[("Content-Type", form)], &most);
    assert_eq!(answer.status, 200);
}
