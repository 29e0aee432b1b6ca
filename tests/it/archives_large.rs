//! Archives beyond what the first zip and tar could hold, and what they cost in memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Binary, Instance, Wire, reader, request};

/// Asks for an archive and stores the body, with holes where it holds zeros.
fn store(mut wire: Wire, target: &str, path: &Path) -> u64 {
    wire.send(request(&format!("GET {target}"), &[], b""));
    let length = wire.head_length();
    let mut file = File::create(path).unwrap();
    let (mut block, zeros) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut left = length;
    while left > 0 {
        let most = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let block = &mut block[..most];
        wire.read_exact(block);
        if *block == zeros[..most] {
            file.seek(SeekFrom::Current(i64::try_from(most).unwrap()))
                .unwrap();
        } else {
            file.write_all(block).unwrap();
        }
        left -= most as u64;
    }
    file.set_len(length).unwrap();
    length
}

#[test]
fn seventy_thousand_members_are_counted_in_zip64() {
    let server = Instance::start();
    std::fs::create_dir(server.path("f")).unwrap();
    for i in 0..69_999 {
        File::create(server.path(&format!("f/{i}"))).unwrap();
    }
    server.write("f/last", b"last");
    let answer = server.get("/download/f");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), answer.body).unwrap();
    for (command, said) in [
        ("unzip -tqq a && zipinfo -t a", "70000 files, 4 bytes"),
        ("bsdtar -tf a | sort -u | wc -l", "70000"),
        ("7z l a | tail -1", "70000 files"),
        (
            "python3 -c 'import zipfile; print(len(zipfile.ZipFile(\"a\").namelist()))'",
            "70000",
        ),
    ] {
        let found = reader(
            Command::new("sh")
                .args(["-c", command])
                .current_dir(folder.path()),
        );
        assert!(found.contains(said), "{command}: {found}");
    }
}

#[test]
fn a_zip_of_more_than_four_gigabytes_is_read_by_all() {
    let server = Instance::start();
    let size = (4 << 30) + 12_345;
    server.write("f/large", b"begins");
    let large = File::options().append(true).open(server.path("f/large"));
    large.unwrap().set_len(size).unwrap();
    // Its header lies beyond 4 GiB, since the files of a folder come before its folders.
    server.write("f/g/behind", b"behind");
    let folder = tempfile::tempdir().unwrap();
    let length = store(server.connect(), "/download/f", &folder.path().join("a"));
    assert!(length > size);
    for (command, said) in [
        // It checks the sum of all four gigabytes, as unzip does in ten times as long.
        ("7z t a", "Everything is Ok"),
        ("unzip -tq a g/behind", "No errors detected"),
        ("zipinfo a", "4294979641"),
        ("unzip -p a g/behind", "behind"),
        ("bsdtar -tvf a", "4294979641"),
        ("bsdtar -xOf a g/behind", "behind"),
        ("7z l a", "4294979641"),
        ("7z x -so a g/behind", "behind"),
        (
            "python3 -c 'import zipfile; z = zipfile.ZipFile(\"a\"); \
             print([(i.filename, i.file_size) for i in z.infolist()], z.read(\"g/behind\"))'",
            "[('large', 4294979641), ('g/', 0), ('g/behind', 6)] b'behind'",
        ),
    ] {
        let found = reader(
            Command::new("sh")
                .args(["-c", command])
                .current_dir(folder.path()),
        );
        assert!(found.contains(said), "{command}: {found}");
    }
}

#[test]
fn a_tar_holds_a_file_of_more_than_eight_gigabytes() {
    let server = Instance::start();
    let size: u64 = (8 << 30) + 5;
    server.write("f/large", b"begins");
    let large = File::options().append(true).open(server.path("f/large"));
    large.unwrap().set_len(size).unwrap();
    let head = server.ask("HEAD /download/f?format=tar", &[], b"");
    // Extended header and its records, header, content to the next block, the end.
    let length = 1024 + 512 + (size + 507) + 1024;
    assert_eq!(head.field("Content-Length"), Some(&*length.to_string()));
    let mut wire = server.connect();
    wire.send(request("GET /download/f?format=tar", &[], b""));
    assert_eq!(wire.head_length(), length);
    let mut first = [0; 4096];
    wire.read_exact(&mut first);
    let script = "import sys, tarfile; m = tarfile.open(fileobj=sys.stdin.buffer, mode='r|').next(); \
                  print(m.name, m.size)";
    let mut python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(&first).unwrap();
    let mut said = String::new();
    python
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    python.wait().unwrap();
    assert_eq!(said, "large 8589934597\n");
}

#[test]
fn memory_does_not_grow_with_what_a_folder_holds() {
    let folder = tempfile::tempdir().unwrap();
    let fill = |name: &str, count: usize| {
        for i in 0..count {
            let part = folder.path().join(name).join(format!("{:02}", i % 20));
            std::fs::create_dir_all(&part).unwrap();
            std::fs::write(part.join(format!("a name of some length {i}.txt")), b"x").unwrap();
        }
    };
    fill("few", 40);
    fill("many", 20_000);
    let server = Binary::start(folder.path(), &[]);
    let fetch = |name: &str| {
        for query in ["", "?format=tar"] {
            let mut wire = server.connect();
            wire.send(request(&format!("GET /download/{name}{query}"), &[], b""));
            let mut left = wire.head_length();
            let mut block = vec![0; 64 << 10];
            while left > 0 {
                let most = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                wire.read_exact(&mut block[..most]);
                left -= most as u64;
            }
        }
        server.memory_kib("VmHWM")
    };
    let few_kib = fetch("few");
    let many_kib = fetch("many");
    assert!(
        many_kib <= few_kib + 1024,
        "{few_kib} KiB, then {many_kib} KiB"
    );
}
