//! A tree as a tar: header, content, padding for each member. Nothing has to be known of a content
//! but its length, so that it goes from page cache to socket.

use super::{Outline, Source, changed, unsent};
use crate::error::Result;
use crate::http::archive::tar;
use crate::http::outlet::Outlet;

/// How long the tar will be, and of what.
pub(super) fn outline(source: &Source) -> Result<Outline> {
    let mut frame = Vec::new();
    let mut bytes = tar::END.len() as u64;
    let pass = source.pass(|member, _| {
        frame.clear();
        tar::header(&mut frame, member);
        bytes += frame.len() as u64 + member.size + tar::padding(member.size).len() as u64;
        Ok(())
    })?;
    Ok(Outline { bytes, pass })
}

/// Writes the tar that was outlined.
pub(super) fn write(source: &Source, expected: &Outline, out: &mut Outlet<'_>) -> Result<()> {
    let mut frame = Vec::new();
    let pass = source.pass(|member, found| {
        let failed = |e| unsent(found.path, e);
        frame.clear();
        tar::header(&mut frame, member);
        out.bytes(&frame).map_err(failed)?;
        if member.size > 0 {
            let file = source.open(found)?;
            out.file(&file.file, member.size).map_err(failed)?;
            if !file.is_unchanged() {
                return Err(changed(found.path));
            }
            out.bytes(tar::padding(member.size)).map_err(failed)?;
        }
        Ok(())
    })?;
    source.hold(&pass, expected)?;
    out.bytes(&tar::END)
        .map_err(|e| unsent(&source.tree.top, e))
}
