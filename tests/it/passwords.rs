//! Passwords and the real binary: how a hash is made, where accounts come from, and that no password
//! stands where others read.

use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

use super::harness::Binary;

/// Runs the binary with this on its standard input.
fn run(options: &[&str], input: &[u8]) -> Output {
    let mut child = Binary::command()
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended before it read.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn hash_of(password: &str) -> String {
    let output = run(&["--hash-password"], format!("{password}\n").as_bytes());
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let hash = text.strip_suffix('\n').unwrap();
    assert!(hash.starts_with("$scrypt$ln=13,r=8,p=1$"), "{hash}");
    hash.to_owned()
}

/// The status of a listing, as curl gets it.
fn status(server: &Binary, user: &str) -> String {
    let url = format!("{}api/list/", server.url);
    let mut curl = Command::new("curl");
    curl.args([
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "-u",
        user,
        &url,
    ]);
    super::harness::reader(&mut curl)
}

#[test]
fn a_hash_of_a_line_lets_its_password_in_by_option_file_and_environment() {
    let folder = tempfile::tempdir().unwrap();
    let (ann, bob) = (hash_of("correct horse"), hash_of("pässword"));
    assert_ne!(ann, hash_of("correct horse"));
    let accounts = folder.path().join("accounts");
    std::fs::write(&accounts, format!("# all\nbob:{bob}:ro\n")).unwrap();
    let (option, file) = (format!("ann:{ann}"), accounts.to_str().unwrap());
    let share = tempfile::tempdir().unwrap();
    let both = Binary::start(share.path(), &["--auth", &option, "--auth-file", file]);
    let mut command = Binary::command();
    command.env("LIVEDROP_AUTH", format!("ann:{ann}\nbob:{bob}:ro\n"));
    command.args(["--listen", "127.0.0.1:0"]).arg(share.path());
    for server in [both, Binary::spawn(command)] {
        assert_eq!(status(&server, "ann:correct horse"), "200");
        assert_eq!(status(&server, "bob:pässword"), "200");
        assert_eq!(status(&server, "bob:correct horse"), "401");
        let arguments = std::fs::read(format!("/proc/{}/cmdline", server.pid())).unwrap();
        assert!(memchr::memmem::find(&arguments, b"horse").is_none());
        let (_, said) = server.stop();
        assert!(
            !said.contains("horse") && !said.contains("$scrypt"),
            "{said}"
        );
    }
}

#[test]
fn a_password_that_is_typed_is_asked_twice_on_standard_error_and_never_shown() {
    for (second, is_hashed) in [("secret", true), ("other", false)] {
        let livedrop = env!("CARGO_BIN_EXE_livedrop");
        // Standard output goes elsewhere, so that what the terminal shows is the rest.
        let hash = tempfile::NamedTempFile::new().unwrap();
        let line = format!("'{livedrop}' --hash-password >'{}'", hash.path().display());
        let mut terminal = Command::new("script")
            .args(["-qfec", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut keys, mut screen) = (
            terminal.stdin.take().unwrap(),
            terminal.stdout.take().unwrap(),
        );
        let mut shown = String::new();
        for (prompt, typed) in [
            ("Password: ", "secre\u{e9}\x7ft\n"),
            ("Once more: ", second),
        ] {
            while !shown.ends_with(prompt) {
                let mut byte = [0];
                assert_eq!(screen.read(&mut byte).unwrap(), 1, "{shown}");
                shown.push(byte[0].into());
            }
            keys.write_all(typed.as_bytes()).unwrap();
        }
        keys.write_all(b"\n").unwrap();
        screen.read_to_string(&mut shown).unwrap();
        let status = terminal.wait().unwrap();
        assert_eq!(status.success(), is_hashed, "{shown}");
        assert!(
            !shown.contains("secr") && !shown.contains("other"),
            "{shown}"
        );
        let hash = std::fs::read_to_string(hash.path()).unwrap();
        assert_eq!(hash.starts_with("$scrypt$"), is_hashed, "{hash}");
        assert_eq!(shown.contains("differ"), !is_hashed, "{shown}");
    }
}

#[test]
fn what_is_no_account_stops_the_start_in_one_line_without_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = folder.path().join("accounts");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let share = folder.path().to_str().unwrap();
    let hash = hash_of("x");
    for (options, code, part) in [
        (&["--auth", "ann:secret"][..], 2, "hash-password"),
        (&["--auth", "secret"], 2, "NAME:HASH"),
        (
            &[
                "--auth",
                &format!("a:{hash}"),
                "--auth",
                &format!("a:{hash}"),
            ],
            2,
            "two accounts",
        ),
        (&["--auth-file", &file("ann:secret\n")], 1, "line 1"),
        (&["--auth-file", "/no/such"], 1, "cannot read"),
    ] {
        let output = run(&[options, &[share]].concat(), b"");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(part) && !said.contains("secret"), "{said}");
    }
    let output = run(&["--auth-file", &file("# nobody\n"), share], b"");
    assert_eq!(output.status.code(), Some(1));
    for input in ["", "\n", &"x".repeat(1025)] {
        let output = run(&["--hash-password"], input.as_bytes());
        assert!(!output.status.success() && output.stdout.is_empty());
    }
}
