//! The power goes: the image of a file system is copied while uploads run, and mounted from the
//! copy. Every file that was acknowledged before is there, and whole.
//!
//! Mounting takes root; anybody else is asked for it by sudo.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::durable::{version, write_until_killed};
use crate::harness::Binary;

/// Runs a program as root; fails when it does.
fn as_root(program: &str, arguments: &[&str]) {
    let is_root = rustix::process::getuid().is_root();
    let mut command = if is_root {
        Command::new(program)
    } else {
        let mut command = Command::new("sudo");
        command.arg(program);
        command
    };
    let output = command.args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
}

/// A file system in a file, mounted.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    fn mount(image: &Path, folder: PathBuf) -> Disk {
        std::fs::create_dir(&folder).unwrap();
        as_root(
            "mount",
            &[
                "-o",
                "loop",
                image.to_str().unwrap(),
                folder.to_str().unwrap(),
            ],
        );
        let everybody = folder.to_str().unwrap();
        as_root("chmod", &["777", everybody]);
        Disk { folder }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The server may still be letting go of it.
        as_root("umount", &["-l", self.folder.to_str().unwrap()]);
        std::fs::remove_dir(&self.folder).unwrap();
    }
}

/// Ends the writers, also when the test fails among them.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// An ext4 file system in a file.
fn make(image: &Path) {
    std::fs::File::create(image)
        .unwrap()
        .set_len(64 << 20)
        .unwrap();
    let output = Command::new("mkfs.ext4")
        .arg("-q")
        .arg(image)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    const CUTS: usize = 8;
    let scratch = tempfile::tempdir().unwrap();
    let image = scratch.path().join("image");
    make(&image);
    let disk = Disk::mount(&image, scratch.path().join("disk"));
    let server = Binary::start(&disk.folder, &["--quiet"]);
    let address = server.address;
    let told: Mutex<HashMap<String, (usize, usize)>> = Mutex::default();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let (told, stop) = (&told, &stop);
            scope.spawn(move || write_until_killed(address, writer, told, stop));
        }
        let _ending = Ending(&stop);
        for cut in 0..CUTS {
            // Uploads have gone on since the last cut.
            let total = || {
                told.lock()
                    .unwrap()
                    .values()
                    .map(|row| row.0)
                    .sum::<usize>()
            };
            let before = total();
            while total() < before + 20 {
                std::thread::yield_now();
            }
            // Copying takes a moment, in which time must stand still, as it does for a disk whose
            // power is gone: the server is stopped in whatever it is doing.
            server.signal(19);
            let promised = told.lock().unwrap().clone();
            let copy = scratch.path().join("copy");
            std::fs::copy(&image, &copy).unwrap();
            server.signal(18);
            let after = Disk::mount(&copy, scratch.path().join(format!("cut{cut}")));
            for (name, (acknowledged, _)) in promised {
                let Ok(bytes) = std::fs::read(after.folder.join(&name)) else {
                    assert_eq!(acknowledged, 0, "{name} was acknowledged before cut {cut}");
                    continue;
                };
                let stands = version(&name, &bytes);
                assert!(stands >= acknowledged, "{name}: {stands} of {acknowledged}");
            }
        }
    });
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
}
