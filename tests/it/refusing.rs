//! Moves and copies that cannot be: each is refused with its status, nothing changes and nothing is
//! told.

use crate::managing::check;

#[test]
fn what_cannot_be_moved_or_copied_is_refused_and_nothing_changes() {
    for method in ["MOVE", "COPY"] {
        for (from, to, status) in [
            ("missing", "/files/new", 404),
            ("", "/files/new", 403),
            ("file", "/files/", 403),
            ("file", "/files/file", 403),
            ("tree", "/files/tree", 403),
            ("tree", "/files/tree/sub/new", 403),
            ("tree/sub/b", "/files/tree", 403),
            ("file", "/files/missing/new", 409),
            ("file", "/files/other/new", 409),
            ("file", "/files/new/", 409),
            ("file", "/files/out/new", 403),
            ("file", "/files/.livedrop/x", 400),
            ("file", "/files/.livedrop-x", 400),
            ("file", "/files/a/../b", 400),
            ("file", "/files/a%2F..%2Fb", 400),
            ("file", "/files/%00", 400),
            ("file", "/files/%0A", 400),
            ("file", "/files/%FF", 400),
            ("file", "/files/new?x", 400),
            ("file", "/other", 400),
            ("file", "new", 400),
            ("file", "http://elsewhere/files/new", 400),
            ("file", "ftp://127.0.0.1/files/new", 400),
            (".livedrop", "/files/new", 404),
            ("..%2Fx", "/files/new", 400),
        ] {
            let line = format!("{method} /files/{from}");
            check(&line, &[("Destination", to)], status, &[], &[]);
        }
        let line = format!("{method} /files/file");
        check(&line, &[], 400, &[], &[]);
        let to = ("Destination", "/files/other");
        check(&line, &[to, ("Overwrite", "F")], 412, &[], &[]);
        check(&line, &[to, ("Overwrite", "X")], 400, &[], &[]);
        check(&line, &[to, ("If-Match", "\"other\"")], 412, &[], &[]);
        check(&line, &[to, ("Depth", "1")], 400, &[], &[]);
    }
    check(
        "MOVE /files/tree",
        &[("Destination", "/files/new"), ("Depth", "0")],
        400,
        &[],
        &[],
    );
    // By way of a link it is the same folder all the same.
    check(
        "MOVE /files/tree",
        &[("Destination", "/files/tree-link/new")],
        403,
        &[],
        &[],
    );
}
