//! The header in front of a file and what may follow the file (APPNOTE 4.3.7 and 4.3.9): what readers see that do not wait
//! for the directory.

use std::io::{Read, Seek};

use super::directory::{Entry, SIZES_FOLLOW, long_numbers};
use super::fields::{Fields, LONG};
use super::{Source, extra, unreadable};
use crate::defect::{Defect, DefectKind};
use crate::limits::MAX_EXTRA;

/// Bytes of a header without name and extra fields.
const HEADER: u64 = 30;

/// Compares the header of an entry with the directory, and returns where the file's bytes begin.
pub(crate) fn read_header<R: Read + Seek>(source: &mut Source<R>, entry: &Entry) -> Result<u64, Defect> {
    let unread = |error| unreadable("the header of a file", &error).at(&entry.name);
    let differs = |what: &str| {
        let problem = format!("the header in front of it and the directory differ in {what}");
        Defect::new(DefectKind::HeaderMismatch, problem).at(&entry.name)
    };
    let bytes = source.bytes_at(entry.offset, HEADER).map_err(unread)?;
    let header = Header::parse(&bytes).ok_or_else(|| differs("where it begins"))?;
    if header.extra > MAX_EXTRA {
        return Err(Defect::new(DefectKind::OverBudget, "its extra fields are too long").at(&entry.name));
    }
    let mut at = entry.offset + HEADER;
    let name = source.bytes_at(at, header.name as u64).map_err(unread)?;
    if name != entry.name.as_bytes() {
        return Err(differs("its name")
            .expected(&entry.name)
            .found(String::from_utf8_lossy(&name)));
    }
    at += header.name as u64;
    let bytes = source.bytes_at(at, header.extra as u64).map_err(unread)?;
    at += header.extra as u64;
    if header.flags != entry.flags {
        return Err(differs("its flags"));
    }
    if header.method != entry.method {
        return Err(differs("how it is compressed"));
    }
    let ambiguous = |problem: &str| Defect::new(DefectKind::ArchiveAmbiguous, problem).at(&entry.name);
    let extra = extra::parse(&bytes).map_err(|problem| ambiguous(&problem))?;
    if extra.name.is_some_and(|other| other != name) {
        return Err(ambiguous("an extra field gives it another name"));
    }
    let [size, packed] = sizes(&header, extra.long)
        .ok_or_else(|| ambiguous("its long sizes are not those that its short ones ask for"))?;
    let follow = entry.flags & SIZES_FOLLOW != 0;
    for (what, found, expected) in [
        ("its size", size, entry.size),
        ("its compressed size", packed, entry.packed),
        ("its checksum", header.crc.into(), entry.crc.into()),
    ] {
        // What follows the file may be left out in front of it.
        if found != expected && !(follow && found == 0) {
            return Err(differs(what).expected(expected).found(found));
        }
    }
    Ok(at)
}

/// The header's fields, as far as they decide something.
struct Header {
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    size: u32,
    name: usize,
    extra: usize,
}

impl Header {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes.strip_prefix(b"PK\x03\x04")?);
        fields.take(2)?; // Version needed; the directory's is the one that counts.
        let (flags, method) = (fields.u16()?, fields.u16()?);
        fields.take(4)?; // Time and date.
        Some(Self {
            flags,
            method,
            crc: fields.u32()?,
            packed: fields.u32()?,
            size: fields.u32()?,
            name: fields.u16()?.into(),
            extra: fields.u16()?.into(),
        })
    }
}

/// Size and compressed size. Some writers give both as long ones too, whether or not the short ones refer to them: then they
/// must be the same.
fn sizes(header: &Header, long: Option<&[u8]>) -> Option<[u64; 2]> {
    let short = [header.size, header.packed];
    if let Some(numbers) = long_numbers(short, long) {
        return Some(numbers);
    }
    let both = long_numbers([LONG, LONG], long)?;
    let same = |(short, long): (u32, u64)| short == LONG || u64::from(short) == long;
    short.into_iter().zip(both).all(same).then_some(both)
}

/// Checks that nothing lies between the end of a file's bytes and `next`, but its sizes if they are to follow.
pub(crate) fn check_end<R: Read + Seek>(
    source: &mut Source<R>,
    entry: &Entry,
    data: u64,
    next: u64,
) -> Result<(), Defect> {
    let end = data.checked_add(entry.packed).filter(|end| *end <= next);
    let Some(end) = end else {
        return Err(Defect::new(DefectKind::ArchiveAmbiguous, "it lies over what follows it").at(&entry.name));
    };
    let between = next - end;
    let hidden = || {
        Defect::new(DefectKind::HiddenData, "bytes that belong to no file follow it")
            .at(&entry.name)
            .found(format!("{between} bytes"))
    };
    let follow = entry.flags & SIZES_FOLLOW != 0;
    if !follow {
        return if between == 0 { Ok(()) } else { Err(hidden()) };
    }
    if !matches!(between, 12 | 16 | 20 | 24) {
        return Err(hidden());
    }
    let bytes = source
        .bytes_at(end, between)
        .map_err(|error| unreadable("what follows a file", &error).at(&entry.name))?;
    let numbers = following(&bytes).ok_or_else(hidden)?;
    if numbers != (entry.crc, entry.packed, entry.size) {
        let problem = "what follows it and the directory differ in its sizes or checksum";
        return Err(Defect::new(DefectKind::HeaderMismatch, problem).at(&entry.name));
    }
    Ok(())
}

/// Checksum, compressed size and size behind a file: each form has a length of its own.
fn following(bytes: &[u8]) -> Option<(u32, u64, u64)> {
    let marked = matches!(bytes.len(), 16 | 24);
    let mut fields = Fields(if marked {
        bytes.strip_prefix(b"PK\x07\x08")?
    } else {
        bytes
    });
    let crc = fields.u32()?;
    if bytes.len() < 20 {
        Some((crc, fields.u32()?.into(), fields.u32()?.into()))
    } else {
        Some((crc, fields.u64()?, fields.u64()?))
    }
}
