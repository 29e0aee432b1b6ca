//! The servers that are compared: ours, and those that are installed on this machine.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::proc;

/// A running server on a folder.
pub struct Peer {
    pub name: &'static str,
    pub address: SocketAddr,
    child: Child,
    /// The processes that do its work.
    workers: Vec<u32>,
}

impl Peer {
    /// livedrop, as it was built for these benchmarks. What is measured of everyone is measured
    /// without syncing, which nobody else does.
    pub fn livedrop(folder: &Path) -> Peer {
        Peer::livedrop_with(folder, &["--no-sync"])
    }

    /// livedrop with options of the row's choice.
    pub fn livedrop_with(folder: &Path, options: &[&str]) -> Peer {
        let program = std::env::var_os("LIVEDROP_BIN").map_or_else(
            || PathBuf::from(env!("CARGO_BIN_EXE_livedrop")),
            PathBuf::from,
        );
        let mut child = Command::new(program)
            .args(["--quiet", "--listen", "127.0.0.1:0"])
            .args(options)
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("livedrop starts");
        let mut url = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output)
            .read_line(&mut url)
            .expect("a first line");
        let address = url
            .trim_end()
            .trim_start_matches("http://")
            .trim_end_matches('/');
        let address = address.parse().expect("the first line is a URL");
        let workers = vec![child.id()];
        Peer {
            name: "livedrop",
            address,
            child,
            workers,
        }
    }

    /// nginx, with one worker, which may write into the folder, and sendfile; None when it is not installed.
    pub fn nginx(folder: &Path, scratch: &Path) -> Option<Peer> {
        let address = free_address();
        let here = scratch.display();
        let root = folder.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|name| format!("{name}_temp_path {here}/{name};\n"))
            .collect();
        let config = format!(
            "user root; daemon off; worker_processes 1; pid {here}/pid; error_log {here}/errors;\n\
             events {{ worker_connections 8192; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; {temporary}\
             keepalive_requests 1000000000; client_max_body_size 0;\n\
             server {{ listen {address}; root {root}; autoindex on; dav_methods PUT; }} }}\n"
        );
        let path = scratch.join("nginx.conf");
        fs::write(&path, config).expect("the scratch folder can be written");
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&path)
            .arg("-e")
            .arg(scratch.join("errors"))
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut peer = Peer {
            name: "nginx",
            address,
            child,
            workers: Vec::new(),
        };
        peer.wait_until_up();
        peer.workers = children(peer.child.id());
        Some(peer)
    }

    /// The most memory that its workers have had resident since they started, in KiB.
    pub fn peak_kib(&self) -> u64 {
        let peak = |pid: &u32| proc::memory_kib(*pid, "VmHWM");
        self.workers.iter().map(peak).sum()
    }

    fn wait_until_up(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(self.address).is_err() {
            assert!(Instant::now() < deadline, "{} is up", self.name);
        }
    }

    /// CPU time that its workers have used.
    pub fn cpu_time(&self) -> Duration {
        self.workers.iter().map(|pid| proc::cpu_time(*pid)).sum()
    }

    /// Resident memory of its workers, in KiB.
    pub fn resident_kib(&self) -> u64 {
        self.workers
            .iter()
            .map(|pid| proc::memory_kib(*pid, "VmRSS"))
            .sum()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        // A killed nginx would leave its worker behind; asked to stop, it takes it along.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound")
}

/// The processes whose parent this is; waits for the first.
fn children(parent: u32) -> Vec<u32> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let found: Vec<u32> = fs::read_dir("/proc")
            .expect("there is a /proc")
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|pid| proc::parent(*pid) == Some(parent))
            .collect();
        if !found.is_empty() {
            return found;
        }
        assert!(Instant::now() < deadline, "a worker is up");
    }
}
