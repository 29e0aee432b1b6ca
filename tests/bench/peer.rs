//! The servers that are compared: ours, and those that are installed on this machine.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::proc;

/// More streams than the default; a third of this machine's descriptors may be less than it takes.
const OURS: &[&str] = &[
    "--quiet",
    "--listen",
    "127.0.0.1:0",
    "--streams-max",
    "6000",
    "--connections-max",
    "9000",
];
/// Where Debian has the module that makes nginx a server of event streams.
const NCHAN: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/// A running server on a folder.
pub struct Peer {
    pub name: &'static str,
    /// What it says of itself.
    pub version: String,
    pub address: SocketAddr,
    /// Whether it takes files by PUT.
    pub takes_put: bool,
    /// Whether it has event streams.
    pub has_streams: bool,
    child: Child,
    /// The processes that do its work.
    workers: Vec<u32>,
}

impl Peer {
    /// All of them, ours first.
    pub fn all(folder: &Path, scratch: &Path) -> Vec<Peer> {
        // Nobody else syncs what it takes.
        let mut peers = vec![Peer::livedrop(folder, &["--no-sync"])];
        peers.extend(Peer::nginx(folder, scratch));
        peers.extend(Peer::lighttpd(folder, scratch));
        peers.extend(Peer::dufs(folder));
        peers.extend(Peer::miniserve(folder));
        peers
    }

    /// livedrop, as it was built for these benchmarks.
    pub fn livedrop(folder: &Path, options: &[&str]) -> Peer {
        let program = std::env::var_os("LIVEDROP_BIN").map_or_else(
            || PathBuf::from(env!("CARGO_BIN_EXE_livedrop")),
            PathBuf::from,
        );
        let version = version(Command::new(&program).arg("--version"));
        let mut child = Command::new(program)
            .args(OURS)
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
            version: version.expect("it says its version"),
            address,
            takes_put: true,
            has_streams: true,
            child,
            workers,
        }
    }

    /// nginx, with one worker and sendfile, and with nchan where that is.
    fn nginx(folder: &Path, scratch: &Path) -> Option<Peer> {
        let address = free_address();
        let here = scratch.display();
        let root = folder.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|name| format!("{name}_temp_path {here}/{name};\n"))
            .collect();
        // A worker that root starts would become nobody, who cannot write into our folder.
        let user = if rustix::process::getuid().is_root() {
            "user root;"
        } else {
            ""
        };
        let has_streams = Path::new(NCHAN).exists();
        let (module, streams) = match has_streams {
            true => (
                format!("load_module {NCHAN};"),
                "nchan_shared_memory_size 256M; nchan_message_buffer_length 100;",
            ),
            false => (String::new(), ""),
        };
        let locations = match has_streams {
            true => {
                "location = /events { nchan_subscriber eventsource; nchan_channel_id files; }\
                 location = /publish { nchan_publisher; nchan_channel_id files; }"
            }
            false => "",
        };
        let config = format!(
            "{module} daemon off; {user} worker_processes 1; worker_rlimit_nofile 20000;\n\
             pid {here}/pid; error_log {here}/errors;\n\
             events {{ worker_connections 16384; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; {temporary} {streams}\n\
             keepalive_requests 1000000000; client_max_body_size 0;\n\
             server {{ listen {address} backlog=4096; root {root}; autoindex on;\n\
             dav_methods PUT; {locations} }} }}\n"
        );
        let path = scratch.join("nginx.conf");
        fs::write(&path, config).expect("the scratch folder can be written");
        let mut command = Command::new("nginx");
        command
            .arg("-c")
            .arg(&path)
            .arg("-e")
            .arg(scratch.join("errors"));
        let version = version(Command::new("nginx").arg("-v"))?;
        let mut peer = Peer::start("nginx", version, address, command)?;
        peer.takes_put = true;
        peer.has_streams = has_streams;
        peer.workers = children(peer.child.id());
        Some(peer)
    }

    /// lighttpd, which sends by sendfile unasked.
    fn lighttpd(folder: &Path, scratch: &Path) -> Option<Peer> {
        let version = version(Command::new("lighttpd").arg("-v"))?;
        let address = free_address();
        let config = format!(
            "server.document-root = \"{}\"\nserver.bind = \"127.0.0.1\"\nserver.port = {}\n\
             server.modules = (\"mod_dirlisting\")\ndir-listing.activate = \"enable\"\n\
             server.max-keep-alive-requests = 65535\nserver.max-connections = 4096\n\
             server.max-fds = 8192\n",
            folder.display(),
            address.port(),
        );
        let path = scratch.join("lighttpd.conf");
        fs::write(&path, config).expect("the scratch folder can be written");
        let mut command = Command::new("lighttpd");
        command.arg("-D").arg("-f").arg(&path);
        Peer::start("lighttpd", version, address, command)
    }

    fn dufs(folder: &Path) -> Option<Peer> {
        let version = version(Command::new("dufs").arg("--version"))?;
        let address = free_address();
        let mut command = Command::new("dufs");
        let port = address.port().to_string();
        command.args(["-A", "-b", "127.0.0.1", "-p", &port]);
        command.args(["--log-format", ""]).arg(folder);
        let mut peer = Peer::start("dufs", version, address, command)?;
        peer.takes_put = true;
        Some(peer)
    }

    fn miniserve(folder: &Path) -> Option<Peer> {
        let version = version(Command::new("miniserve").arg("--version"))?;
        let address = free_address();
        let mut command = Command::new("miniserve");
        let port = address.port().to_string();
        command.args(["-i", "127.0.0.1", "-p", &port]).arg(folder);
        Peer::start("miniserve", version, address, command)
    }

    fn start(
        name: &'static str,
        version: String,
        address: SocketAddr,
        mut command: Command,
    ) -> Option<Peer> {
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let workers = vec![child.id()];
        let peer = Peer {
            name,
            version,
            address,
            takes_put: false,
            has_streams: false,
            child,
            workers,
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "{name} is up");
        }
        Some(peer)
    }

    /// Whether it is ours.
    pub fn is_ours(&self) -> bool {
        self.name == "livedrop"
    }

    /// The path of a file of the folder: ours has its files below `/files`.
    pub fn file(&self, name: &str) -> String {
        match self.is_ours() {
            true => format!("/files/{name}"),
            false => format!("/{name}"),
        }
    }

    /// The path of the list of a folder.
    pub fn listing(&self, name: &str) -> String {
        match self.is_ours() {
            true => format!("/api/list/{name}"),
            false => format!("/{name}/"),
        }
    }

    /// CPU time that its workers have used.
    pub fn cpu_time(&self) -> Duration {
        self.workers.iter().map(|pid| proc::cpu_time(*pid)).sum()
    }

    /// Resident memory of its workers, in KiB.
    pub fn resident_kib(&self) -> u64 {
        self.memory_kib("VmRSS")
    }

    /// The most that it ever was.
    pub fn peak_kib(&self) -> u64 {
        self.memory_kib("VmHWM")
    }

    fn memory_kib(&self, name: &str) -> u64 {
        let each = |pid: &u32| proc::memory_kib(*pid, name);
        self.workers.iter().map(each).sum()
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

/// The first word with a digit of the first line that a program says; None when there is none such.
fn version(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let digits = |word: &&str| word.contains('.') && word.bytes().any(|b| b.is_ascii_digit());
    let word = said.lines().next()?.split([' ', '/']).find(digits)?;
    Some(word.to_owned())
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
