//! What is installed beside the program: the manual page as readers of manuals take it, and what the
//! shells themselves complete.

use std::path::PathBuf;
use std::process::Command;

use livedrop::options::{bash, fish, manual, zsh};

use crate::harness::reader;

fn written(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn the_manual_page_is_without_fault_and_reads_well() {
    let (_folder, path) = written("livedrop.1", &manual());
    let mut lint = Command::new("mandoc");
    // The date is left out, so that two builds are the same.
    lint.args(["-T", "lint", "-W", "warning"]).arg(&path);
    let said = lint.output().expect("`make test` installs mandoc");
    let said = String::from_utf8_lossy(&said.stdout);
    let faults: Vec<&str> = said
        .lines()
        .filter(|line| !line.contains("missing date"))
        .collect();
    assert_eq!(faults, [""; 0]);
    let text = reader(Command::new("mandoc").args(["-T", "utf8"]).arg(&path));
    // Bold is a letter, a step back and the letter again.
    let text = text.split('\u{8}').fold(String::new(), |mut all, part| {
        all.pop();
        all + part
    });
    assert!(text.contains("-l, --listen ADDR:PORT"), "{text}");
    assert!(text.contains("LIVEDROP_UPLOAD_MAX."), "{text}");
}

#[test]
fn bash_completes_options_values_and_folders() {
    let (folder, path) = written("livedrop", &bash());
    std::fs::create_dir(folder.path().join("a folder")).unwrap();
    for (words, completed) in [
        ("livedrop --up", "--upload-max --uploads-keep --upload-only"),
        ("livedrop --print-service s", "systemd"),
        ("livedrop --print-service = o", "openwrt"),
        ("livedrop --listen ''", ""),
        ("livedrop --auth-file li", "livedrop"),
        ("livedrop a", "a folder"),
    ] {
        let script = format!(
            "set -u; . {}; cd {}; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             COMPREPLY=(); _livedrop livedrop \"${{COMP_WORDS[COMP_CWORD]}}\" \
             \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; echo \"${{COMPREPLY[*]}}\"",
            path.display(),
            folder.path().display()
        );
        let said = reader(Command::new("bash").args(["--norc", "-c", &script]));
        assert_eq!(said.trim_end(), completed, "{words}");
    }
}

#[test]
fn fish_completes_options_values_and_folders() {
    let (folder, path) = written("livedrop.fish", &fish());
    std::fs::create_dir(folder.path().join("afolder")).unwrap();
    for (line, completed) in [
        (
            "livedrop --upl",
            "--upload-max --upload-only --uploads-keep",
        ),
        ("livedrop --print-service ", "openwrt systemd"),
        ("livedrop -l ", ""),
        ("livedrop af", "afolder/"),
    ] {
        let script = format!(
            "source {}; cd {}; complete -C '{line}'",
            path.display(),
            folder.path().display()
        );
        let mut command = Command::new("fish");
        command.env("HOME", folder.path());
        let said = reader(command.args(["--no-config", "-c", &script]));
        let mut words: Vec<&str> = said
            .lines()
            .filter_map(|line| line.split('\t').next())
            .collect();
        words.sort_unstable();
        assert_eq!(words.join(" "), completed, "{line}");
    }
}

#[test]
fn zsh_takes_what_is_written_for_it() {
    let (_folder, path) = written("_livedrop", &zsh());
    // `_arguments` says what it does not understand of its words.
    let script = format!(
        "autoload -U compinit; compinit -u -D; _arguments() {{ print -rl -- \"$@\" }}; source {}",
        path.display()
    );
    let mut command = Command::new("zsh");
    let said = reader(command.args(["-f", "-c", &script]));
    assert!(
        said.contains("(--read-only)--read-only[let nobody"),
        "{said}"
    );
    assert!(said.contains("*-l+[or only a port"), "{said}");
    assert!(said.contains(":ADDR\\:PORT: "), "{said}");
}
