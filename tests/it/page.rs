//! The page as the server makes it: with its list for browsers that run no script, with its address
//! as a code, and with the icon that browsers ask for by an old name.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::harness::Instance;

/// The part of the page that the server writes anew for each folder.
fn list(server: &Instance, target: &str) -> String {
    let page = server.get(target);
    let page = page.text();
    let start = page.find("<div class=\"plain").unwrap();
    let end = page[start..].find("</div>").unwrap();
    page[start..start + end].to_owned()
}

#[test]
fn the_page_comes_with_the_list_of_its_folder() {
    let server = Instance::start();
    fs::create_dir_all(server.folder().join("a b/inner")).unwrap();
    fs::write(server.folder().join("a b/x.txt"), "12345").unwrap();
    fs::write(server.folder().join("top.txt"), "").unwrap();
    let root = list(&server, "/");
    assert!(
        root.contains("<a href=\"./?dir=a%20b\"><bdi>a b</bdi>/</a>"),
        "{root}"
    );
    assert!(root.contains("<a href=\"files/top.txt\">"), "{root}");
    for target in [
        "/?dir=a%20b",
        "/?dir=a%20b/",
        "/?file=a%20b/x.txt",
        "/?file=a%20b%2Fx.txt",
    ] {
        let folder = list(&server, target);
        assert!(
            folder.contains("href=\"files/a%20b/x.txt\""),
            "{target}: {folder}"
        );
        assert!(
            folder.contains("href=\"download/a%20b/x.txt\""),
            "{target}: {folder}"
        );
        assert!(
            folder.contains("action=\"upload?dir=a%20b\""),
            "{target}: {folder}"
        );
        assert!(!folder.contains("top.txt"), "{target}: {folder}");
    }
    for target in [
        "/?dir=none",
        "/?dir=..",
        "/?dir=top.txt",
        "/?dir=%00",
        "/?dir=.livedrop",
    ] {
        assert_eq!(server.get(target).status, 200, "{target}");
        assert!(
            list(&server, target).contains("cannot be shown"),
            "{target}"
        );
    }
}

#[test]
fn no_name_becomes_a_part_of_the_page() {
    let server = Instance::start();
    let names: [&[u8]; 5] = [
        b"<script>alert(1)<!--.txt",
        b"\"' onmouseover=alert(1) x=\".txt",
        b"two\nlines.txt",
        b"no \xFF utf-8.txt",
        b"&lt;b&gt;.txt",
    ];
    for name in names {
        let name = Path::new(std::ffi::OsStr::from_bytes(name));
        fs::write(server.folder().join(name), "").unwrap();
    }
    let list = list(&server, "/");
    assert!(!list.contains("<script"), "{list}");
    assert!(!list.contains("<!--"), "{list}");
    assert!(list.contains("&quot;&#39; onmouseover=alert(1)"), "{list}");
    assert!(
        list.contains("href=\"files/no%20%FF%20utf-8.txt\""),
        "{list}"
    );
    assert!(list.contains("&amp;lt;b&amp;gt;.txt"), "{list}");
}

#[test]
fn a_page_that_would_show_the_same_is_not_sent_again() {
    let server = Instance::start();
    let etag = server.get("/").field("ETag").unwrap().to_owned();
    let again = server.ask("GET /", &[("If-None-Match", &etag)], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    fs::write(server.folder().join("new.txt"), "").unwrap();
    assert_eq!(
        server.ask("GET /", &[("If-None-Match", &etag)], b"").status,
        200
    );
    let chinese = server.ask("GET /", &[("Accept-Language", "zh-CN,zh;q=0.9")], b"");
    assert!(chinese.text().contains("lang=\"zh-CN\""));
}

#[test]
fn the_page_comes_in_the_colours_that_were_chosen() {
    let server = Instance::start();
    let plain = server.get("/");
    let etag = plain.field("ETag").unwrap().to_owned();
    for (cookie, root) in [
        (
            "livedrop-theme=dark",
            "<html lang=\"en\" data-theme=\"dark\">",
        ),
        (
            "a=b; livedrop-theme=light; c=d",
            "<html lang=\"en\" data-theme=\"light\">",
        ),
        ("livedrop-theme=\"><script>", "<html lang=\"en\">"),
        ("xlivedrop-theme=dark", "<html lang=\"en\">"),
        ("livedrop-theme", "<html lang=\"en\">"),
    ] {
        let page = server.ask("GET /", &[("Cookie", cookie)], b"");
        assert!(page.text().contains(root), "{cookie}");
        // A browser that holds the page in other colours is not told to keep it.
        assert_eq!(page.field("ETag") == Some(&etag), !root.contains("theme"));
    }
}

#[test]
fn the_address_for_others_is_that_of_the_network() {
    let server = Instance::start();
    let head = |target: &str, host: &str, more: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n")
    };
    let mut wire = server.connect();
    wire.send(head("/api/qr.svg?dir=a%20b", "nas.local:81", ""));
    let code = wire.answer(false);
    assert_eq!(code.status, 200);
    assert_eq!(code.field("Content-Type"), Some("image/svg+xml"));
    assert_eq!(
        code.field("Livedrop-Url"),
        Some("http://nas.local:81/?dir=a%20b")
    );
    assert!(code.text().starts_with("<svg "));
    let mut wire = server.connect();
    wire.send(head(
        "/api/qr.svg",
        "nas.local",
        "X-Forwarded-Proto: https\r\n",
    ));
    let code = wire.answer(false);
    assert_eq!(code.field("Livedrop-Url"), Some("https://nas.local/"));
    // Longer than any code: the page's own address is drawn, the folder's is told.
    let deep = vec!["d".repeat(250); 14].join("/");
    let code = server.get(&format!("/api/qr.svg?dir={deep}"));
    assert_eq!(code.status, 200);
    assert!(code.field("Livedrop-Url").unwrap().ends_with(&deep));
    assert_eq!(server.get("/api/qr.svg?dir=..").status, 400);
}

#[test]
fn the_icon_has_its_old_name_too() {
    let server = Instance::start();
    let icon = server.get("/favicon.ico");
    assert_eq!(icon.status, 200);
    assert!(icon.body.starts_with(&[0, 0, 1, 0]));
}
