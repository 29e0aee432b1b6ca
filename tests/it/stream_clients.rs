//! Other people's clients on the event stream: EventSource of npm, httpx-sse of PyPI and curl. They
//! hear what is done by us and beside us, and come back after a cut line and a killed server.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;

use serde_json::Value;

use crate::harness::{Binary, Endurance, PATIENCE, Proxy, driver, lines};

/// A client that prints a line for each event, until it is dropped.
struct Listener {
    child: Child,
    lines: Receiver<String>,
}

impl Listener {
    fn start(mut command: Command) -> Listener {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}; `make test-rust` installs it"));
        let lines = lines(child.stdout.take().unwrap());
        Listener { child, lines }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("it hears of it")
    }

    /// The next event: its name, and the path in its data if it has one.
    fn next(&self) -> (String, String) {
        let event: Value = serde_json::from_str(&self.line()).unwrap();
        let path = event[2]["path"].as_str().unwrap_or_default();
        (event[0].as_str().unwrap().into(), path.into())
    }

    fn hears(&self, name: &str, path: &str) {
        assert_eq!(self.next(), (name.into(), path.into()));
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Does one thing of each kind, and holds that it is heard.
fn hears_what_happens(listener: &Listener, server: &Binary, folder: &std::path::Path) {
    let put = |content: &[u8]| server.ask("PUT /files/a%0ab", &[], content).status;
    assert_eq!(put(b"1"), 400, "no name has a line end");
    server.ask("PUT /files/new", &[], b"1");
    listener.hears("upload", "new");
    server.ask("PUT /files/new", &[], b"12");
    listener.hears("update", "new");
    std::fs::write(folder.join("by \u{fc}sb\n.txt"), b"from outside").unwrap();
    listener.hears("upload", "by \u{fc}sb\n.txt");
    server.ask("MOVE /files/new", &[("Destination", "/files/old")], b"");
    listener.hears("move", "old");
    server.ask("DELETE /files/old", &[], b"");
    listener.hears("delete", "old");
    server.ask("MKCOL /files/folder", &[], b"");
    listener.hears("folder", "folder");
}

/// One that comes back by itself.
fn hears_and_comes_back(command: impl Fn(&str) -> Command) {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let address = server.address.to_string();
    let listener = Listener::start(command(&format!("http://{address}/events?dir=")));
    listener.hears("ready", "");
    hears_what_happens(&listener, &server, folder.path());

    server.kill();
    let mut again = Binary::command();
    again
        .args(["--quiet", "--listen", &address])
        .arg(folder.path());
    let server = Binary::spawn(again);
    // Another start knows nothing of the ids before it.
    listener.hears("reset", "");
    listener.hears("ready", "");
    server.ask("PUT /files/after", &[], b"1");
    listener.hears("upload", "after");
}

/// One that comes back by itself, on a line that is cut again and again.
fn misses_nothing(command: impl Fn(&str) -> Command) {
    const FILES: usize = 60;
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    // Each connection lasts for the opening and a few events.
    let endurance = Endurance {
        to_client_max: 1500,
        to_server_max: u64::MAX,
    };
    let proxy = Proxy::start(server.address, endurance);
    let listener = Listener::start(command(&format!("http://{}/events", proxy.address)));
    listener.hears("ready", "");
    for number in 0..FILES {
        server.ask(&format!("PUT /files/{number}"), &[], b"1");
    }
    let uploads = std::iter::repeat_with(|| listener.next()).filter(|(name, _)| name != "ready");
    let heard: Vec<_> = uploads.take(FILES).collect();
    let all: Vec<_> = (0..FILES)
        .map(|number| ("upload".to_owned(), number.to_string()))
        .collect();
    assert_eq!(heard, all);
    assert!(proxy.cuts() > 3, "{}", proxy.cuts());
}

fn eventsource(url: &str) -> Command {
    driver("node", "tests/web/clients/eventsource.mjs", &[url])
}

fn httpx_sse(url: &str) -> Command {
    driver("python3", "tests/it/drivers/httpx_sse_listen.py", &[url])
}

#[test]
fn eventsource_of_npm_hears_everything_and_comes_back() {
    hears_and_comes_back(eventsource);
}

#[test]
fn eventsource_of_npm_misses_nothing_on_a_bad_line() {
    misses_nothing(eventsource);
}

#[test]
fn httpx_sse_hears_everything_and_comes_back() {
    hears_and_comes_back(httpx_sse);
}

#[test]
fn httpx_sse_misses_nothing_on_a_bad_line() {
    misses_nothing(httpx_sse);
}

#[test]
fn curl_shows_each_event_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let mut curl = Command::new("curl");
    curl.args(["-sN", &format!("{}events", server.url)]);
    let listener = Listener::start(curl);
    let next = |wanted: &str| {
        while !listener.line().starts_with(wanted) {}
    };
    next("event: ready");
    server.ask("PUT /files/a", &[], b"1");
    next("event: upload");
    assert!(listener.line().starts_with("data: {"), "and its data");
    server.ask("DELETE /files/a", &[], b"");
    next("event: delete");
}
