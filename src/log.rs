//! What the program has to say while it serves: access lines and trouble, a line each.
//!
//! Where the lines go is decided by who starts the server; nothing here prints.

use std::fmt;
use std::sync::Arc;

/// Takes whole lines, without their end.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// The log, cheap to clone.
#[derive(Clone)]
pub struct Log {
    sink: Sink,
    with_access: bool,
}

impl Log {
    /// A log into `sink`; with the lines about each request only when asked for.
    pub fn new(sink: Sink, with_access: bool) -> Log {
        Log { sink, with_access }
    }

    /// Whether it has lines about requests.
    pub fn tells_access(&self) -> bool {
        self.with_access
    }

    /// A line about a request that was answered.
    pub fn access(&self, line: fmt::Arguments<'_>) {
        if self.with_access {
            (self.sink)(&one_line(line));
        }
    }

    /// A line about something that an administrator should know.
    pub fn trouble(&self, line: fmt::Arguments<'_>) {
        (self.sink)(&one_line(line));
    }
}

/// What a line quotes can come from clients and from names on the disk: none of it may end the
/// line, nor steer the terminal on which it is read.
fn one_line(line: fmt::Arguments<'_>) -> String {
    let text = line.to_string();
    if text.chars().any(char::is_control) {
        let shown = |c: char| match c.is_control() {
            true => c.escape_default().to_string(),
            false => c.to_string(),
        };
        return text.chars().map(shown).collect();
    }
    text
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("with_access", &self.with_access)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_steers_no_terminal() {
        for (line, told) in [
            ("GET /files/ä b 200", "GET /files/ä b 200"),
            ("a\nGET /forged 200", "a\\nGET /forged 200"),
            ("a\r\u{1b}[2J", "a\\r\\u{1b}[2J"),
            ("a\u{9b}31m", "a\\u{9b}31m"),
        ] {
            assert_eq!(one_line(format_args!("{line}")), told);
        }
    }
}
