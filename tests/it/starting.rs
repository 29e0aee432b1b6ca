//! How the program starts: where it listens and what it says of it, what the environment tells it,
//! and what it refuses in one line.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::harness::{Binary, in_use};

const PROGRAM: &str = env!("CARGO_BIN_EXE_livedrop");

/// A command whose environment holds no settings of whoever runs the tests.
fn program(through: &[&str]) -> Command {
    let mut words = through.iter().chain([&PROGRAM]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LIVEDROP_") {
            command.env_remove(name);
        }
    }
    command
}

/// What it says when it cannot start, and its exit code; standard output stays empty.
fn refusal(mut command: Command) -> (i32, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert_eq!(stdout, b"", "{command:?}");
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

/// Whether this machine has IPv6; some containers have none.
fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}

/// One request over a Unix socket, and the whole answer to it.
fn ask_unix(path: &Path) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    let request = b"GET /files/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_url_is_one_that_can_be_opened_here() {
    let folder = tempfile::tempdir().unwrap();
    for (listen, host) in [
        ("127.0.0.1:0", "127.0.0.1"),
        ("localhost:0", "127.0.0.1"),
        ("0.0.0.0:0", "127.0.0.1"),
        (":0", "127.0.0.1"),
        ("0", "127.0.0.1"),
        ("[::1]:0", "[::1]"),
    ] {
        if listen.starts_with('[') && !has_ipv6() {
            continue;
        }
        let mut command = program(&[]);
        command
            .args(["--quiet", "--listen", listen])
            .arg(folder.path());
        let server = Binary::spawn(command);
        let port = server.address.port();
        assert_ne!(port, 0);
        assert_eq!(server.url, format!("http://{host}:{port}/"), "{listen}");
        assert_eq!(server.ask("GET /health", &[], b"").status, 200, "{listen}");
        // A port alone is every address, of both families and on the same port.
        if has_ipv6() && !listen.contains('.') && listen != "localhost:0" {
            TcpStream::connect(("::1", port)).expect(listen);
        }
        assert_eq!(server.stop().1, "", "{listen}");
    }
}

#[test]
fn it_listens_at_each_place_it_was_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), b"content").unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let socket = elsewhere.path().join("socket");
    let unix = format!("unix:{}", socket.display());
    let start = || {
        let mut command = program(&[]);
        // The Unix socket stands first, and the URL is the first TCP listener's all the same.
        command.args(["--listen", &unix, "--listen", "127.0.0.1:0"]);
        command.arg(folder.path());
        Binary::spawn(command)
    };
    let server = start();
    assert!(
        server.url.starts_with("http://127.0.0.1:"),
        "{}",
        server.url
    );
    assert!(ask_unix(&socket).ends_with("\r\n\r\ncontent"));
    assert_eq!(server.ask("GET /files/a", &[], b"").body, b"content");
    // Killed, it leaves its socket, and the next start takes that over.
    server.kill();
    assert!(socket.exists());
    let server = start();
    assert!(ask_unix(&socket).ends_with("\r\n\r\ncontent"));
    let (status, said) = server.stop();
    assert_eq!((status.code(), socket.exists()), (Some(0), false), "{said}");
}

#[test]
fn a_socket_that_is_in_use_and_a_file_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let (used, file) = (elsewhere.path().join("used"), elsewhere.path().join("file"));
    let _listener = UnixListener::bind(&used).unwrap();
    std::fs::write(&file, b"mine").unwrap();
    for path in [&used, &file] {
        let mut command = program(&[]);
        let unix = format!("unix:{}", path.display());
        command.args(["--listen", &unix]).arg(folder.path());
        let said = format!("livedrop: cannot listen on {unix}: {}\n", in_use());
        assert_eq!(refusal(command), (1, said));
    }
    assert_eq!(std::fs::read(file).unwrap(), b"mine");
    assert!(UnixStream::connect(used).is_ok());
}

#[test]
fn what_may_not_be_done_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o000)).unwrap();
    // In a name space of its own even root has no more rights than the file's modes give.
    let started = |listen: &str, folder: &Path| {
        // One that starts all the same is ended, and the test fails.
        let mut command = program(&["timeout", "20", "unshare", "--user"]);
        command.args(["--listen", listen]).arg(folder);
        refusal(command)
    };
    let said = format!(
        "livedrop: cannot share {}: permission denied\n",
        closed.display()
    );
    assert_eq!(started("127.0.0.1:0", &closed), (1, said));
    let unix = format!("unix:{}/socket", closed.display());
    let said = format!("livedrop: cannot listen on {unix}: permission denied\n");
    assert_eq!(started(&unix, folder.path()), (1, said));
    std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o700)).unwrap();
}

#[test]
fn the_environment_is_heard_and_the_command_line_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let start = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = program(&[]);
        command
            .envs(variables.iter().copied())
            .args(arguments)
            .arg(folder.path());
        Binary::spawn(command)
    };
    // One setting a line where it can be repeated; the version is what images like to set.
    let two = ("LIVEDROP_LISTEN", "127.0.0.2:0\n127.0.0.1:0");
    let server = start(
        &[two, ("LIVEDROP_QUIET", "yes"), ("LIVEDROP_VERSION", "9")],
        &[],
    );
    assert!(
        server.url.starts_with("http://127.0.0.2:"),
        "{}",
        server.url
    );
    assert_eq!(server.stop().1, "");
    let server = start(
        &[two, ("LIVEDROP_UPLOAD_MAX", "1K")],
        &["--listen", "127.0.0.1:0"],
    );
    assert!(
        server.url.starts_with("http://127.0.0.1:"),
        "{}",
        server.url
    );
    assert_eq!(server.ask("PUT /files/max", &[], &[0; 1024]).status, 201);
    assert_eq!(server.ask("PUT /files/over", &[], &[0; 1025]).status, 413);
    let mut command = program(&[]);
    command
        .env("LIVEDROP_LISTEN", "nonsense")
        .arg(folder.path());
    let (code, said) = refusal(command);
    assert!(
        code == 2 && said.starts_with("livedrop: LIVEDROP_LISTEN: \"nonsense\" "),
        "{said}"
    );
}

#[test]
fn a_command_line_that_is_wrong_is_exit_code_2() {
    for arguments in [
        &["a", "b"][..],
        &["--listen"],
        &["--listen", "nonsense"],
        &["--listen", "127.0.0.1:99999"],
        &["--upload-max", "1x"],
        &["--streams-max", "0"],
        &["--quiet=maybe"],
        &["-x"],
    ] {
        let mut command = program(&[]);
        command.args(arguments);
        let (code, said) = refusal(command);
        assert_eq!(code, 2, "{arguments:?}: {said}");
        let lines: Vec<&str> = said.lines().collect();
        assert!(
            lines[0].starts_with("livedrop: ") && lines.len() == 2,
            "{arguments:?}: {said}"
        );
        assert_eq!(lines[1], "Try 'livedrop --help'.");
    }
}

#[test]
fn a_folder_may_be_named_like_an_option() {
    let parent = tempfile::tempdir().unwrap();
    std::fs::create_dir(parent.path().join("--help")).unwrap();
    let mut command = program(&[]);
    command.args(["--quiet", "--listen", "127.0.0.1:0", "--", "--help"]);
    command.current_dir(parent.path());
    let server = Binary::spawn(command);
    let status = server.ask("GET /api/status", &[], b"").json();
    assert_eq!(status["name"], "--help");
}

#[test]
fn the_url_stands_alone_and_what_else_is_said_has_no_tricks() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = program(&[])
        .args(["--listen", "0"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    assert_eq!(status.code(), Some(0));
    let url = String::from_utf8([&first[..], &stdout].concat()).unwrap();
    assert!(
        url.starts_with("http://127.0.0.1:") && url.ends_with("/\n"),
        "{url:?}"
    );
    assert_eq!(url.lines().count(), 1, "{url:?}");
    // It is no terminal: neither colours nor a QR code.
    let said = String::from_utf8(stderr).unwrap();
    let is_plain = |c: char| c == '\n' || (!c.is_control() && !"█▀▄".contains(c));
    assert!(said.chars().all(is_plain), "{said}");
    assert!(
        said.starts_with(&format!("Sharing {} with ", folder.path().display())),
        "{said}"
    );
    let port = url
        .trim_end()
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let warning = "It runs as root, which it never needs.";
    assert_eq!(said.lines().last() == Some(warning), is_root, "{said}");
    let addresses = said.lines().skip(1).filter(|line| *line != warning);
    let addresses: Vec<&str> = addresses.collect();
    let is_address =
        |line: &&str| line.starts_with("  http://") && line.contains(&format!(":{port}/"));
    assert!(addresses.iter().all(is_address), "{said}");
}

#[test]
fn a_port_that_is_let_go_can_be_taken_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let start = |listen: &str| {
        let mut command = program(&[]);
        command.args(["--quiet", "--listen", listen]);
        command.arg(folder.path());
        Binary::spawn(command)
    };
    // On an address that no other test uses, so that none can take the port in between.
    let server = start("127.0.0.77:0");
    let address = server.address;
    let mut wire = server.connect();
    assert_eq!(wire.ask("GET /health", &[], b"").status, 200);
    server.kill();
    let server = start(&address.to_string());
    assert_eq!(server.ask("GET /health", &[], b"").status, 200);
}
