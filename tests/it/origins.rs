//! What a page of another origin can do by the browser of somebody on this network: nothing, unless
//! `--cors` names it. As literal requests, as browsers send them.

use livedrop::config::{Config, Listen};

use super::harness::{Answer, Instance};

fn with_cors(origins: &[&str]) -> Instance {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        folder: folder.path().to_owned(),
        listen: vec![Listen::Tcp(([127, 0, 0, 1], 0).into())],
        cors: origins.iter().map(|text| text.parse().unwrap()).collect(),
        ..Config::default()
    };
    Instance::start_config(config, folder)
}

/// Requests that change something, as far as their line goes.
const CHANGES: &[&str] = &[
    "PUT /files/new",
    "DELETE /files/a",
    "POST /upload",
    "POST /uploads",
    "PATCH /uploads/0",
    "DELETE /uploads/0",
    "POST /download/",
];

#[test]
fn a_change_from_a_page_of_another_origin_is_403_and_changes_nothing() {
    let server = Instance::start();
    server.write("a", b"a");
    let form = ("Content-Type", "multipart/form-data; boundary=x");
    let body = b"--x\r\nContent-Disposition: form-data; name=f; filename=b\r\n\r\nb\r\n--x--\r\n";
    for line in CHANGES {
        for fields in [
            &[("Origin", "http://evil.example")][..],
            &[("Origin", "http://localhost:1")],
            &[("Origin", "https://localhost:8080")],
            &[("Origin", "null")],
            &[("Origin", "http://localhost, http://evil.example")],
            &[("Origin", "")],
            &[("Sec-Fetch-Site", "cross-site")],
            &[
                ("Origin", "http://localhost"),
                ("Sec-Fetch-Site", "cross-site"),
            ],
        ] {
            let fields = [fields, &[form]].concat();
            let answer = server.ask(line, &fields, body);
            assert_eq!(
                (answer.status, code(&answer)),
                (403, "forbidden".into()),
                "{line} {fields:?}"
            );
        }
    }
    assert_eq!(server.tree(), ["a"]);
    assert_eq!(server.read("a"), b"a");
}

#[test]
fn a_change_from_our_own_page_or_from_no_page_is_done() {
    let server = Instance::start();
    for (i, fields) in [
        &[][..],
        &[("Origin", "http://localhost")],
        &[("Origin", "https://LOCALHOST")],
        &[("Sec-Fetch-Site", "same-origin")],
        &[("Sec-Fetch-Site", "none")],
    ]
    .iter()
    .enumerate()
    {
        let answer = server.ask(&format!("PUT /files/{i}"), fields, b"x");
        assert_eq!(answer.status, 201, "{fields:?}");
    }
    // Behind a proxy that speaks TLS, on a port of its own.
    let proxied = "PUT /files/p HTTP/1.1\r\nHost: nas:8443\r\nOrigin: https://nas:8443\r\n\
                   Content-Length: 0\r\n\r\n";
    let mut wire = server.connect();
    wire.send(proxied);
    assert_eq!(wire.answer(false).status, 201);
}

#[test]
fn a_page_of_another_origin_reads_nothing() {
    let server = Instance::start();
    server.write("a.png", b"a");
    for target in [
        "/files/a.png",
        "/api/list/",
        "/api/status",
        "/",
        "/no",
        "/files/%00",
    ] {
        let fields = [
            ("Origin", "http://evil.example"),
            ("Sec-Fetch-Site", "cross-site"),
        ];
        let answer = server.ask(&format!("GET {target}"), &fields, b"");
        assert_eq!(
            answer.field("Access-Control-Allow-Origin"),
            None,
            "{target}"
        );
        assert_eq!(
            answer.field("Cross-Origin-Resource-Policy"),
            Some("same-origin")
        );
        assert_eq!(answer.field("Referrer-Policy"), Some("same-origin"));
        assert_eq!(answer.field("X-Content-Type-Options"), Some("nosniff"));
    }
    let preflight = [
        ("Origin", "http://evil.example"),
        ("Access-Control-Request-Method", "DELETE"),
    ];
    let answer = server.ask("OPTIONS /files/a.png", &preflight, b"");
    assert_eq!(answer.field("Access-Control-Allow-Methods"), None);
    assert_eq!(answer.field("Access-Control-Allow-Origin"), None);
}

#[test]
fn the_page_runs_no_script_but_its_own_and_stands_in_no_frame() {
    let answer = Instance::start().get("/");
    let policy = answer.field("Content-Security-Policy").unwrap();
    assert!(
        !policy.contains("unsafe") && !policy.contains('*'),
        "{policy}"
    );
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "script-src 'self'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
}

#[test]
fn an_origin_that_cors_names_reads_and_changes_and_its_neighbour_does_not() {
    let server = with_cors(&["https://app.example", "http://localhost:5173"]);
    server.write("a", b"a");
    let ours = ("Origin", "https://app.example");
    let cross = ("Sec-Fetch-Site", "cross-site");
    let asked = [
        ours,
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "if-match,x-oc-mtime"),
    ];
    let answer = server.ask("OPTIONS /files/a", &asked, b"");
    assert_eq!(answer.status, 204);
    assert_eq!(answer.field("Access-Control-Allow-Origin"), Some(ours.1));
    let methods = answer.field("Access-Control-Allow-Methods").unwrap();
    assert!(
        methods.contains("PUT") && methods.contains("DELETE"),
        "{methods}"
    );
    let fields = answer.field("Access-Control-Allow-Headers");
    assert_eq!(fields, Some("if-match,x-oc-mtime"));

    let answer = server.ask("PUT /files/b", &[ours, cross], b"b");
    assert_eq!(answer.status, 201);
    assert_eq!(answer.field("Access-Control-Allow-Origin"), Some(ours.1));
    assert_eq!(answer.field("Vary"), Some("Origin"));
    let exposed = answer.field("Access-Control-Expose-Headers").unwrap();
    for name in [
        "ETag",
        "Location",
        "Upload-Offset",
        "Livedrop-Path",
        "Livedrop-Undo",
    ] {
        assert!(exposed.split(", ").any(|it| it == name), "{name}");
    }
    // A refusal can be read too.
    let answer = server.ask("GET /files/no", &[ours], b"");
    assert_eq!(
        (answer.status, answer.field("Access-Control-Allow-Origin")),
        (404, Some(ours.1))
    );

    for origin in [
        "https://app.example:8443",
        "http://app.example",
        "https://evil.example",
    ] {
        let answer = server.ask("PUT /files/c", &[("Origin", origin)], b"c");
        assert_eq!(answer.status, 403, "{origin}");
        assert_eq!(answer.field("Access-Control-Allow-Origin"), None);
        assert_eq!(answer.field("Vary"), Some("Origin"));
    }
    assert_eq!(server.tree(), ["a", "b"]);
}

#[test]
fn options_without_a_preflight_is_what_it_was() {
    let server = with_cors(&["https://app.example"]);
    let answer = server.ask(
        "OPTIONS /uploads",
        &[("Origin", "https://app.example")],
        b"",
    );
    assert_eq!(answer.status, 204);
    assert!(answer.field("Tus-Version").is_some());
}

fn code(answer: &Answer) -> String {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    body["error"]["code"].as_str().unwrap().to_owned()
}
