//! Behind a proxy: nginx and Caddy as Debian has them, with the very lines that the README gives,
//! and what a proxy that is believed may say.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use livedrop::access::hash_password;
use livedrop::config::{Account, Config, Listen, Role};

use super::harness::{Binary, Instance, PATIENCE, Stream, Wire};
use super::modes::{BODY, FORM, TUS, start, wait_for_upload};

/// The block of the README that begins with this word.
fn block(language: &str) -> String {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let rest = readme.split(&format!("```{language}\n")).nth(1);
    let text = rest.unwrap_or_else(|| panic!("the README shows {language}"));
    text.split("```").next().unwrap().to_owned()
}

/// A proxy in front of a server.
struct Front {
    address: SocketAddr,
    child: Child,
    _scratch: tempfile::TempDir,
}

impl Front {
    fn nginx(behind: SocketAddr) -> Front {
        let location = block("nginx").replace("127.0.0.1:8080", &behind.to_string());
        Front::start("nginx", |scratch, address| {
            let here = scratch.display();
            let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .iter()
                .map(|name| format!("{name}_temp_path {here}/{name};\n"))
                .collect();
            format!(
                "daemon off; master_process off; pid {here}/pid; error_log {here}/errors;\n\
                 events {{ worker_connections 64; }}\n\
                 http {{ access_log off; {temporary} server {{ listen {address};\n{location} }} }}\n"
            )
        })
    }

    fn caddy(behind: SocketAddr) -> Front {
        let site = block("caddy").replace("127.0.0.1:8080", &behind.to_string());
        Front::start("caddy", |_, address| {
            // Without a name of the web, Caddy asks for no certificate.
            let site = site.replace("files.example.org", &format!("http://:{}", address.port()));
            format!("{{\n admin off\n}}\n{site}")
        })
    }

    fn start(program: &str, config: impl FnOnce(&Path, SocketAddr) -> String) -> Front {
        let scratch = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let path = scratch.path().join("config");
        fs::write(&path, config(scratch.path(), address)).unwrap();
        drop(listener);
        let mut command = Command::new(program);
        match program {
            "nginx" => command
                .arg("-c")
                .arg(&path)
                .arg("-e")
                .arg(scratch.path().join("errors")),
            _ => command
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(&path),
        };
        let started = command
            .env("HOME", scratch.path())
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .stderr(Stdio::null())
            .spawn();
        let child = started.unwrap_or_else(|e| panic!("{program}: {e}; `make test` installs it"));
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "{program} is up");
        }
        Front {
            address,
            child,
            _scratch: scratch,
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn behind(adjust: impl FnOnce(&mut Config)) -> Instance {
    start(|config| {
        config.base_path = "/drop".parse().unwrap();
        config.proxies = vec!["127.0.0.1".parse().unwrap()];
        config.limits.beat_s = 1;
        adjust(config);
    })
}

fn ann() -> Account {
    Account {
        name: "ann".into(),
        hash: hash_password(b"secret").unwrap(),
        role: Role::ReadWrite,
    }
}

#[test]
fn all_goes_through_nginx_with_the_lines_of_the_readme() {
    let server = behind(|_| {});
    all_goes_through(&server, &Front::nginx(server.address));
}

#[test]
fn all_goes_through_caddy_with_the_lines_of_the_readme() {
    let server = behind(|_| {});
    all_goes_through(&server, &Front::caddy(server.address));
}

fn all_goes_through(server: &Instance, front: &Front) {
    let ask = |line: &str, fields: &[(&str, &str)], body: &[u8]| {
        Wire::connect(front.address).ask(line, fields, body)
    };
    let origin = ("Origin", "http://localhost");
    assert_eq!(ask("GET /drop/", &[], b"").status, 200);
    assert_eq!(ask("GET /drop/web/app.js", &[], b"").status, 200);
    let root = ask("GET /drop?dir=dir", &[], b"");
    assert!(
        root.field("Location").unwrap().ends_with("/drop/?dir=dir"),
        "{root:?}"
    );

    let mut stream = Stream::open(front.address, "/drop/events", &[]);
    assert_eq!(stream.next().name, "ready");
    assert_eq!(ask("PUT /drop/files/put", &[origin], b"put").status, 201);
    assert_eq!(stream.next_change().data["path"], "put");
    // What is quiet is not taken for dead, and a beat is not held back.
    while stream.next().name != "beat" {}

    let html = ("Accept", "text/html");
    let answer = ask("POST /drop/upload?dir=dir", &[FORM, origin, html], BODY);
    assert_eq!(
        (answer.status, answer.field("Location")),
        (303, Some("/drop/?dir=dir"))
    );
    let cross = [("Origin", "http://evil.example")];
    assert_eq!(ask("PUT /drop/files/no", &cross, b"").status, 403);

    let begun = ask("POST /drop/uploads", &[TUS, ("Upload-Length", "3")], b"");
    let location = begun.field("Location").unwrap();
    assert!(location.starts_with("/drop/uploads/"), "{location}");
    let piece = [
        TUS,
        ("Upload-Offset", "0"),
        ("Content-Type", "application/offset+octet-stream"),
    ];
    assert_eq!(
        ask(&format!("PATCH {location}"), &piece, b"tus").status,
        204
    );

    for to in ["http://localhost/drop/files/dir/moved", "/drop/files/moved"] {
        let from = if to.starts_with('/') {
            "dir/moved"
        } else {
            "put"
        };
        let answer = ask(
            &format!("MOVE /drop/files/{from}"),
            &[("Destination", to)],
            b"",
        );
        assert_eq!(answer.status, 201, "{to}: {answer:?}");
    }
    let outside = [("Destination", "/files/elsewhere")];
    assert_eq!(ask("MOVE /drop/files/moved", &outside, b"").status, 400);
    assert_eq!(server.read("moved"), b"put");

    // A body is handed on as it comes, of any size, and so is a download.
    let mut wire = Wire::connect(front.address);
    wire.send("PUT /drop/files/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n1");
    wait_for_upload(server);
    wire.send("2");
    assert_eq!(wire.answer(false).status, 201);
    let big = vec![7; 3 << 20];
    assert_eq!(ask("PUT /drop/files/big", &[], &big).status, 201);
    assert_eq!(ask("GET /drop/download/big", &[], b"").body, big);
    assert_eq!(ask("GET /drop/health", &[], b"").body, b"ok\n");
}

#[test]
fn nothing_is_above_the_base_path() {
    let server = behind(|config| config.accounts = vec![ann()]);
    for target in [
        "/",
        "/files/old.txt",
        "/api/status",
        "/events",
        "/dropped/",
        "/health",
    ] {
        assert_eq!(server.get(target).status, 404, "{target}");
    }
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let html = ("Accept", "text/html");
    let answer = server.ask(
        "POST /drop/api/session",
        &[form, html],
        b"name=ann&password=secret",
    );
    assert_eq!(
        (answer.status, answer.field("Location")),
        (303, Some("/drop/"))
    );
    let cookie = answer.field("Set-Cookie").unwrap();
    assert!(cookie.contains("; Path=/drop/;"), "{cookie}");
}

#[test]
fn what_a_proxy_says_of_who_asks_counts_and_what_a_stranger_says_does_not() {
    let server = behind(|config| config.accounts = vec![ann()]);
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let body = "name=ann&password=secret";
    let sign_in = |server: &Instance, fields: &[(&str, &str)]| {
        let fields = [fields, &[form]].concat();
        let answer = server.ask("POST /drop/api/session", &fields, body.as_bytes());
        answer.field("Set-Cookie").unwrap().to_owned()
    };
    let forwarded = [
        ("X-Forwarded-For", "9.9.9.9, 192.0.2.7"),
        ("X-Forwarded-Proto", "https"),
    ];
    assert!(sign_in(&server, &forwarded).ends_with("; Secure"));
    assert!(!sign_in(&server, &[]).contains("Secure"));
    // The line is written after the answer.
    let deadline = std::time::Instant::now() + PATIENCE;
    let is_logged = || {
        server
            .log()
            .iter()
            .any(|line| line.starts_with("192.0.2.7 "))
    };
    while !is_logged() {
        assert!(std::time::Instant::now() < deadline, "{:?}", server.log());
    }
    let lines = server.log();
    assert!(
        lines.iter().all(|line| !line.starts_with("9.9.9.9")),
        "{lines:?}"
    );

    let stranger = behind(|config| {
        config.accounts = vec![ann()];
        config.proxies = vec!["192.0.2.1".parse().unwrap()];
    });
    assert!(!sign_in(&stranger, &forwarded).contains("Secure"));
    assert!(
        stranger
            .log()
            .iter()
            .all(|line| line.starts_with("127.0.0.1 "))
    );
}

#[test]
fn a_proxy_may_hold_more_connections_than_one_address() {
    let server = behind(|config| config.limits.connections_max = Some(4));
    let mut wires: Vec<_> = (0..4).map(|_| server.connect()).collect();
    // Each is in the middle of a request.
    for (i, wire) in wires.iter_mut().enumerate() {
        wire.send(format!(
            "PUT /drop/files/{i} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\
             Expect: 100-continue\r\n\r\n"
        ));
    }
    for mut wire in wires {
        wire.send("x");
        assert_eq!(wire.answer(false).status, 201);
    }
}

#[test]
fn the_urls_that_are_printed_have_the_base_path() {
    let share = tempfile::tempdir().unwrap();
    let mut command = Binary::command();
    command.args(["--listen", "0.0.0.0:0", "--base-path", "drop"]);
    let mut child = command
        .arg(share.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    let stdout = child.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut url).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        url.starts_with("http://127.0.0.1:") && url.ends_with("/drop/\n"),
        "{url}"
    );
}

#[test]
fn a_unix_socket_has_the_mode_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    for mode in [0o600, 0o660, 0o777] {
        let socket = path.clone();
        let mut server = start(|config| {
            config.listen.push(Listen::Unix(socket));
            config.socket_mode = Some(mode);
            config.proxies = vec!["unix".parse().unwrap()];
        });
        let is = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(is & 0o777, mode, "{is:o}");
        let mut curl = Command::new("curl");
        curl.args(["-sf", "-H", "X-Forwarded-For: 192.0.2.9", "--unix-socket"]);
        curl.arg(&path).arg("http://localhost/health");
        assert_eq!(super::harness::reader(&mut curl), "ok\n");
        server.stop();
        let lines = server.log();
        assert!(
            lines.iter().any(|line| line.starts_with("192.0.2.9 ")),
            "{lines:?}"
        );
    }
}
