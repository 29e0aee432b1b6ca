//! The two formats in which a folder is one file: zip and tar.
//!
//! Format only: each function appends the bytes that stand round a member's content, and what it
//! appends depends on nothing but its arguments. So the length of an archive is known before its
//! content is read: it is the sum of what the same functions append. Nothing here reads or sends.

pub mod tar;
pub mod zip;

/// A file or folder as an archive describes it.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its path in the archive, `/` between segments and at neither end; not always UTF-8.
    pub name: &'a [u8],
    /// Whether it is a folder; else it is a file.
    pub is_folder: bool,
    /// Bytes of content; 0 for a folder.
    pub size: u64,
    /// Last change of the content, in Unix seconds.
    pub modified_s: i64,
}

impl Member<'_> {
    /// Permissions that suit a file from a share: readable by all, changed by its owner.
    fn mode(&self) -> u32 {
        if self.is_folder { 0o755 } else { 0o644 }
    }
}
