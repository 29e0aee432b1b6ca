//! Accounts: who gets in, who may do what, what a wrong password costs, and the page's own signing
//! in and out.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use livedrop::access::hash_password;
use livedrop::config::{Account, Config, Role};
use serde_json::json;

use super::harness::{Answer, Instance, Stream};
use super::modes::{BODY, FORM, LENGTH, ROUTES, TUS, disk, json, start, wait_for_upload};

const ROLES: [(&str, Role); 3] = [
    ("ro", Role::ReadOnly),
    ("rw", Role::ReadWrite),
    ("drop", Role::Drop),
];

fn account(name: &str, role: Role) -> Account {
    Account {
        name: name.into(),
        hash: hash_password(format!("{name}'s").as_bytes()).unwrap(),
        role,
    }
}

/// A server with an account of each role, named like it, and one more.
fn family(adjust: impl FnOnce(&mut Config)) -> Instance {
    start(|config| {
        config.accounts = ROLES.map(|(name, role)| account(name, role)).into();
        config.accounts.push(account("ann", Role::ReadWrite));
        adjust(config);
    })
}

/// The field that a client sends for an account, with a password of the test's choice.
fn basic_with(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

fn basic(name: &str) -> String {
    basic_with(name, &format!("{name}'s"))
}

fn ask_as(server: &Instance, name: &str, line: &str) -> Answer {
    server.ask(
        line,
        &[("Authorization", &basic(name)), FORM, TUS, LENGTH],
        BODY,
    )
}

/// Signs in and gives the cookie as a browser sends it back.
fn sign_in(server: &Instance, name: &str) -> String {
    let body = format!("name={name}&password={name}%27s");
    let fields = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = server.ask("POST /api/session", &fields, body.as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = answer.field("Set-Cookie").unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

const OPEN: [&str; 3] = ["GET /", "GET /web/app.js", "GET /health"];

#[test]
fn each_route_is_open_to_whom_it_should_be_in_each_mode() {
    for (read_only, upload_only) in [(false, false), (true, false), (false, true)] {
        let server = family(|config| {
            config.read_only = read_only;
            config.upload_only = upload_only;
            // What the test itself puts back is no event of a request.
            config.limits.watch_ms = 0;
        });
        for (line, not_reading, not_dropping) in ROUTES {
            let before = disk(server.folder());
            let answer = server.ask(line, &[FORM, TUS, LENGTH], BODY);
            assert_eq!(
                answer.status == 401,
                !OPEN.contains(line),
                "{line}: {answer:?}"
            );
            assert_eq!(disk(server.folder()), before, "{line}");
            for (name, role) in ROLES {
                let is_refused = *not_reading && (read_only || role == Role::ReadOnly)
                    || *not_dropping && (upload_only || role == Role::Drop);
                let event_id =
                    || json(&ask_as(&server, "rw", "GET /api/status"))["event_id"].clone();
                let before = (disk(server.folder()), event_id());
                let answer = ask_as(&server, name, line);
                let case = format!("{line} as {name}, {read_only} {upload_only}: {answer:?}");
                assert_eq!(answer.status == 403, is_refused, "{case}");
                assert_ne!(answer.status, 401, "{case}");
                if is_refused {
                    assert_eq!((disk(server.folder()), event_id()), before, "{case}");
                }
                // What the others have taken away is there again for the next.
                for (name, content) in [("old.txt", "old"), ("dir/in.txt", "in")] {
                    if std::fs::read(server.path(name)).ok() != Some(content.into()) {
                        server.write(name, content.as_bytes());
                    }
                }
            }
        }
    }
}

#[test]
fn nobody_is_told_anything_before_a_byte_of_the_body_is_read() {
    let server = family(|_| {});
    for line in [
        "PUT /files/new",
        "POST /upload",
        "POST /uploads",
        "PATCH /uploads/0",
    ] {
        let mut wire = server.connect();
        wire.send(format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\
             Expect: 100-continue\r\n\r\n"
        ));
        let head = String::from_utf8(wire.rest()).unwrap();
        assert!(head.starts_with("HTTP/1.1 401 "), "{line}: {head}");
    }
    assert_eq!(server.get("/events").status, 401);
}

#[test]
fn curl_is_told_of_basic_and_the_page_of_a_scheme_without_a_dialog() {
    let server = family(|_| {});
    let scheme = |target: &str, fields: &[(&str, &str)]| {
        let answer = server.ask(&format!("GET {target}"), fields, b"");
        assert_eq!(json(&answer)["error"]["code"], "unauthorized");
        let field = answer.field("WWW-Authenticate").unwrap().to_owned();
        field.split(' ').next().unwrap().to_owned()
    };
    for (target, fields, expected) in [
        ("/api/list/", &[][..], "Basic"),
        (
            "/files/old.txt",
            &[("Referer", "http://elsewhere.example/")],
            "Basic",
        ),
        ("/api/list/", &[("Livedrop-Page", "1")], "Livedrop"),
        ("/events", &[], "Livedrop"),
        ("/files/events", &[], "Basic"),
        (
            "/files/old.txt",
            &[("Sec-Fetch-Site", "same-origin")],
            "Livedrop",
        ),
        (
            "/files/old.txt",
            &[("Referer", "http://localhost/?dir=a")],
            "Livedrop",
        ),
    ] {
        assert_eq!(scheme(target, fields), expected, "{target} {fields:?}");
    }
}

#[test]
fn a_wrong_password_and_a_name_that_nobody_has_are_told_the_same() {
    let server = family(|_| {});
    let mut told = Vec::new();
    for (name, password) in [("ann", "wrong"), ("nobody", "ann's"), ("ann", "")] {
        let field = basic_with(name, password);
        let mut answer = server.ask("GET /api/list/", &[("Authorization", &field)], b"");
        answer.fields.retain(|(name, _)| name != "Date");
        told.push((answer.status, answer.fields, answer.body));
    }
    assert_eq!(told[0].0, 401);
    assert!(told[1..].iter().all(|other| *other == told[0]), "{told:?}");
    assert!(
        !server
            .log()
            .iter()
            .any(|line| line.contains("ann's") || line.contains("wrong"))
    );
}

#[test]
fn wrong_passwords_take_longer_and_longer_and_a_right_one_never_waits() {
    let server = family(|_| {});
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let wrong = || {
            let fields = [("Authorization", &*basic_with("ann", "wrong"))];
            let answer = server.ask("GET /api/list/", &fields, b"");
            (
                answer.status,
                begun.elapsed(),
                answer.field("Retry-After").is_some(),
            )
        };
        let tries: Vec<_> = (0..8).map(|_| scope.spawn(wrong)).collect();
        // From the same address, for the same account, while they are held back.
        let right = server.ask("GET /api/list/", &[("Authorization", &basic("ann"))], b"");
        assert_eq!(right.status, 200);
        let waited = begun.elapsed();
        let tries = tries.into_iter().map(|thread| thread.join().unwrap());
        let mut tries: Vec<_> = tries.collect();
        tries.sort();
        let statuses: Vec<_> = tries.iter().map(|(status, ..)| *status).collect();
        assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
        assert!(
            tries
                .iter()
                .all(|(status, _, retry)| (*status == 429) == *retry)
        );
        let last = tries[4].1;
        assert!(
            last >= Duration::from_secs(4) && waited < last,
            "{waited:?} {tries:?}"
        );
    });
    // Nobody is locked out.
    assert_eq!(ask_as(&server, "ann", "GET /api/list/").status, 200);
    assert!(!sign_in(&server, "ann").is_empty());
}

#[test]
fn the_page_signs_in_and_out_by_a_cookie_that_no_script_and_no_other_site_gets() {
    let server = family(|_| {});
    let body = "name=ann&password=ann%27s";
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let answer = server.ask("POST /api/session", &[form], body.as_bytes());
    assert_eq!(answer.status, 200);
    assert_eq!(json(&answer), json!({ "name": "ann", "role": "rw" }));
    let cookie = answer.field("Set-Cookie").unwrap().to_owned();
    let name = format!("livedrop-{}=", server.address.port());
    assert!(cookie.starts_with(&name), "{cookie}");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.split("; ").any(|it| it == part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    let cookie = cookie.split(';').next().unwrap();
    let others = format!("a=b; {cookie}; livedrop-1=x");
    let status = server.ask("GET /api/status", &[("Cookie", &others)], b"");
    assert_eq!(
        json(&status)["account"],
        json!({ "name": "ann", "role": "rw" })
    );

    let out = server.ask("DELETE /api/session", &[("Cookie", cookie)], b"");
    assert_eq!(out.status, 204);
    assert!(out.field("Set-Cookie").unwrap().contains("Max-Age=0"));
    let after = server.ask("GET /api/status", &[("Cookie", cookie)], b"");
    assert_eq!(after.status, 401);
    // A plain form goes on to the page.
    let html = ("Accept", "text/html");
    let answer = server.ask("POST /api/session", &[form, html], body.as_bytes());
    assert_eq!((answer.status, answer.field("Location")), (303, Some("/")));
    assert!(!server.log().iter().any(|line| line.contains("ann's")));
}

#[test]
fn a_sign_in_that_is_none_is_refused() {
    let server = family(|_| {});
    let json = ("Content-Type", "application/json");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let long = format!("name=ann&password={}", "x".repeat(4096));
    for (fields, body, status) in [
        (&[json][..], r#"{"name":"ann","password":"ann's"}"#, 415),
        (&[form], "name=ann", 400),
        (&[form], &long, 413),
        (
            &[("Content-Type", "text/plain")],
            "name=ann&password=x",
            415,
        ),
        (
            &[form, ("Origin", "http://evil.example")],
            "name=ann&password=ann%27s",
            403,
        ),
        (&[form], "name=ann&password=wrong", 401),
    ] {
        let answer = server.ask("POST /api/session", fields, body.as_bytes());
        assert_eq!(answer.status, status, "{body}");
        assert_eq!(answer.field("Set-Cookie"), None);
    }
    assert_eq!(
        start(|_| {}).ask("POST /api/session", &[form], b"").status,
        404
    );
}

#[test]
fn a_stream_ends_with_its_session_and_another_goes_on() {
    let server = family(|_| {});
    let (one, other) = (sign_in(&server, "ann"), sign_in(&server, "ann"));
    let open = |cookie: &str| {
        let mut stream = Stream::open(server.address, "/events", &[("Cookie", cookie)]);
        assert_eq!(stream.next().name, "ready");
        stream
    };
    let (mine, mut theirs) = (open(&one), open(&other));
    server.ask("DELETE /api/session", &[("Cookie", &one)], b"");
    assert!(mine.ends());
    ask_as(&server, "ann", "PUT /files/new");
    assert_eq!(theirs.next_change().name, "upload");
}

#[test]
fn an_upload_is_its_owners_alone_and_its_id_is_told_nobody_else() {
    let server = family(|_| {});
    let watch = |name: &str| {
        let field = basic(name);
        let mut stream = Stream::open(server.address, "/events", &[("Authorization", &field)]);
        assert_eq!(stream.next().name, "ready");
        stream
    };
    let (mut own, mut other) = (watch("ann"), watch("rw"));
    let fields = [("Authorization", &*basic("ann")), TUS, LENGTH];
    let begun = server.ask("POST /uploads", &fields, b"");
    let location = begun.field("Location").unwrap().to_owned();
    let id = location.rsplit('/').next().unwrap();
    assert_eq!(own.next().data["upload"], id);
    let told = other.next();
    assert_eq!(
        (told.name.as_str(), told.data.get("upload")),
        ("progress", None)
    );
    let uploads = |name| json(&ask_as(&server, name, "GET /api/status"))["uploads"].clone();
    assert_eq!(uploads("ann")[0]["upload"], id);
    assert_eq!(uploads("rw")[0]["path"], id);
    assert_eq!(uploads("rw")[0].get("upload"), None);
    assert_eq!(uploads("drop"), json!([]));
    for (name, status) in [("rw", 404), ("drop", 404), ("ro", 403), ("ann", 200)] {
        assert_eq!(
            ask_as(&server, name, &format!("HEAD {location}")).status,
            status,
            "{name}"
        );
    }
    assert_eq!(
        ask_as(&server, "rw", &format!("DELETE {location}")).status,
        404
    );
    assert_eq!(
        ask_as(&server, "ann", &format!("DELETE {location}")).status,
        204
    );
}

#[test]
fn a_put_of_another_account_is_shown_without_its_id() {
    let server = family(|_| {});
    let mut wire = server.connect();
    let field = basic("ann");
    wire.send(format!(
        "PUT /files/new HTTP/1.1\r\nHost: localhost\r\nAuthorization: {field}\r\n\
         Content-Length: 2\r\n\r\n1"
    ));
    wait_for_upload(&server);
    let uploads = |name| json(&ask_as(&server, name, "GET /api/status"))["uploads"].clone();
    assert!(uploads("ann")[0]["upload"].is_string());
    assert_eq!(uploads("ro")[0]["path"], "new");
    assert_eq!(uploads("ro")[0].get("upload"), None);
    wire.send("2");
    assert_eq!(wire.answer(false).status, 201);
}
