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

    /// A line about a request that was answered.
    pub fn access(&self, line: fmt::Arguments<'_>) {
        if self.with_access {
            (self.sink)(&line.to_string());
        }
    }

    /// A line about something that an administrator should know.
    pub fn trouble(&self, line: fmt::Arguments<'_>) {
        (self.sink)(&line.to_string());
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("with_access", &self.with_access)
            .finish_non_exhaustive()
    }
}
