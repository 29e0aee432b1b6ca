//! The main job, end to end: a file goes up, whoever watches sees it, it comes down the same.

use crate::harness::Instance;

#[test]
fn an_upload_is_listed_told_and_served() {
    let server = Instance::start();
    let mut stream = server.stream("/events", &[]);
    assert_eq!(stream.next().name, "ready");

    let put = server.ask("PUT /files/a/b.txt", &[], b"content");
    assert_eq!(put.status, 201);

    let folder = stream.next_change();
    assert_eq!(
        (folder.name.as_str(), &folder.data["path"]),
        ("folder", &"a".into())
    );
    let upload = stream.next_change();
    assert_eq!(
        (upload.name.as_str(), &upload.data["path"]),
        ("upload", &"a/b.txt".into())
    );
    assert_eq!(server.get("/files/a/b.txt").body, b"content");
    let list = server.get("/api/list/a").json();
    assert_eq!(list["entries"][0]["name"], "b.txt");
    assert_eq!(list["entries"][0]["size"], 7);
    assert_eq!(server.tree(), ["a/", "a/b.txt"]);
}
