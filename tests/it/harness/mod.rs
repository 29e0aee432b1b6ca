//! What the tests stand on: servers, connections that send exactly what they are told, answers
//! taken apart, event streams read frame by frame.

mod answer;
mod binary;
pub mod ledger;
pub mod proc;
mod proxy;
mod stream;
mod toll;
mod tracer;
mod wire;

pub use answer::Answer;
pub use binary::Binary;
pub use proxy::{Endurance, Proxy};
pub use stream::{Frame, Stream};
pub use toll::Toll;
pub use tracer::Tracer;
pub use wire::{Wire, request};

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use livedrop::config::{Config, Limits, Listen};
use livedrop::log::Log;
use livedrop::server::{Handle, Server};
use sha2::{Digest, Sha256};

/// The most that a test waits for anything: an upper bound, never a pause.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server in this process, on a port of its own, with a folder of its own. It stops when it is
/// dropped, and the test fails when it does not.
pub struct Instance {
    pub address: SocketAddr,
    folder: tempfile::TempDir,
    lines: Arc<Mutex<Vec<String>>>,
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Instance {
    /// A server with the default limits.
    pub fn start() -> Instance {
        Instance::start_with(|_| {})
    }

    /// A server with limits of the test's choice.
    pub fn start_with(adjust: impl FnOnce(&mut Limits)) -> Instance {
        let folder = tempfile::tempdir().unwrap();
        // What is deleted is gone, so that a folder holds what it shows; tests of undo ask for it.
        let mut limits = Limits {
            undo_s: 0,
            ..Limits::default()
        };
        adjust(&mut limits);
        let config = Config {
            folder: folder.path().to_owned(),
            listen: vec![Listen::Tcp(([127, 0, 0, 1], 0).into())],
            limits,
            ..Config::default()
        };
        Instance::start_config(config, folder)
    }

    /// A server with a configuration of the test's choice.
    pub fn start_config(config: Config, folder: tempfile::TempDir) -> Instance {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let log = Log::new(
            Arc::new(move |line: &str| sink.lock().unwrap().push(line.into())),
            true,
        );
        let server = Server::bind(config, log).unwrap();
        let address = server.addresses()[0];
        let handle = server.handle();
        let thread = std::thread::spawn(move || server.serve());
        Instance {
            address,
            folder,
            lines,
            handle,
            thread: Some(thread),
        }
    }

    /// The shared folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the shared folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file there, as somebody else on the machine would.
    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// What a file holds.
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Every file and folder below the shared one, hidden names too, sorted; folders with a slash.
    pub fn tree(&self) -> Vec<String> {
        tree(self.folder())
    }

    /// A connection.
    pub fn connect(&self) -> Wire {
        Wire::connect(self.address)
    }

    /// One request on a connection of its own: a request line without its version, fields without
    /// Host, a body with its length.
    pub fn ask(&self, line: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
        self.connect().ask(line, fields, body)
    }

    /// A GET.
    pub fn get(&self, target: &str) -> Answer {
        self.ask(&format!("GET {target}"), &[], b"")
    }

    /// An event stream; `target` with its query.
    pub fn stream(&self, target: &str, fields: &[(&str, &str)]) -> Stream {
        Stream::open(self.address, target, fields)
    }

    /// The lines logged so far.
    pub fn log(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Stops it and waits until it has stopped.
    pub fn stop(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server ends without a panic");
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

/// Runs a program that reads what the server wrote, and gives what it said; it must be content.
/// Which programs those are, and how they come here, is in the Makefile.
pub fn reader(command: &mut Command) -> String {
    // Names beyond ASCII are such only in a locale that has them.
    let output = command.env("LC_ALL", "C.UTF-8").output();
    let output = output.unwrap_or_else(|e| panic!("{command:?}: {e}; `make test` installs it"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said} {complaint}");
    said
}

/// Where the Makefile has put what others have collected and written.
pub fn corpora() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    );
    let folder = target.join("corpora");
    assert!(
        folder.is_dir(),
        "`make corpora` fetches the forms and clients of others into target/corpora"
    );
    folder
}

/// A client of somebody else, driven by a script of ours that an interpreter runs. The packages are
/// where `make test-rust` has put them.
pub fn driver(interpreter: &str, script: &str, arguments: &[&str]) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(interpreter);
    command
        .arg(root.join(script))
        .args(arguments)
        .env("PYTHONPATH", corpora().join("python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("http_proxy");
    command
}

/// The SHA-256 of all that can be read.
pub fn hash_of(mut reader: impl Read) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        match reader.read(&mut block).unwrap() {
            0 => return hasher.finalize().into(),
            n => hasher.update(&block[..n]),
        }
    }
}

/// The lines that a process writes, as they come, until it ends or nobody listens.
pub fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (told, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            if told.send(line.unwrap()).is_err() {
                break;
            }
        }
    });
    lines
}

/// Every file and folder below one, sorted; folders with a slash.
pub fn tree(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(at) = ahead.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let entry = entry.unwrap();
            let name = entry
                .path()
                .strip_prefix(folder)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            if entry.file_type().unwrap().is_dir() {
                found.push(format!("{name}/"));
                ahead.push(entry.path());
            } else {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

/// What this C library says of an address that is taken: each has its own words.
pub fn in_use() -> String {
    let error = std::io::Error::from(rustix::io::Errno::ADDRINUSE);
    let text = error.to_string().to_lowercase();
    text.split(" (").next().unwrap().to_owned()
}
