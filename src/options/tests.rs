//! The command line as people and service files write it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::HashSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use super::reading::{NAMES_ELSEWHERE, distance};
use super::*;
use crate::config::{Limits, Listen};

/// Parses the words of `line` with the variables of `environment`.
fn run(line: &str, environment: &[(&str, &str)]) -> Result<Command, String> {
    let args = line.split_whitespace().map(OsString::from);
    let variable = |name: &str| {
        let found = environment.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| OsString::from(value))
    };
    parse(args, variable).map_err(|error| error.to_string())
}

fn config(line: &str, environment: &[(&str, &str)]) -> Config {
    match run(line, environment) {
        Ok(Command::Serve(config)) => *config,
        other => panic!("{line} with {environment:?} is {other:?}"),
    }
}

fn listens(texts: &[&str]) -> Vec<Listen> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn nothing_said_is_the_default() {
    assert_eq!(config("", &[]), Config::default());
}

#[test]
fn every_option_sets_its_own_field() {
    let line = "-l 80 --listen=unix:a.sock --host a.example --connections-max 5 --streams-max=6 \
                --uploads-keep 2h --upload-max 7K --free-min 8M --no-sync \
                --file-mode 664 --dir-mode=0775 -q music --read-only \
                --cors https://a.example --base-path drop --trust-proxy unix --socket-mode 660 \
                --auth-file who";
    let expected = Config {
        folder: "music".into(),
        listen: listens(&["80", "unix:a.sock"]),
        hosts: vec!["a.example".into()],
        read_only: true,
        account_file: Some("who".into()),
        base_path: "/drop".parse().unwrap(),
        proxies: vec!["unix".parse().unwrap()],
        socket_mode: Some(0o660),
        cors: vec!["https://a.example".parse().unwrap()],
        quiet: true,
        sync: false,
        file_mode: Some(0o664),
        folder_mode: Some(0o775),
        limits: Limits {
            connections_max: Some(5),
            streams_max: 6,
            uploads_keep_s: 7200,
            upload_bytes_max: Some(7 * 1024),
            free_bytes_min: 8 << 20,
            ..Limits::default()
        },
        ..Config::default()
    };
    assert_eq!(config(line, &[]), expected);
    let environment = [
        ("LIVEDROP_LISTEN", "80\nunix:a.sock\n"),
        ("LIVEDROP_HOST", "a.example"),
        ("LIVEDROP_READ_ONLY", "yes"),
        ("LIVEDROP_BASE_PATH", "/drop/"),
        ("LIVEDROP_TRUST_PROXY", "unix"),
        ("LIVEDROP_SOCKET_MODE", "660"),
        ("LIVEDROP_AUTH_FILE", "who"),
        ("LIVEDROP_CORS", "https://a.example"),
        ("LIVEDROP_FREE_MIN", "8M"),
        ("LIVEDROP_NO_SYNC", "yes"),
        ("LIVEDROP_FILE_MODE", "664"),
        ("LIVEDROP_DIR_MODE", "775"),
        ("LIVEDROP_CONNECTIONS_MAX", "5"),
        ("LIVEDROP_STREAMS_MAX", " 6\n"),
        ("LIVEDROP_UPLOAD_MAX", "7K"),
        ("LIVEDROP_UPLOADS_KEEP", "120m"),
        ("LIVEDROP_QUIET", "1"),
    ];
    assert_eq!(config("music", &environment), expected);
}

#[test]
fn read_only_and_upload_only_exclude_each_other() {
    assert!(config("--upload-only", &[]).upload_only);
    let error = run("--upload-only", &[("LIVEDROP_READ_ONLY", "1")]).unwrap_err();
    assert!(error.contains("nothing that could be done"), "{error}");
}

#[test]
fn no_connections_at_a_time_means_what_the_system_allows() {
    let config = config("--connections-max 5 --connections-max 0", &[]);
    assert_eq!(config.limits.connections_max, None);
}

#[test]
fn the_command_line_wins_over_the_environment() {
    let environment = [
        ("LIVEDROP_LISTEN", "81\n82"),
        ("LIVEDROP_STREAMS_MAX", "not read at all"),
        ("LIVEDROP_QUIET", "yes"),
    ];
    let config = config(
        "--listen 80 --streams-max 1 --streams-max 2 --quiet=no",
        &environment,
    );
    assert_eq!(config.listen, listens(&["80"]));
    assert_eq!(config.limits.streams_max, 2);
    assert!(!config.quiet);
}

#[test]
fn a_flag_in_the_environment_is_yes_or_no_in_any_case() {
    let quiet = |value| config("", &[("LIVEDROP_QUIET", value)]).quiet;
    for value in ["1", "true", "yes", "TRUE", "Yes", " 1 "] {
        assert!(quiet(value), "{value}");
    }
    for value in ["0", "false", "no", "FALSE", ""] {
        assert!(!quiet(value), "{value}");
    }
}

#[test]
fn an_empty_variable_is_an_absent_one() {
    let names = rows().filter_map(Row::variable);
    let names: Vec<String> = names.collect();
    assert!(names.len() > 4);
    for blank in ["", " ", "\n\r\n"] {
        let environment: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), blank)).collect();
        assert_eq!(config("", &environment), Config::default());
    }
}

#[test]
fn lines_of_a_variable_may_be_blank_indented_and_end_in_cr() {
    let environment = [("LIVEDROP_LISTEN", "\r\n  80\r\n\n [::1]:81 \n")];
    assert_eq!(
        config("", &environment).listen,
        listens(&["80", "[::1]:81"])
    );
}

#[test]
fn variables_of_others_with_our_name_are_left_alone() {
    let environment = [
        ("LIVEDROP_VERSION", "0.1.0"),
        ("LIVEDROP_HELP", "1"),
        ("LIVEDROP_PORT", "tcp://10.0.0.1:80"),
    ];
    assert_eq!(config("", &environment), Config::default());
}

#[test]
fn help_and_version_answer_however_wrong_the_rest_is() {
    let environment = [("LIVEDROP_LISTEN", "nonsense")];
    for line in ["-h", "--help", "folder -h", "-qh", "--listen x -h -z"] {
        assert_eq!(run(line, &environment), Ok(Command::Help), "{line}");
    }
    for line in ["-V", "--version", "-qV"] {
        assert_eq!(run(line, &environment), Ok(Command::Version), "{line}");
    }
}

#[test]
fn a_folder_may_look_like_an_option_after_two_dashes() {
    assert_eq!(config("-q -- -h", &[]).folder, Path::new("-h"));
    assert_eq!(config("-", &[]).folder, Path::new("-"));
}

#[test]
fn a_folder_keeps_bytes_that_are_not_utf_8() {
    let name = OsString::from_vec(b"caf\xe9".to_vec());
    let Ok(Command::Serve(config)) = parse([name.clone()], |_| None) else {
        panic!("the folder is refused");
    };
    assert_eq!(config.folder, Path::new(&name));
}

#[test]
fn each_mistake_is_named_as_it_was_typed() {
    let cases = [
        (
            "--listn 80",
            "there is no option --listn; did you mean --listen?",
        ),
        (
            "--listne=80",
            "there is no option --listne; did you mean --listen?",
        ),
        (
            "--upload 4G",
            "there is no option --upload; did you mean --upload-max?",
        ),
        ("--max-uploads 4G", "there is no option --max-uploads"),
        (
            "--port 80",
            "there is no option --port; did you mean --listen?",
        ),
        ("-p 80", "there is no option -p; did you mean --listen?"),
        ("-x", "there is no option -x"),
        ("--\u{1b}[2J", "there is no option --\\u{1b}[2J"),
        ("--listen", "--listen needs a value: --listen ADDR:PORT"),
        ("-l", "--listen needs a value: --listen ADDR:PORT"),
        (
            "-l 0.0.0.0:99999",
            "--listen: \"0.0.0.0:99999\" has no valid port; \
             give it as ADDR:PORT, like 0.0.0.0:8080",
        ),
        (
            "--upload-max 1.5G",
            "--upload-max: \"1.5G\" is not a size; \
             give a whole number with K, M, G or T, like 500M",
        ),
        (
            "--upload-max 99999999T",
            "--upload-max: \"99999999T\" is too large",
        ),
        (
            "--upload-max 0",
            "--upload-max: 0 would take no file at all; for no limit, leave the option out",
        ),
        (
            "--streams-max 0",
            "--streams-max: 0 is too few; give at least 1",
        ),
        (
            "--streams-max -1",
            "--streams-max: \"-1\" is not a whole number",
        ),
        ("--quiet=maybe", "--quiet: \"maybe\" is neither yes nor no"),
        ("-q=yes", "-q takes no value, but \"yes\" is given"),
        (
            "a b",
            "one folder can be shared, but both \"a\" and \"b\" are given",
        ),
    ];
    for (line, message) in cases {
        assert_eq!(run(line, &[]), Err(message.into()), "{line}");
    }
}

#[test]
fn a_mistake_in_the_environment_names_the_variable() {
    let cases = [
        (
            "LIVEDROP_LISTEN",
            "80\nnas:81",
            "\"nas:81\" has no valid address",
        ),
        (
            "LIVEDROP_STREAMS_MAX",
            "1\n2",
            "\"1\\n2\" is not a whole number",
        ),
        ("LIVEDROP_QUIET", "2", "\"2\" is neither yes nor no"),
    ];
    for (name, value, part) in cases {
        let error = run("", &[(name, value)]).unwrap_err();
        assert!(error.starts_with(&format!("{name}: {part}")), "{error}");
    }
}

#[test]
fn values_that_are_not_text_and_an_empty_folder_are_refused() {
    let bytes = OsString::from_vec(b"\xff".to_vec());
    let error = parse(["-l".into(), bytes.clone()], |_| None).unwrap_err();
    assert_eq!(error.to_string(), "--listen: \"\\xFF\" is not UTF-8");
    let error = parse([], |_| Some(bytes.clone())).unwrap_err();
    assert_eq!(error.to_string(), "LIVEDROP_LISTEN: \"\\xFF\" is not UTF-8");
    let error = parse([OsString::new()], |_| None).unwrap_err();
    assert_eq!(error.to_string(), "the name of the folder is empty");
}

#[test]
fn help_fits_a_screen_of_80_by_40_and_names_every_option() {
    let help = help();
    // The 40th line is the prompt's.
    assert!(help.lines().count() <= 39, "{help}");
    for line in help.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert_eq!(line, line.trim_end());
    }
    for row in rows() {
        assert!(help.contains(&format!("--{} ", row.long)), "{}", row.long);
    }
}

#[test]
fn help_tells_the_defaults_that_hold() {
    let (help, limits) = (help(), Limits::default());
    assert!(help.contains(&format!("[{}]", limits.streams_max)));
    assert!(help.contains(&format!("[{}]", crate::config::PORT)));
    assert_eq!(
        (limits.upload_bytes_max, limits.connections_max),
        (None, None)
    );
}

#[test]
fn names_are_unique_and_synonyms_lead_to_an_option() {
    let mut names = HashSet::new();
    for row in rows() {
        assert!(names.insert(row.long.to_string()), "{}", row.long);
        if let Some(letter) = row.short {
            assert!(names.insert(letter.to_string()), "{letter}");
        }
    }
    for (other, ours) in NAMES_ELSEWHERE {
        assert!(!names.contains(*other), "{other} is an option by now");
        assert!(rows().any(|row| row.long == *ours), "{ours}");
    }
}

#[test]
fn distance_counts_the_letters_that_differ() {
    let cases = [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "", 3),
        ("kitten", "sitting", 3),
        ("ä", "a", 1),
    ];
    for (one, other, expected) in cases {
        assert_eq!(distance(one, other), expected, "{one} {other}");
    }
}
