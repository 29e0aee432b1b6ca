//! Other people's clients of uploads in pieces: tus-js-client of npm and tuspy of PyPI upload, pause,
//! go on and end on a line that is cut a hundred times.

use std::process::Command;

use sha2::{Digest, Sha256};

use crate::harness::{Endurance, Instance, Proxy, driver, reader};

const FILE_BYTES: usize = 32_000_000;
const CUTS_MIN: u64 = 100;

/// Has a client upload a file by a line on which each connection carries another number of bytes.
fn comes_through(command: impl Fn(&str, &str) -> Command) {
    let server = Instance::start();
    let mut random = fastrand::Rng::with_seed(11);
    let mut content = vec![0; FILE_BYTES];
    random.fill(&mut content);
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("f\u{fc}m.bin");
    std::fs::write(&file, &content).unwrap();
    let proxy = Proxy::start_with(server.address, move || Endurance {
        to_client_max: u64::MAX,
        to_server_max: random.u64(20_000..500_000),
    });
    let endpoint = format!("http://{}/uploads", proxy.address);
    reader(&mut command(&endpoint, file.to_str().unwrap()));
    let received = server.read("f\u{fc}m.bin");
    assert_eq!(Sha256::digest(&received), Sha256::digest(&content));
    assert!(proxy.cuts() >= CUTS_MIN, "{}", proxy.cuts());
    let left = std::fs::read_dir(server.folder()).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "the file and .livedrop: {names:?}");
}

#[test]
fn tus_js_client_comes_through_a_hundred_cuts() {
    comes_through(|endpoint, file| driver("node", "tests/web/clients/tus.mjs", &[endpoint, file]));
}

#[test]
fn tuspy_comes_through_a_hundred_cuts() {
    comes_through(|endpoint, file| {
        driver(
            "python3",
            "tests/it/drivers/tuspy_upload.py",
            &[endpoint, file],
        )
    });
}
