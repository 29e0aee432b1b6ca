//! Random bytes from the kernel, for names and boundaries that nobody can guess.

use crate::error::{Error, Result};

/// So many of them.
///
/// # Errors
/// `Io` when the kernel has none, which is before it has finished booting.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|e| Error::io("draw", "random bytes", e.into()))?;
    Ok(bytes)
}
