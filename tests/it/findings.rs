//! What went wrong in other file servers, each finding as a test: names of the trackers' entries
//! stand beside it. Some are tested in more depth where their feature is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::harness::{Instance, Wire, tree};
use super::modes::{BODY, FORM, TUS, disk, start};

/// What only a file outside of the share holds.
const CANARY: &str = "canary-7f3a";

/// A share inside a folder with something beside it that nobody may reach.
struct Beside {
    server: Instance,
    outside: std::path::PathBuf,
}

fn beside() -> Beside {
    let server = start(|_| {});
    let outside = tempfile::tempdir_in(server.folder().parent().unwrap()).unwrap();
    let outside = outside.keep();
    std::fs::write(outside.join("secret"), CANARY).unwrap();
    Beside { server, outside }
}

impl Beside {
    /// Ways up and out, as they would have to be written before they are encoded.
    fn ways_out(&self) -> Vec<String> {
        let folder = self.outside.file_name().unwrap().to_str().unwrap();
        [
            format!("../{folder}/secret"),
            format!("dir/../../{folder}/secret"),
            format!("..\\{folder}\\secret"),
            format!("%2e%2e/{folder}/secret"),
            format!("..%2f{folder}%2fsecret"),
            format!("/{}/secret", self.outside.display()),
            self.outside.join("secret").display().to_string(),
            format!("./../{folder}/secret"),
            format!("..\0/{folder}/secret"),
            format!(".../{folder}/secret"),
            format!(".. /{folder}/secret"),
        ]
        .into()
    }

    fn assert_untouched(&self, case: &str) {
        assert_eq!(tree(&self.outside), ["secret"], "{case}");
        assert_eq!(
            std::fs::read(self.outside.join("secret")).unwrap(),
            CANARY.as_bytes(),
            "{case}"
        );
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.outside);
    }
}

/// Percent-encodes all but letters and digits.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// miniserve 518 and 590, simple-http-server 51, HFS, CVE-2023-37474, GHSA-fwj3-42wh-8673,
/// GHSA-qqqm-5547-774x, GHSA-vvp7-h4fj-m28w, CVE-2026-61505.
#[test]
fn no_name_leads_out_in_a_url_a_form_a_field_or_a_parameter() {
    let share = beside();
    let server = &share.server;
    for way in share.ways_out() {
        let name = encoded(&way);
        let slashes = name.replace("%2F", "/");
        let form = format!(
            "--x\r\nContent-Disposition: form-data; name=f; filename=\"{way}\"\r\n\r\nevil\r\n--x--\r\n"
        );
        for path in [
            &name,
            &slashes,
            &way.replace('\0', "%00").replace(' ', "%20"),
        ] {
            for line in [
                "GET /files/{}",
                "GET /download/{}",
                "PUT /files/{}",
                "DELETE /files/{}",
                "MKCOL /files/{}",
                "GET /api/list/{}",
                "GET /web/{}",
                "GET /uploads/{}",
                "DELETE /uploads/{}",
                "PATCH /uploads/{}",
                "POST /api/undo/{}",
                "GET /?lang={}",
                "GET /api/search?q=secret&dir={}",
                "POST /upload?dir={}",
                "POST /download/{}",
            ] {
                let line = line.replace("{}", path);
                let answer = server.ask(&line, &[FORM, TUS, ("Upload-Offset", "0")], BODY);
                let told = String::from_utf8_lossy(&answer.body);
                assert!(!told.contains(CANARY), "{line}: {told}");
                share.assert_untouched(&line);
            }
            let to = format!("/files/{path}");
            for method in ["MOVE", "COPY"] {
                server.ask(
                    &format!("{method} /files/old.txt"),
                    &[("Destination", &to)],
                    b"",
                );
                share.assert_untouched(&to);
                server.write("old.txt", b"old");
            }
        }
        server.ask("POST /upload", &[FORM], form.as_bytes());
        share.assert_untouched(&form);
        let way = STANDARD.encode(&way);
        for wish in [
            format!("filename {way}"),
            format!("dir {way},filename YQ=="),
        ] {
            let fields = [TUS, ("Upload-Length", "0"), ("Upload-Metadata", &*wish)];
            server.ask("POST /uploads", &fields, b"");
            share.assert_untouched(&wish);
        }
        let selection = ("Content-Type", "application/x-www-form-urlencoded");
        let body = format!("name={name}");
        let answer = server.ask("POST /download/dir", &[selection], body.as_bytes());
        assert_ne!(answer.status, 200, "{body}");
    }
}

/// CVE-2026-54094 (also by tus), miniserve 781, 802 and 1495, dufs 670, static-web-server 639.
#[test]
fn no_link_leads_out_to_read_or_to_write() {
    let share = beside();
    let server = &share.server;
    let link = |name| std::os::unix::fs::symlink(&share.outside, server.path(name)).unwrap();
    link("out");
    std::os::unix::fs::symlink("/etc/passwd", server.path("passwd")).unwrap();
    for target in [
        "/files/out/secret",
        "/download/out/secret",
        "/download/out",
        "/api/list/out",
        "/files/passwd",
        "/download/passwd",
        "/api/search?q=secret&dir=out",
    ] {
        let answer = server.get(target);
        assert_ne!(
            answer.status,
            200,
            "{target}: {:?}",
            String::from_utf8_lossy(&answer.body)
        );
    }
    let zip = server.get("/download/").body;
    assert!(memchr::memmem::find(&zip, b"root:").is_none());
    let (out, name) = ("b3V0", "ZXZpbA==");
    let wish = format!("dir {out},filename {name}");
    let fields = [TUS, ("Upload-Length", "0"), ("Upload-Metadata", &*wish)];
    server.ask("POST /uploads", &fields, b"");
    for line in [
        "PUT /files/out/evil",
        "MKCOL /files/out/evil",
        "POST /upload?dir=out",
        "DELETE /files/out/secret",
    ] {
        server.ask(line, &[FORM], BODY);
        share.assert_untouched(line);
    }
    server.ask(
        "MOVE /files/old.txt",
        &[("Destination", "/files/out/evil")],
        b"",
    );
    server.ask("DELETE /files/out", &[], b"");
    share.assert_untouched("the link itself");
}

/// filebrowser 2570, GHSA-mmpx-jh39-wrv6, CVE-2026-61504, simple-http-server 58, CVE-2023-38501.
#[test]
fn no_file_and_no_name_runs_a_script_or_ends_a_line() {
    let server = start(|_| {});
    for name in [
        "a.html", "a.svg", "a.xml", "a.xhtml", "a.htm", "a.mhtml", "a.xsl",
    ] {
        server.write(name, b"<script>alert(1)</script>");
        let answer = server.get(&format!("/files/{name}"));
        let policy = answer.field("Content-Security-Policy").unwrap();
        assert!(
            policy.contains("sandbox") && !policy.contains("allow-scripts"),
            "{name}"
        );
        assert_eq!(
            answer.field("X-Content-Type-Options"),
            Some("nosniff"),
            "{name}"
        );
    }
    let mut stream = server.stream("/events", &[]);
    assert_eq!(stream.next().name, "ready");
    let name = "<img src=x onerror=alert(1)>";
    assert_eq!(
        server
            .ask(&format!("PUT /files/{}", encoded(name)), &[], b"")
            .status,
        201
    );
    assert_eq!(stream.next_change().data["path"], name);
    // It cannot be made by a client, but somebody else can put it there.
    let broken = "a\r\nSet-Cookie: x=y\n\ndata: {}";
    server.write(broken, b"x");
    let answer = server.get(&format!("/download/{}", encoded(broken)));
    assert_eq!((answer.status, answer.field("Set-Cookie")), (200, None));
    assert!(answer.field("Content-Disposition").is_some());
    server.ask(&format!("DELETE /files/{}", encoded(broken)), &[], b"");
    // What is read frame by frame has one frame for it.
    while stream.next_change().name != "delete" {}
    let refusal = server.get("/files/%3Cscript%3Ealert(1)%3C/script%3E");
    assert_eq!(refusal.field("Content-Type"), Some("application/json"));
    assert!(!String::from_utf8_lossy(&refusal.body).contains("script"));
}

/// simple-http-server 57, CVE-2026-61502.
#[test]
fn no_get_changes_anything_and_no_form_of_another_site() {
    let server = start(|_| {});
    let before = disk(server.folder());
    for target in [
        "/files/old.txt?delete",
        "/files/old.txt?action=delete",
        "/api/undo/0",
        "/upload?dir=x",
        "/uploads",
        "/api/session",
        "/api/list/?mkdir=x",
        "/files/old.txt?_method=DELETE",
        "/?delete=old.txt",
    ] {
        let override_field = ("X-HTTP-Method-Override", "DELETE");
        server.ask(&format!("GET {target}"), &[override_field], b"");
        assert_eq!(disk(server.folder()), before, "{target}");
    }
    for origin in ["http://evil.example", "null"] {
        let fields = [FORM, ("Origin", origin), ("Sec-Fetch-Site", "cross-site")];
        assert_eq!(server.ask("POST /upload", &fields, BODY).status, 403);
    }
    assert_eq!(disk(server.folder()), before);
}

/// DFIR-Companion 305, canonry 1177.
#[test]
fn a_rebound_name_is_told_nothing_on_any_route() {
    let server = start(|_| {});
    for line in [
        "GET /",
        "GET /files/old.txt",
        "GET /events",
        "PUT /files/x",
        "OPTIONS /uploads",
    ] {
        let mut wire = server.connect();
        let end = "\r\nContent-Length: 0\r\n\r\n";
        wire.send(format!(
            "{line} HTTP/1.1\r\nHost: rebound.evil.example:8080{end}"
        ));
        assert_eq!(wire.answer(false).status, 421, "{line}");
    }
}

/// filebrowser 4daddec.
#[test]
fn a_body_is_as_long_as_it_was_said_to_be() {
    let server = start(|_| {});
    let mut wire = server.connect();
    wire.send("PUT /files/short HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc");
    wire.end();
    wire.rest();
    let mut wire = server.connect();
    wire.send("PUT /files/long HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabcdef");
    assert_eq!(wire.answer(false).status, 201);
    assert_eq!(server.read("long"), b"abc");
    let begun = server.ask("POST /uploads", &[TUS, ("Upload-Length", "3")], b"");
    let line = format!("PATCH {}", begun.field("Location").unwrap());
    let piece = ("Content-Type", "application/offset+octet-stream");
    let at = ("Upload-Offset", "0");
    assert_eq!(server.ask(&line, &[TUS, piece, at], b"abcdef").status, 413);
    let chunks = b"6\r\nabcdef\r\n0\r\n\r\n";
    let mut wire: Wire = server.connect();
    wire.send(format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
         Content-Type: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        piece.1
    ));
    wire.send(chunks);
    assert_eq!(wire.answer(false).status, 413);
    assert!(!server.path("short").exists());
}

/// GHSA-83xp.
#[test]
fn a_backslash_in_a_name_is_no_way_out_of_an_archive() {
    let server = start(|_| {});
    server.write("dir/..\\..\\evil", b"x");
    let zip = server.get("/download/dir").body;
    assert!(memchr::memmem::find(&zip, b"..\\").is_none());
}

/// CVE-2026-61500 and -61501.
#[test]
fn a_session_cannot_be_forged_and_a_failed_sign_in_shows_nothing_of_what_was_typed() {
    use livedrop::config::{Account, Role};
    let server = start(|config| {
        config.accounts = vec![Account {
            name: "ann".into(),
            hash: livedrop::access::hash_password(b"secret").unwrap(),
            role: Role::ReadWrite,
        }];
    });
    let port = server.address.port();
    for token in [
        "",
        "ann",
        "0",
        "null",
        "true",
        &"A".repeat(43),
        &"A".repeat(4000),
    ] {
        for name in [
            format!("livedrop-{port}"),
            "livedrop-80".into(),
            "livedrop".into(),
        ] {
            let cookie = format!("{name}={token}");
            let answer = server.ask("GET /api/list/", &[("Cookie", &cookie)], b"");
            assert_eq!(answer.status, 401, "{cookie}");
        }
    }
    let body = b"name=%3Cscript%3Ealert(1)%3C/script%3E&password=x";
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let answer = server.ask("POST /api/session", &[form], body);
    assert_eq!(
        (answer.status, answer.field("Content-Type")),
        (401, Some("application/json"))
    );
    assert!(!String::from_utf8_lossy(&answer.body).contains("script"));
}
