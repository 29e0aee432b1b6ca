//! Changes from outside of which nobody was told, in what a listing has shown; and those that come
//! without a signal of their own.

use std::fs;
use std::io::Write;

use crate::harness::Instance;
use crate::outside::{end, told, watch};

/// The names that a listing of the shared folder shows.
fn listed(server: &Instance) -> Vec<String> {
    let listing = server.get("/api/list/").json();
    let rows = listing["entries"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_file_that_was_listed_while_it_grew_is_told_to_be_gone() {
    let server = Instance::start_with(|limits| limits.stillness_ms = 600_000);
    let mut stream = watch(&server, &[""]);
    for is_listed in [false, true] {
        for is_finished in [false, true] {
            let part = server.path("film.part");
            let mut file = fs::File::create(&part).unwrap();
            file.write_all(b"123").unwrap();
            if is_listed {
                assert_eq!(listed(&server), ["film.part"]);
            }
            let mut expected = Vec::new();
            if is_listed {
                expected.push("delete film.part file");
            }
            match is_finished {
                true => {
                    fs::rename(&part, server.path("film")).unwrap();
                    expected.push("upload film 3");
                }
                false => fs::remove_file(&part).unwrap(),
            }
            drop(file);
            assert_eq!(told(&mut stream, expected.len()), expected);
            if is_finished {
                fs::remove_file(server.path("film")).unwrap();
                assert_eq!(told(&mut stream, 1), ["delete film file"]);
            }
            end(&server, &mut stream);
        }
    }
}

#[test]
fn a_file_of_two_names_is_told_by_both_when_it_is_written_to() {
    let server = Instance::start();
    fs::create_dir(server.path("folder")).unwrap();
    server.write("one", b"1");
    fs::hard_link(server.path("one"), server.path("folder/other")).unwrap();
    let mut stream = watch(&server, &["", "folder"]);
    server.write("one", b"123");
    let mut words = told(&mut stream, 2);
    words.sort_unstable();
    assert_eq!(words, ["update folder/other 3", "update one 3"]);
    end(&server, &mut stream);
}
