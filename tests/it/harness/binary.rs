//! The real binary as a process of its own, for what only a process can show: signals, memory,
//! `kill -9`, what it prints.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use super::{Answer, Stream, Wire, proc};

/// A running livedrop.
pub struct Binary {
    child: Child,
    pub url: String,
    pub address: SocketAddr,
    said: Option<JoinHandle<String>>,
}

impl Binary {
    /// Starts it on a free port of the loopback.
    pub fn start(folder: &Path, options: &[&str]) -> Binary {
        let mut command = Binary::command();
        command
            .args(["--listen", "127.0.0.1:0"])
            .args(options)
            .arg(folder);
        Binary::spawn(command)
    }

    /// The program, or what `LIVEDROP_TEST_SERVER` names: a build for another machine, behind the
    /// emulator that runs it.
    pub fn command() -> Command {
        let other = std::env::var("LIVEDROP_TEST_SERVER").unwrap_or_default();
        let mut words = other.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or(env!("CARGO_BIN_EXE_livedrop")));
        // As in process: a folder holds what it shows. Options come before the environment.
        command.args(words).env("LIVEDROP_UNDO_MINUTES", "0");
        command
    }

    /// Starts a command that becomes livedrop, and reads its first line.
    pub fn spawn(mut command: Command) -> Binary {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let said = std::thread::spawn(move || {
            let mut said = Vec::new();
            stderr.read_to_end(&mut said).unwrap();
            String::from_utf8_lossy(&said).into_owned()
        });
        let url = url.trim_end().to_owned();
        let address = url
            .strip_prefix("http://")
            .and_then(|rest| rest.strip_suffix('/')?.parse().ok())
            .unwrap_or_else(|| panic!("the first line is a URL: {url:?}"));
        Binary {
            child,
            url,
            address,
            said: Some(said),
        }
    }

    pub fn connect(&self) -> Wire {
        Wire::connect(self.address)
    }

    pub fn ask(&self, line: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
        self.connect().ask(line, fields, body)
    }

    pub fn stream(&self, target: &str) -> Stream {
        Stream::open(self.address, target, &[])
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, by its number.
    pub fn signal(&self, number: i32) {
        let pid = rustix::process::Pid::from_raw(self.pid().cast_signed()).unwrap();
        let signal = rustix::process::Signal::from_named_raw(number).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// A number of KiB out of `/proc/<pid>/status`: `VmRSS`, `VmHWM`.
    pub fn memory_kib(&self, name: &str) -> u64 {
        proc::memory_kib(self.pid(), name)
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end. Gives its exit status and what it said on standard error.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        (status, self.said.take().unwrap().join().unwrap())
    }

    /// SIGTERM, and what `wait` gives.
    pub fn stop(self) -> (ExitStatus, String) {
        self.signal(15);
        self.wait()
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        // It is gone already where a test has waited for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
