//! Signals one by one, each followed when the disk has gone on already.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::fs;

use super::*;
use crate::storage::share::Share;

type Follower<'o> = Observer<'o, &'o dyn Fn(Outside), fn() -> u64>;

/// What is told of a share whose root is watched and holds the file `old`.
fn told(act: impl FnOnce(&Share, &mut Follower<'_>)) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("old"), b"x").unwrap();
    let share = Share::for_test(place.path());
    share.watch(&RelPath::root(), || 1).unwrap();
    let told = RefCell::new(Vec::new());
    let tell = |change: Outside| told.borrow_mut().push(word(&change));
    act(&share, &mut Observer::new(&share, &tell, || 1));
    told.take()
}

fn word(change: &Outside) -> String {
    match change {
        Outside::Upload(path, _) => format!("upload {path}"),
        Outside::Update(path, _) => format!("update {path}"),
        Outside::Delete(path, kind) => format!("delete {path} {}", kind.word()),
        Outside::Move { from, path, .. } => format!("move {from} {path}"),
        Outside::Folder(path) => format!("folder {path}"),
        Outside::Reset => "reset".to_owned(),
    }
}

fn rename(share: &Share, from: &str, to: &str) {
    fs::rename(share.path().join(from), share.path().join(to)).unwrap();
}

/// We have made a folder ourselves, and told of it.
fn make_folder(share: &Share, name: &str) {
    let path = RelPath::parse(name.as_bytes()).unwrap();
    share.make_folder(&path).unwrap().finish();
}

impl Follower<'_> {
    fn signal_left(&mut self, name: &str, cookie: u32) {
        self.leave(RelPath::root(), OsStr::new(name), cookie);
    }

    fn signal_came(&mut self, name: &str, cookie: u32) {
        self.come(&RelPath::root(), OsStr::new(name), cookie);
    }
}

#[test]
fn a_move_takes_nothing_away_from_what_has_its_old_name_by_then() {
    let told = told(|share, observer| {
        rename(share, "old", "new");
        observer.signal_left("old", 1);
        make_folder(share, "old");
        observer.signal_came("new", 1);
    });
    assert_eq!(told, ["upload new"]);
}

#[test]
fn what_leaves_a_name_that_another_passed_through_is_gone_from_it() {
    let told = told(|share, observer| {
        rename(share, "old", "way");
        observer.signal_left("old", 1);
        fs::remove_file(share.path().join("way")).unwrap();
        observer.signal_came("way", 1);
        make_folder(share, "way");
        rename(share, "way", "new");
        observer.signal_left("way", 2);
        observer.signal_came("new", 2);
    });
    assert_eq!(told, ["delete way folder", "delete old file", "folder new"]);
}

#[test]
fn what_is_moved_twice_is_moved_once() {
    let told = told(|share, observer| {
        rename(share, "old", "way");
        rename(share, "way", "new");
        observer.signal_left("old", 1);
        observer.signal_came("way", 1);
        observer.signal_left("way", 2);
        observer.signal_came("new", 2);
    });
    assert_eq!(told, ["move old new"]);
}

#[test]
fn what_is_back_after_a_look_is_told_to_be_there() {
    let told = told(|share, observer| {
        rename(share, "old", "way");
        observer.signal_left("old", 1);
        rename(share, "way", "old");
        observer.signal_came("way", 1);
        observer.signal_left("way", 2);
        observer.signal_came("old", 2);
    });
    assert_eq!(told, ["upload old"]);
}
