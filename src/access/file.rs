//! The file of accounts: one a line as `--auth` takes it, blank lines and lines that begin with `#`
//! apart. It is read once, at the start.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::config::Account;

/// What a file of accounts may have: ten thousand of them.
const BYTES_MAX: u64 = 2 << 20;

/// Reads the accounts of a file.
///
/// # Errors
/// One line that says what is wrong, and in which line, without quoting a hash.
pub fn read(path: &Path) -> Result<Vec<Account>, String> {
    let shown = path.display();
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_string(&mut text));
    read.map_err(|e| format!("cannot read {shown}: {e}"))?;
    if text.len() as u64 > BYTES_MAX {
        return Err(format!("{shown} is over {BYTES_MAX} bytes"));
    }
    let lines = text.lines().enumerate();
    let accounts = lines.map(|(i, line)| (i, line.trim()));
    let accounts = accounts.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let read = |(i, line): (usize, &str)| {
        let wrong = |why| format!("{shown}, line {}: {why}", i + 1);
        line.parse().map_err(wrong)
    };
    accounts.map(read).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn accounts_stand_one_a_line_and_a_wrong_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts");
        let hash = "$scrypt$ln=13,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA";
        std::fs::write(&path, format!("# family\n\n  ann:{hash}:ro\r\nbob:{hash}")).unwrap();
        let names: Vec<_> = read(&path).unwrap().into_iter().map(|a| a.name).collect();
        assert_eq!(names, ["ann".into(), "bob".into()]);
        std::fs::write(&path, format!("ann:{hash}\nbob:secret\n")).unwrap();
        let error = read(&path).unwrap_err();
        assert!(
            error.contains("line 2") && !error.contains("secret"),
            "{error}"
        );
        assert!(read(folder.path()).is_err());
        std::fs::write(&path, "#".repeat(BYTES_MAX as usize)).unwrap();
        assert_eq!(read(&path), Ok(Vec::new()));
        std::fs::write(&path, "#".repeat(BYTES_MAX as usize + 1)).unwrap();
        assert!(read(&path).is_err());
    }
}
