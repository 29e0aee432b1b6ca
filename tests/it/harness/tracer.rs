//! strace round a server: which system calls it makes in which order, and some of them failing as
//! the kernel would have them fail.

use std::path::Path;
use std::process::Command;

use tempfile::NamedTempFile;

use super::{Binary, PATIENCE};

/// What changes the disk; all else but answers and events is left out.
const WATCHED: &[&str] = &[
    "fsync",
    "syncfs",
    "fdatasync",
    "mkdirat",
    "renameat2",
    "renameat",
    "rename",
    "linkat",
];

/// A server whose system calls strace sees, and may make fail.
pub struct Tracer {
    pub server: Binary,
    log: NamedTempFile,
}

impl Tracer {
    /// Starts it with expressions of strace, such as `inject=fsync:error=EIO:when=2`; the counts of
    /// `when` are each thread's own, and so is a connection. `-D` keeps strace out of the way: the
    /// process that is started is the server.
    pub fn start(folder: &Path, expressions: &[&str], options: &[&str]) -> Tracer {
        let log = NamedTempFile::new().unwrap();
        let mut command = Command::new("strace");
        command.env("LIVEDROP_UNDO_MINUTES", "0");
        command
            .args(["-D", "-f", "-qq", "-s", "300", "-o"])
            .arg(log.path());
        for expression in expressions {
            command.args(["-e", expression]);
        }
        command.arg(env!("CARGO_BIN_EXE_livedrop"));
        command.args(["--quiet", "--listen", "127.0.0.1:0"]);
        command.args(options).arg(folder);
        let server = Binary::spawn(command);
        Tracer { server, log }
    }

    /// Lets the server go on as if nobody had ever watched it: what failed works again. Gives what
    /// strace has seen.
    pub fn let_go(self) -> (Binary, String) {
        let status = format!("/proc/{}/status", self.server.pid());
        let tracer = || {
            let text = std::fs::read_to_string(&status).unwrap();
            let line = text.lines().find(|line| line.starts_with("TracerPid:"));
            line.and_then(|l| l.split_whitespace().nth(1)?.parse::<i32>().ok())
        };
        let pid = tracer().and_then(rustix::process::Pid::from_raw);
        let pid = pid.expect("strace is there");
        // The kernel then sets its threads free; asked politely, strace would wait for them.
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        let deadline = std::time::Instant::now() + PATIENCE;
        // It is nobody's child here, and may stay a zombie.
        while !has_ended(pid.as_raw_nonzero().get()) {
            assert!(std::time::Instant::now() < deadline, "strace ends");
        }
        let seen = String::from_utf8_lossy(&std::fs::read(self.log.path()).unwrap()).into_owned();
        (self.server, seen)
    }

    /// Stops the server. Gives the names of its calls in their order; an answer that says yes is
    /// `answer`, an event that is sent to a watcher `event`.
    pub fn calls(self) -> Vec<String> {
        assert!(self.server.stop().0.success());
        let text = std::fs::read_to_string(self.log.path()).unwrap();
        let named = text.lines().filter_map(|line| {
            let call = line.split_once(' ')?.1.trim_start();
            let name = call.split('(').next()?;
            match name {
                // Signals, ends, and second halves of calls.
                _ if call.starts_with(['-', '+', '<']) => None,
                "send" | "sendto" | "write" | "sendmsg" if call.contains("HTTP/1.1 20") => {
                    Some("answer")
                }
                "send" | "sendto" | "write" | "sendmsg" if is_event(call) => Some("event"),
                name => WATCHED.contains(&name).then_some(name),
            }
        });
        named.map(str::to_owned).collect()
    }
}

fn has_ended(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.map_or(true, |text| {
        text.rsplit(')').next().unwrap().starts_with(" Z")
    })
}

/// Whether a call sends a change; how far an upload is may be told at any time.
fn is_event(call: &str) -> bool {
    ["upload", "update", "folder"]
        .iter()
        .any(|name| call.contains(&format!("event: {name}\\n")))
}
