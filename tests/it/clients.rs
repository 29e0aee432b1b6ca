//! Other people's clients on a line that breaks: curl, wget, aria2c and rclone, as Debian has them,
//! fetch a big file piece by piece and end with the same bytes.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use sha2::{Digest, Sha256};

use crate::harness::{Endurance, Instance, Proxy, hash_of};

const FILE_BYTES: u64 = 300_000_000;
/// Bytes after which the line breaks, on every connection.
const CUT_BYTES: u64 = 20_000_000;
/// Connections that a client may use at once.
const CONNECTIONS_MAX: u64 = 4;
/// Fifteen starts are unavoidable; what begins at the beginning each time never comes through.
const TRIES_MAX: u32 = 40;

type Hash = [u8; 32];

/// Writes a file in which no block is like another; gives its hash.
fn make_file(path: &Path) -> Hash {
    let mut random = fastrand::Rng::with_seed(300);
    let mut block = vec![0; 1_000_000];
    random.fill(&mut block);
    let mut file = File::create(path).unwrap();
    let mut hasher = Sha256::new();
    for number in 0..FILE_BYTES / block.len() as u64 {
        block[..8].copy_from_slice(&number.to_be_bytes());
        hasher.update(&block);
        file.write_all(&block).unwrap();
    }
    hasher.finalize().into()
}

/// Fetches the file with a client that is started until it is content, at most `starts_max` times.
/// `arguments` are made of the address of the proxy and the path to write to.
fn fetch(program: &str, starts_max: u32, arguments: impl Fn(&str, &Path) -> Vec<String>) {
    let server = Instance::start();
    let hash = make_file(&server.path("big file.bin"));
    let endurance = Endurance {
        to_client_max: CUT_BYTES,
        to_server_max: u64::MAX,
    };
    let proxy = Proxy::start(server.address, endurance);
    let home = tempfile::tempdir().unwrap();
    let fetched = home.path().join("fetched.bin");
    let arguments = arguments(&format!("http://{}", proxy.address), &fetched);
    let run = || -> Output {
        Command::new(program)
            .args(&arguments)
            // Nobody's settings, and no proxy but ours.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", home.path())
            .output()
            .unwrap_or_else(|e| panic!("{program}: {e}; `make test-rust` installs it"))
    };
    let mut output = run();
    let mut starts = 1;
    while !output.status.success() && starts < starts_max {
        output = run();
        starts += 1;
    }
    assert!(
        output.status.success(),
        "{program} gives up after {} cuts: {output:?}",
        proxy.cuts()
    );
    assert!(
        hash_of(File::open(&fetched).unwrap()) == hash,
        "{program} has other bytes"
    );
    let cuts = proxy.cuts();
    // The last stretch of each connection may be the one that is not cut.
    assert!(
        cuts >= FILE_BYTES / CUT_BYTES - CONNECTIONS_MAX,
        "only {cuts} cuts"
    );
    // What was on its way at a cut is fetched again, and no more than that.
    let carried = proxy.carried();
    assert!(
        carried < FILE_BYTES + FILE_BYTES / 2,
        "{program} fetched {carried} bytes"
    );
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

#[test]
fn curl_resumes_where_it_was_cut() {
    // Its own --retry forgets what it had, so it is called again, as people do.
    fetch("curl", TRIES_MAX, |server, to| {
        let url = format!("{server}/files/big%20file.bin");
        let to = to.to_str().unwrap();
        words(&[
            "--fail",
            "--silent",
            "--show-error",
            "-C",
            "-",
            "-o",
            to,
            &url,
        ])
    });
}

#[test]
fn wget_resumes_where_it_was_cut() {
    fetch("wget", 1, |server, to| {
        let url = format!("{server}/files/big%20file.bin");
        let tries = format!("--tries={TRIES_MAX}");
        let to = to.to_str().unwrap();
        words(&[
            "--no-verbose",
            "--continue",
            &tries,
            "--waitretry=0",
            "-O",
            to,
            &url,
        ])
    });
}

#[test]
fn aria2c_fetches_segments_at_once_and_resumes_each() {
    fetch("aria2c", 1, |server, to| {
        let url = format!("{server}/files/big%20file.bin");
        let folder = format!("--dir={}", to.parent().unwrap().display());
        let name = format!("--out={}", to.file_name().unwrap().to_str().unwrap());
        let tries = format!("--max-tries={TRIES_MAX}");
        let most = [&folder, &name, &tries, &url].map(String::as_str);
        let segments = [
            "--split=4",
            "--max-connection-per-server=4",
            "--retry-wait=0",
        ];
        let rest = ["--no-conf", "--quiet", "--file-allocation=none"];
        words(&[&most[..], &segments, &rest].concat())
    });
}

#[test]
fn rclone_copies_in_several_streams_and_resumes_each() {
    fetch("rclone", 1, |server, to| {
        let from = format!(":http,url=\"{server}/files/\":big file.bin");
        let tries = TRIES_MAX.to_string();
        let to = to.to_str().unwrap();
        words(&[
            "copyto",
            "--low-level-retries",
            &tries,
            "--retries",
            "1",
            &from,
            to,
        ])
    });
}
