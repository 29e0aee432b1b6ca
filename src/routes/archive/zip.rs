//! A tree as a zip: the members one behind the other, then the directory that names them again.
//!
//! A member's CRC is known when its content has gone by. Four bytes for each file that has any are
//! all that is kept from the members to the directory.

use std::os::unix::fs::FileExt;

use super::{Outline, Source, changed, unsent};
use crate::error::{Error, Result};
use crate::http::archive::{Member, zip};
use crate::http::outlet::Outlet;
use crate::storage::Found;

/// How long the zip will be, and of what.
pub(super) fn outline(source: &Source) -> Result<Outline> {
    let mut frame = Vec::new();
    let (mut offset, mut directory_bytes) = (0, 0);
    let pass = source.pass(|member, _| {
        frame.clear();
        zip::central_header(&mut frame, member, 0, offset);
        directory_bytes += frame.len() as u64;
        offset += member_bytes(member, &mut frame);
        Ok(())
    })?;
    frame.clear();
    zip::end(&mut frame, pass.members, directory_bytes, offset);
    let bytes = offset + directory_bytes + frame.len() as u64;
    Ok(Outline { bytes, pass })
}

/// Writes the zip that was outlined.
pub(super) fn write(source: &Source, expected: &Outline, out: &mut Outlet<'_>) -> Result<()> {
    let crcs = write_members(source, expected, out)?;
    write_directory(source, expected, out, crcs)
}

/// The first part. Gives the CRC of each content, in order.
fn write_members(source: &Source, expected: &Outline, out: &mut Outlet<'_>) -> Result<Vec<u32>> {
    let contents = usize::try_from(expected.pass.contents);
    let mut crcs = Vec::with_capacity(contents.unwrap_or(usize::MAX));
    let mut frame = Vec::new();
    let mut block = vec![0; source.block_bytes];
    let pass = source.pass(|member, found| {
        frame.clear();
        zip::local_header(&mut frame, member);
        out.bytes(&frame).map_err(|e| unsent(found.path, e))?;
        if member.size > 0 {
            if crcs.len() == crcs.capacity() {
                return Err(changed(found.path));
            }
            let crc = write_content(source, found, &mut block, out)?;
            crcs.push(crc);
            frame.clear();
            zip::descriptor(&mut frame, member, crc);
            out.bytes(&frame).map_err(|e| unsent(found.path, e))?;
        }
        Ok(())
    })?;
    source.hold(&pass, expected)?;
    Ok(crcs)
}

/// The second part.
fn write_directory(
    source: &Source,
    expected: &Outline,
    out: &mut Outlet<'_>,
    crcs: Vec<u32>,
) -> Result<()> {
    let mut crcs = crcs.into_iter();
    let mut frame = Vec::new();
    let (mut offset, mut directory_bytes) = (0, 0);
    let pass = source.pass(|member, found| {
        let crc = match member.size {
            0 => 0,
            _ => crcs.next().ok_or_else(|| changed(found.path))?,
        };
        frame.clear();
        zip::central_header(&mut frame, member, crc, offset);
        directory_bytes += frame.len() as u64;
        out.bytes(&frame).map_err(|e| unsent(found.path, e))?;
        offset += member_bytes(member, &mut frame);
        Ok(())
    })?;
    // Before the end, without which no reader takes it for a zip.
    source.hold(&pass, expected)?;
    frame.clear();
    zip::end(&mut frame, pass.members, directory_bytes, offset);
    out.bytes(&frame).map_err(|e| unsent(&source.tree.top, e))
}

/// Bytes that a member takes in the first part; `frame` is room to work in.
fn member_bytes(member: &Member<'_>, frame: &mut Vec<u8>) -> u64 {
    frame.clear();
    zip::local_header(frame, member);
    zip::descriptor(frame, member, 0);
    frame.len() as u64 + member.size
}

/// Writes a file's content. Gives its CRC.
fn write_content(
    source: &Source,
    found: &Found<'_>,
    block: &mut [u8],
    out: &mut Outlet<'_>,
) -> Result<u32> {
    let file = source.open(found)?;
    let mut hasher = crc32fast::Hasher::new();
    let mut offset = 0;
    while offset < found.facts.size {
        let left = usize::try_from(found.facts.size - offset).unwrap_or(usize::MAX);
        let most = block.len().min(left);
        let n = match file.file.read_at(&mut block[..most], offset) {
            Ok(0) => return Err(changed(found.path)),
            Ok(n) => n,
            Err(e) => return Err(Error::io("read", found.path, e)),
        };
        hasher.update(&block[..n]);
        out.bytes(&block[..n]).map_err(|e| unsent(found.path, e))?;
        offset += n as u64;
    }
    if file.is_unchanged() {
        Ok(hasher.finalize())
    } else {
        Err(changed(found.path))
    }
}
