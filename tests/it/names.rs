//! Names from hostile clients and hostile disks: exact when they are allowed, refused when they are
//! not, and never a way out of the shared folder.

use std::os::unix::fs::symlink;

use crate::harness::{Instance, tree};

/// Names that are allowed and exact, with how they stand in a URL.
const ALLOWED: [(&str, &str); 14] = [
    (
        "<img src=x onerror=alert(1)>.html",
        "%3Cimg%20src=x%20onerror=alert(1)%3E.html",
    ),
    ("%2e%2e", "%252e%252e"),
    (
        "\"quoted\" 'and' 💧.txt",
        "%22quoted%22%20'and'%20%F0%9F%92%A7.txt",
    ),
    ("-rf", "-rf"),
    ("a#b?c&d=e+f;g", "a%23b%3Fc&d=e+f;g"),
    (" spaces ", "%20spaces%20"),
    ("CON", "CON"),
    ("back\\slash", "back%5Cslash"),
    ("...", "..."),
    ("ä", "a%CC%88"),
    ("ä", "%C3%A4"),
    ("A", "A"),
    ("a", "a"),
    (".livedrops", ".livedrops"),
];

#[test]
fn allowed_names_are_created_listed_served_and_deleted_exactly() {
    let server = Instance::start();
    // The first of the two is written with a combining mark, and is another name.
    let name_of = |(name, encoded): (&str, &str)| match encoded {
        "a%CC%88" => "a\u{308}".to_owned(),
        _ => name.to_owned(),
    };
    for (i, row) in ALLOWED.into_iter().enumerate() {
        let put = server.ask(
            &format!("PUT /files/{}", row.1),
            &[],
            i.to_string().as_bytes(),
        );
        assert_eq!(put.status, 201, "{row:?}");
    }
    let mut names: Vec<String> = ALLOWED.into_iter().map(name_of).collect();
    names.sort();
    assert_eq!(server.tree(), names);
    let list = server.get("/api/list/").json();
    let mut listed: Vec<String> = list["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect();
    listed.sort();
    assert_eq!(listed, names);
    for (i, row) in ALLOWED.into_iter().enumerate() {
        assert_eq!(
            server.get(&format!("/files/{}", row.1)).text(),
            i.to_string(),
            "{row:?}"
        );
        assert_eq!(
            server.get(&format!("/download/{}", row.1)).text(),
            i.to_string()
        );
        assert_eq!(
            server
                .ask(&format!("DELETE /files/{}", row.1), &[], b"")
                .status,
            204
        );
    }
    assert_eq!(server.tree(), [""; 0]);
}

/// A server whose folder lies beside a file that nobody may reach.
fn with_canary() -> (tempfile::TempDir, Instance) {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("canary"), b"secret").unwrap();
    let folder = tempfile::tempdir_in(outside.path()).unwrap();
    let config = livedrop::config::Config {
        folder: folder.path().to_owned(),
        listen: vec![livedrop::config::Listen::Tcp(([127, 0, 0, 1], 0).into())],
        ..Default::default()
    };
    let server = Instance::start_config(config, folder);
    server.write("folder/file", b"1");
    (outside, server)
}

#[test]
fn refused_names_are_refused_on_every_route_and_reach_nothing() {
    let (outside, server) = with_canary();
    let before = tree(outside.path());
    let over = "n".repeat(256);
    let long = "p/".repeat(2048) + "p";
    for name in [
        "../canary",
        "%2e%2e/canary",
        "..%2fcanary",
        "%2e%2e%2fcanary",
        "folder/../../canary",
        "folder/%2e%2e/%2e%2e/canary",
        "/canary",
        "//canary",
        "%2fcanary",
        "folder%2ffile",
        "folder//file",
        "./file",
        "folder/.",
        "folder/..",
        "a%00b",
        "%zz",
        "%",
        &over,
        &long,
    ] {
        for line in [
            format!("GET /files/{name}"),
            format!("GET /download/{name}"),
            format!("GET /api/list/{name}"),
            format!("PUT /files/{name}"),
            format!("DELETE /files/{name}"),
        ] {
            let answer = server.ask(&line, &[], b"");
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, "bad_name"),
                "{line}"
            );
        }
    }
    for control in ["a%0ab", "a%0d", "%1b", "a%7f", "%ff"] {
        let answer = server.ask(&format!("PUT /files/{control}"), &[], b"");
        assert_eq!(answer.code(), "bad_name", "{control}");
    }
    assert_eq!(tree(outside.path()), before);
    assert_eq!(
        std::fs::read(outside.path().join("canary")).unwrap(),
        b"secret"
    );
}

#[test]
fn refused_names_are_refused_in_forms() {
    let (outside, server) = with_canary();
    let before = tree(outside.path());
    let fields = [("Content-Type", "multipart/form-data; boundary=b")];
    for name in [
        "../canary",
        "folder/../../canary",
        "/canary",
        "a//b",
        "./a",
        "a/.",
        "..",
        "a\0b",
        "a%0Ab",
        ".livedrop/x",
        ".livedrop-1",
        "\x01",
    ] {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; filename=\"{name}\"\r\n\r\nx\r\n--b--\r\n"
        );
        let answer = server.ask("POST /upload", &fields, body.as_bytes());
        assert_eq!(answer.status, 400, "{name:?}");
        let below = server.ask("POST /upload?dir=../", &fields, body.as_bytes());
        assert_eq!(below.code(), "bad_name");
    }
    assert_eq!(tree(outside.path()), before);
}

#[test]
fn what_is_livedrops_own_does_not_exist_for_clients() {
    let server = Instance::start();
    std::fs::create_dir(server.path(".livedrop")).unwrap();
    server.write(".livedrop/secret", b"1");
    server.write("folder/.livedrop-123456", b"1");
    server.write("folder/.livedrop", b"visible");
    let before = server.tree();
    assert_eq!(
        server.get("/api/list/").json()["entries"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let list = server.get("/api/list/folder").json();
    assert_eq!(list["entries"].as_array().unwrap().len(), 1);
    assert_eq!(list["entries"][0]["name"], ".livedrop");
    for name in [
        ".livedrop",
        ".livedrop/secret",
        "folder/.livedrop-123456",
        ".LIVEDROP/secret",
    ] {
        assert_eq!(server.get(&format!("/files/{name}")).status, 404, "{name}");
        assert_eq!(
            server.get(&format!("/api/list/{name}")).status,
            404,
            "{name}"
        );
        assert_eq!(
            server.ask(&format!("PUT /files/{name}"), &[], b"2").status,
            400,
            "{name}"
        );
        assert_eq!(
            server
                .ask(&format!("DELETE /files/{name}"), &[], b"")
                .status,
            404,
            "{name}"
        );
    }
    symlink("..", server.path("folder/up")).unwrap();
    assert_eq!(server.get("/files/folder/up/.livedrop/secret").status, 404);
    assert_eq!(server.get("/api/list/folder/up/.livedrop").status, 404);
    let list = server.get("/api/list/folder/up").json();
    assert_eq!(list["entries"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(
        server.get("/files/folder/up/folder/.livedrop").body,
        b"visible"
    );
    std::fs::remove_file(server.path("folder/up")).unwrap();
    assert_eq!(server.tree(), before);
}

#[test]
fn links_inside_work_and_links_out_lead_nowhere() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("canary"), b"secret").unwrap();
    let server = Instance::start();
    server.write("real/file", b"inside");
    symlink("real/file", server.path("relative")).unwrap();
    symlink(server.path("real/file"), server.path("absolute")).unwrap();
    symlink(server.path("real"), server.path("folder")).unwrap();
    symlink("/real/file", server.path("rooted")).unwrap();
    symlink(outside.path().join("canary"), server.path("out")).unwrap();
    symlink(outside.path(), server.path("outdir")).unwrap();
    symlink("../../../../../../etc/hostname", server.path("climb")).unwrap();
    symlink("circle", server.path("circle")).unwrap();
    for name in ["relative", "absolute", "rooted", "folder/file"] {
        assert_eq!(
            server.get(&format!("/files/{name}")).body,
            b"inside",
            "{name}"
        );
    }
    assert_eq!(
        server.get("/api/list/folder").json()["entries"][0]["name"],
        "file"
    );
    for line in [
        "GET /files/out",
        "GET /download/out",
        "GET /files/outdir/canary",
        "GET /api/list/outdir",
        "PUT /files/outdir/new",
        "DELETE /files/outdir/canary",
        "GET /files/climb",
        "GET /files/circle",
    ] {
        let answer = server.ask(line, &[], b"");
        assert!(
            [403, 404, 500].contains(&answer.status),
            "{line}: {answer:?}"
        );
        assert!(answer.status != 500, "{line}: {answer:?}");
    }
    assert_eq!(tree(outside.path()), ["canary"]);
    // A write to a link replaces the link.
    assert_eq!(server.ask("PUT /files/out", &[], b"mine").status, 204);
    assert_eq!(server.ask("PUT /files/relative", &[], b"mine").status, 204);
    assert_eq!(server.read("real/file"), b"inside");
    assert!(!server.path("out").is_symlink());
    // One below a linked folder lands in the folder.
    assert_eq!(server.ask("PUT /files/folder/new", &[], b"x").status, 201);
    assert_eq!(server.read("real/new"), b"x");
    assert_eq!(
        std::fs::read(outside.path().join("canary")).unwrap(),
        b"secret"
    );
}

#[test]
fn what_is_no_file_is_listed_and_refused_without_a_wait() {
    let server = Instance::start();
    let fifo = server.path("fifo");
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::Mode::from_raw_mode(0o644),
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(server.path("socket")).unwrap();
    for name in ["fifo", "socket"] {
        let answer = server.get(&format!("/files/{name}"));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "forbidden"),
            "{name}"
        );
    }
    let list = server.get("/api/list/").json();
    assert!(
        list["entries"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["kind"] == "other")
    );
    assert_eq!(server.ask("DELETE /files/fifo", &[], b"").status, 204);
}

#[test]
fn a_folder_as_deep_as_a_path_goes_is_deleted_and_the_server_lives() {
    let server = Instance::start();
    let deep = "a/".repeat(1_200);
    assert_eq!(
        server.ask(&format!("PUT /files/{deep}f"), &[], b"x").status,
        201
    );
    assert_eq!(server.ask("DELETE /files/a", &[], b"").status, 204);
    assert_eq!(server.tree(), [""; 0]);
    assert_eq!(server.get("/health").status, 200);
}
