//! The README's part on figures, written anew: the table, and what it was measured with.

use std::fs;
use std::thread;
use std::time::SystemTime;

use super::table::Table;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
/// What stands round the part that is written.
const BEGIN: &str = "<!-- figures: written by `make bench` -->\n";
const END: &str = "<!-- end of figures -->\n";

/// Puts the table in the place of the one before.
pub fn write(table: &Table) {
    let readme = fs::read_to_string(README).expect("there is a README");
    let (before, rest) = readme
        .split_once(BEGIN)
        .expect("it has a place for figures");
    let (_, after) = rest.split_once(END).expect("that place ends");
    let text = format!("{before}{BEGIN}{}{END}{after}", part(table));
    fs::write(README, text).expect("the README can be written");
}

fn part(table: &Table) -> String {
    let versions: Vec<String> = table
        .peers
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    // As in `Wed, 25 Nov 2026 17:30:00 GMT`.
    let date = httpdate::fmt_http_date(SystemTime::now());
    format!(
        "{}, {}, Linux {}; {}. Medians of {} rounds in turns (smallest-largest); in bold how many \
         times theirs ours is.\n\n{table}",
        &date[5..16],
        processor(),
        rustix::system::uname().release().to_string_lossy(),
        versions.join(", "),
        table.rounds(),
    )
}

fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unknown processor", |(_, model)| model);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores of {model}")
}
