//! A password from standard input: unseen where somebody types it, else one line. What is asked is
//! printed by whoever wants to know.

use std::io::{self, BufRead};
use std::os::fd::AsFd;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

/// Longest password; the head of a request could carry four times as much.
const BYTES_MAX: usize = 1024;

/// Reads a line without its end.
///
/// # Errors
/// `InvalidData` when it is longer than any password; whatever the system says.
pub fn read_line(input: impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    // A carriage return and a newline beyond the longest.
    let mut limited = input.take(BYTES_MAX as u64 + 2);
    limited.read_until(b'\n', &mut line)?;
    for end in [b'\n', b'\r'] {
        line.pop_if(|last| *last == end);
    }
    if line.len() > BYTES_MAX {
        let text = format!("a password has at most {BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(line)
}

/// Reads what somebody types, and shows nothing of it; `ask` says what is wanted, once that is so.
///
/// # Errors
/// `Interrupted` for Ctrl-C, and as `read_line`.
pub fn read_hidden(terminal: impl AsFd, ask: impl FnOnce()) -> io::Result<Vec<u8>> {
    /// Ctrl-C and Ctrl-D, Ctrl-U, backspace and delete.
    const GIVE_UP: [u8; 2] = [3, 4];
    const CLEAR: u8 = 21;
    const ERASE: [u8; 2] = [8, 127];
    let before = tcgetattr(&terminal)?;
    let mut hidden = before.clone();
    // Signals too, or Ctrl-C would leave a terminal that shows nothing any more.
    hidden.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
    tcsetattr(&terminal, OptionalActions::Flush, &hidden)?;
    ask();
    let mut line = Vec::new();
    let read = loop {
        let mut byte = [0];
        match rustix::io::read(&terminal, &mut byte) {
            Ok(0) => break Ok(()),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(e) => break Err(e.into()),
        }
        match byte[0] {
            b'\r' | b'\n' => break Ok(()),
            byte if GIVE_UP.contains(&byte) => break Err(io::ErrorKind::Interrupted.into()),
            CLEAR => line.clear(),
            byte if ERASE.contains(&byte) => {
                // The rest of a character, then its first byte.
                while line.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {}
            }
            byte if line.len() < BYTES_MAX => line.push(byte),
            _ => {}
        }
    };
    tcsetattr(&terminal, OptionalActions::Flush, &before)?;
    read.map(|()| line)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_line_ends_before_its_end() {
        for (input, line) in [
            (&b"secret\nmore"[..], &b"secret"[..]),
            (b"secret\r\n", b"secret"),
            (b"secret", b"secret"),
            (b" a b \n", b" a b "),
            (b"\n", b""),
            (b"", b""),
        ] {
            assert_eq!(read_line(input).unwrap(), line);
        }
        assert!(read_line(&[b'x'; BYTES_MAX][..]).is_ok());
        assert!(read_line(&[b'x'; BYTES_MAX + 1][..]).is_err());
    }
}
