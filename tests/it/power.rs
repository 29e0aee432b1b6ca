//! The plug is pulled: images of a disk, taken while uploads run, hold whatever was acknowledged by
//! then. And the file systems themselves: each takes, replaces, numbers, refuses and removes.
//!
//! To mount an image takes root, as CI is. It is mounted where only the server sees it, so that a
//! test that fails leaves nothing behind.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::harness::ledger::{self, Ledger, Versions};
use crate::harness::{Binary, PATIENCE, reader, tree};

/// File systems on a disk: what makes one, and how it is mounted: nothing is to be written unless
/// somebody asks for it, so that an image of a stopped server is that of one moment.
const DISKS: [(&str, &[&str], &str); 3] = [
    (
        "ext4",
        &[
            "mkfs.ext4",
            "-q",
            "-E",
            "lazy_itable_init=0,lazy_journal_init=0",
        ],
        "commit=300",
    ),
    ("xfs", &["mkfs.xfs", "-q"], "nouuid"),
    ("btrfs", &["mkfs.btrfs", "-q"], "commit=300"),
];
/// Those of sticks and cameras, in user space: what makes one, and what keeps it mounted.
const STICKS: [(&str, &[&str], &str); 2] = [
    ("exfat", &["mkfs.exfat"], "mount.exfat-fuse -d"),
    (
        "ntfs",
        &["mkfs.ntfs", "-F", "-q", "-f"],
        "ntfs-3g -o no_detach",
    ),
];
/// Sparse. XFS takes none under 300 MiB.
const DISK_BYTES: u64 = 320 << 20;
const CUTS: usize = 6;

/// A server on a folder of its own mount namespace, which a script makes ready at `/mnt`.
fn mounted(script: &str) -> Binary {
    let is_root = rustix::process::geteuid().is_root();
    assert!(is_root, "mounting a disk takes root: sudo make test");
    let program = env!("CARGO_BIN_EXE_livedrop");
    let script = format!("{script} && exec {program} --quiet --listen 127.0.0.1:0 /mnt");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-ec", &script]);
    Binary::spawn(command)
}

fn folder(server: &Binary) -> PathBuf {
    Path::new("/proc")
        .join(server.pid().to_string())
        .join("root/mnt")
}

fn on_image(kind: &str, options: &str, image: &Path) -> Binary {
    mounted(&format!(
        "mount -t {kind} -o loop,{options} {} /mnt",
        image.display()
    ))
}

/// A script that has a program of user space mount something; it ends with the server, which the
/// shell becomes.
fn in_user_space(program: &str, what: &str) -> String {
    format!(
        "mount -t tmpfs none /mnt && \
         {{ setpriv --pdeathsig KILL {program} {what} /mnt >/dev/null 2>&1 & }} && \
         until grep -q ' /mnt fuse' /proc/mounts; do :; done"
    )
}

/// The loop is let go of at once, and stays for as long as the stick is in.
fn on_stick(program: &str, image: &Path) -> Binary {
    let in_loop = format!("stick=$(losetup --find --show {})", image.display());
    let mount = in_user_space(program, "$stick");
    mounted(&format!("{in_loop} && {mount} && losetup --detach $stick"))
}

fn make_image(program: &[&str], image: &Path) {
    std::fs::File::create(image)
        .unwrap()
        .set_len(DISK_BYTES)
        .unwrap();
    let mut command = Command::new(program[0]);
    // The programs of an administrator are not on everybody's way.
    command.env(
        "PATH",
        format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap()),
    );
    reader(command.args(&program[1..]).arg(image));
}

/// Waits until each thread of a server stands still.
fn stop_threads(server: &Binary) {
    server.signal(19);
    let tasks = Path::new("/proc")
        .join(server.pid().to_string())
        .join("task");
    let is_still = |task: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat"));
        stat.map_or(true, |text| {
            text.rsplit(')').next().unwrap().starts_with(" T")
        })
    };
    let deadline = Instant::now() + PATIENCE;
    while !std::fs::read_dir(&tasks).unwrap().all(is_still) {
        assert!(Instant::now() < deadline, "the server stands still");
    }
}

/// Images of a disk, each with what was acknowledged before and what was sent before it.
fn cut(server: &Binary, image: &Path) -> Vec<(PathBuf, HashMap<String, Versions>)> {
    let mut random = fastrand::Rng::with_seed(7);
    let (ledger, stop) = (Ledger::default(), AtomicBool::new(false));
    let mut cuts = Vec::new();
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let (ledger, stop, address) = (&ledger, &stop, server.address);
            scope.spawn(move || ledger.write(address, writer, stop));
        }
        for n in 0..CUTS {
            let told = || ledger.snapshot().values().map(|v| v.told).sum::<usize>();
            let enough = told() + random.usize(2..8);
            let deadline = Instant::now() + PATIENCE;
            while told() < enough {
                assert!(Instant::now() < deadline, "uploads run");
                std::thread::sleep(Duration::from_micros(random.u64(0..2_000)));
            }
            stop_threads(server);
            let account = ledger.snapshot();
            let copy = image.with_extension(n.to_string());
            reader(
                Command::new("cp")
                    .arg("--sparse=always")
                    .args([image, &copy]),
            );
            cuts.push((copy, account));
            server.signal(18);
        }
        stop.store(true, Ordering::SeqCst);
    });
    cuts
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing_that_was_acknowledged() {
    let scratch = tempfile::tempdir().unwrap();
    for (kind, program, options) in DISKS {
        let image = scratch.path().join(kind);
        make_image(program, &image);
        let server = on_image(kind, options, &image);
        let cuts = cut(&server, &image);
        drop(server);
        let told: usize = cuts[CUTS - 1].1.values().map(|v| v.told).sum();
        assert!(told > CUTS, "{kind}: enough was written to tell: {told}");
        for (copy, account) in cuts {
            let server = on_image(kind, options, &copy);
            let mut wire = server.connect();
            for (name, versions) in account {
                let answer = wire.ask(&format!("GET /files/{name}"), &[], b"");
                let found = (answer.status == 200).then_some(&answer.body[..]);
                ledger::check(&name, versions, found);
            }
            for name in tree(&folder(&server)) {
                assert!(!name.contains(".livedrop-"), "{kind}: {name}");
            }
            std::fs::remove_file(copy).unwrap();
        }
    }
}

/// All that an upload can do to a folder, and a removal.
fn use_folder(server: &Binary, context: &str) {
    let put = |name: &str, fields: &[(&str, &str)], body: &[u8]| {
        server
            .ask(&format!("PUT /files/{name}"), fields, body)
            .status
    };
    assert_eq!(put("a/b/c", &[], b"one"), 201, "{context}");
    assert_eq!(put("a/b/c", &[], b"two"), 204, "{context}");
    assert_eq!(
        put("a/b/c", &[("If-None-Match", "*")], b"no"),
        412,
        "{context}"
    );
    assert_eq!(put("a/b", &[], b"no"), 409, "{context}");
    let post = |query: &str| {
        let form = "--b\r\nContent-Disposition: form-data; filename=c\r\n\r\nx\r\n\
                    --b\r\nContent-Disposition: form-data; filename=d\r\n\r\ny\r\n--b--\r\n";
        let fields = [("Content-Type", "multipart/form-data; boundary=b")];
        server.ask(
            &format!("POST /upload?dir=a/b{query}"),
            &fields,
            form.as_bytes(),
        )
    };
    assert_eq!(
        post("").json()["files"][0]["path"],
        "a/b/c (2)",
        "{context}"
    );
    assert_eq!(post("&on_conflict=fail").code(), "exists", "{context}");
    assert_eq!(
        server.ask("GET /files/a/b/c", &[], b"").body,
        b"two",
        "{context}"
    );
    assert_eq!(post("&on_conflict=replace").status, 201, "{context}");
    assert_eq!(
        server.ask("GET /files/a/b/c", &[], b"").body,
        b"x",
        "{context}"
    );
    assert_eq!(
        server.ask("DELETE /files/a/b/d", &[], b"").status,
        204,
        "{context}"
    );
    let left = ["a/", "a/b/", "a/b/c", "a/b/c (2)"];
    // ext4 has a folder of its own at its root.
    let mut names = tree(&folder(server));
    names.retain(|name| !name.starts_with("lost+found") && !name.starts_with(".livedrop/"));
    assert_eq!(names, left, "{context}");
    assert_eq!(
        server.ask("DELETE /files/a", &[], b"").status,
        204,
        "{context}"
    );
}

#[test]
fn every_file_system_takes_replaces_numbers_refuses_and_removes() {
    let scratch = tempfile::tempdir().unwrap();
    for (kind, program, options) in DISKS {
        let image = scratch.path().join(kind);
        make_image(program, &image);
        use_folder(&on_image(kind, options, &image), kind);
    }
    for (kind, program, mount) in STICKS {
        let image = scratch.path().join(kind);
        make_image(program, &image);
        use_folder(&on_stick(mount, &image), kind);
    }
    for script in [
        "mount -t tmpfs none /mnt",
        "mount -t ramfs none /mnt",
        "mount -t tmpfs none /mnt && mkdir /mnt/l /mnt/u /mnt/w && \
         mount -t overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w none /mnt",
    ] {
        use_folder(&mounted(script), script);
    }
    let bound = in_user_space("bindfs -f", "/media");
    let bound = format!("mount -t tmpfs none /media && {bound}");
    use_folder(&mounted(&bound), "bindfs");
}

#[test]
fn names_that_a_stick_cannot_hold_are_refused_as_such() {
    let scratch = tempfile::tempdir().unwrap();
    let (kind, program, mount) = STICKS[0];
    let image = scratch.path().join(kind);
    make_image(program, &image);
    let server = on_stick(mount, &image);
    assert_eq!(server.ask("PUT /files/film", &[], b"x").status, 201);
    let form = [("Content-Type", "multipart/form-data; boundary=b")];
    let body = "--b\r\nContent-Disposition: form-data; filename=a|b\r\n\r\nx\r\n--b--\r\n";
    let to = [("Destination", "/files/what%3F")];
    let cases: [(&str, &[(&str, &str)], &str); 6] = [
        ("PUT /files/a%3Ab", &[], "x"),
        ("PUT /files/a%3Ab/c", &[], "x"),
        ("POST /upload", &form, body),
        ("MKCOL /files/%3Cb%3E", &[], ""),
        ("MOVE /files/film", &to, ""),
        ("COPY /files/film", &to, ""),
    ];
    for (line, fields, body) in cases {
        let answer = server.ask(line, fields, body.as_bytes());
        assert_eq!(
            (answer.status, &*answer.code()),
            (400, "bad_name"),
            "{line}"
        );
    }
    let mut left = tree(&folder(&server));
    left.retain(|name| !name.starts_with(".livedrop/"));
    assert_eq!(left, ["film"]);
}
