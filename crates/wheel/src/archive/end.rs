//! The end of the archive, which says where its directory is (APPNOTE 4.3.14 to 4.3.16).

use std::io::{Read, Seek};

use super::fields::{Fields, LONG, LONG_COUNT};
use super::{Source, unreadable};
use crate::defect::{Defect, DefectKind};
use crate::limits::{MAX_DIRECTORY, MAX_ENTRIES};

/// Bytes of the end record without a comment.
const END: u64 = 22;
/// Bytes of the long end record without further fields, and of what points to it.
const LONG_END: u64 = 56;
const LOCATOR: u64 = 20;
/// Longest comment behind the end record.
const MAX_COMMENT: u64 = 0xffff;

/// Where the directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DirectoryPlace {
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) entries: u64,
}

/// Finds the directory: the archive must end with its end record, and the directory right before that.
pub(crate) fn find_directory<R: Read + Seek>(source: &mut Source<R>) -> Result<DirectoryPlace, Defect> {
    let unread = |error| unreadable("the end of the archive", &error);
    let ambiguous = |problem: &str| Defect::new(DefectKind::ArchiveAmbiguous, problem);
    let at = source.length().checked_sub(END).ok_or_else(no_archive)?;
    let record = source.bytes_at(at, END).map_err(unread)?;
    let Some((place, markers)) = end_record(&record) else {
        return Err(what_else(source));
    };
    let locator = match at.checked_sub(LOCATOR) {
        Some(at) => source.bytes_at(at, LOCATOR).map_err(unread)?,
        None => Vec::new(),
    };
    // Readers look for these four bytes at this very place, whatever else they may be part of.
    let (place, end) = if locator.starts_with(b"PK\x06\x07") {
        let begin = (at - LOCATOR)
            .checked_sub(LONG_END)
            .ok_or_else(|| ambiguous("its long end record is missing"))?;
        let record = source.bytes_at(begin, LONG_END).map_err(unread)?;
        let long = long_end_record(&record, &locator, begin)
            .ok_or_else(|| ambiguous("its long end record is not the one right before its end"))?;
        if !agrees(place, markers, long) {
            return Err(ambiguous("its two end records say different things"));
        }
        (long, begin)
    } else if markers.any() {
        return Err(ambiguous("its long end record is missing"));
    } else {
        (place, at)
    };
    if place.offset.checked_add(place.size) != Some(end) {
        return Err(Defect::new(
            DefectKind::HiddenData,
            "its directory does not lie where the end of the archive says",
        )
        .expected(format!(
            "bytes {} to {}",
            place.offset,
            place.offset.saturating_add(place.size)
        ))
        .found(format!("up to byte {end}")));
    }
    if place.entries > MAX_ENTRIES || place.size > MAX_DIRECTORY {
        return Err(Defect::new(DefectKind::OverBudget, "it has too many files")
            .expected(format!("at most {MAX_ENTRIES} files, {MAX_DIRECTORY} bytes of names"))
            .found(format!("{} files, {} bytes", place.entries, place.size)));
    }
    Ok(place)
}

/// Which fields of the end record refer to the long one.
#[derive(Debug, Clone, Copy)]
struct Markers {
    entries: bool,
    size: bool,
    offset: bool,
}

impl Markers {
    const fn any(self) -> bool {
        self.entries || self.size || self.offset
    }
}

/// An end record of one disk and without a comment.
fn end_record(record: &[u8]) -> Option<(DirectoryPlace, Markers)> {
    let mut fields = Fields(record.strip_prefix(b"PK\x05\x06")?);
    let (disk, directory_disk) = (fields.u16()?, fields.u16()?);
    let (here, entries) = (fields.u16()?, fields.u16()?);
    let (size, offset, comment) = (fields.u32()?, fields.u32()?, fields.u16()?);
    let one_disk = (disk, directory_disk) == (0, 0) && here == entries;
    let place = DirectoryPlace {
        offset: offset.into(),
        size: size.into(),
        entries: entries.into(),
    };
    let markers = Markers {
        entries: entries == LONG_COUNT,
        size: size == LONG,
        offset: offset == LONG,
    };
    (one_disk && comment == 0).then_some((place, markers))
}

/// A long end record of version 1 without further fields, at `begin`, to which the locator points.
fn long_end_record(record: &[u8], locator: &[u8], begin: u64) -> Option<DirectoryPlace> {
    let mut fields = Fields(locator.strip_prefix(b"PK\x06\x07")?);
    if (fields.u32()?, fields.u64()?, fields.u32()?) != (0, begin, 1) {
        return None;
    }
    let mut fields = Fields(record.strip_prefix(b"PK\x06\x06")?);
    let rest = fields.u64()?;
    fields.take(4)?; // Versions.
    let disks = (fields.u32()?, fields.u32()?);
    let (here, entries, size, offset) = (fields.u64()?, fields.u64()?, fields.u64()?, fields.u64()?);
    let plain = rest == LONG_END - 12 && disks == (0, 0) && here == entries;
    plain.then_some(DirectoryPlace { offset, size, entries })
}

/// Whether a reader that knows no long records is either told to look for one, or told the same.
fn agrees(short: DirectoryPlace, markers: Markers, long: DirectoryPlace) -> bool {
    (markers.entries || short.entries == long.entries)
        && (markers.size || short.size == long.size)
        && (markers.offset || short.offset == long.offset)
}

fn no_archive() -> Defect {
    Defect::new(DefectKind::ArchiveMalformed, "it is no ZIP archive")
}

/// Why the last bytes are no end record.
fn what_else<R: Read + Seek>(source: &mut Source<R>) -> Defect {
    let count = source.length().min(END + MAX_COMMENT);
    let tail = match source.bytes_at(source.length() - count, count) {
        Ok(tail) => tail,
        Err(error) => return unreadable("the end of the archive", &error),
    };
    let Some(at) = tail.windows(4).rposition(|window| window == b"PK\x05\x06") else {
        return no_archive();
    };
    let behind = tail.len() - at;
    if behind as u64 > END {
        Defect::new(DefectKind::HiddenData, "bytes follow the end of the archive")
            .found(format!("{} bytes", behind as u64 - END))
    } else {
        Defect::new(
            DefectKind::ArchiveMalformed,
            "the end of the archive is not whole, or that of one of several disks",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn find(bytes: &[u8]) -> Result<DirectoryPlace, DefectKind> {
        let mut source = Source::new(Cursor::new(bytes.to_vec())).unwrap();
        find_directory(&mut source).map_err(|defect| defect.kind)
    }

    fn end(entries: u16, size: u32, offset: u32) -> Vec<u8> {
        let mut bytes = b"PK\x05\x06\0\0\0\0".to_vec();
        bytes.extend([entries.to_le_bytes(), entries.to_le_bytes()].concat());
        bytes.extend([size.to_le_bytes(), offset.to_le_bytes()].concat());
        bytes.extend([0, 0]);
        bytes
    }

    fn long(entries: u64, size: u64, offset: u64, begin: u64) -> Vec<u8> {
        let mut bytes = b"PK\x06\x06".to_vec();
        bytes.extend(44_u64.to_le_bytes());
        bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [entries, entries, size, offset] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend(begin.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes
    }

    #[test]
    fn short_and_long_ends() {
        let place = |entries| DirectoryPlace {
            offset: 4,
            size: 6,
            entries,
        };
        let file = [vec![0; 10], end(2, 6, 4)].concat();
        assert_eq!(find(&file), Ok(place(2)));
        let file = [vec![0; 10], long(70_000, 6, 4, 10), end(LONG_COUNT, 6, 4)].concat();
        assert_eq!(find(&file), Ok(place(70_000)));
        let file = [vec![0; 10], long(2, 6, 4, 10), end(2, 6, 4)].concat();
        assert_eq!(find(&file), Ok(place(2)));
    }

    #[test]
    fn ends_that_readers_may_read_differently() {
        let ten = || vec![0; 10];
        let cases = [
            (vec![], DefectKind::ArchiveMalformed),
            (vec![0; 100], DefectKind::ArchiveMalformed),
            ([ten(), end(2, 6, 3)].concat(), DefectKind::HiddenData),
            ([ten(), end(2, 5, 4)].concat(), DefectKind::HiddenData),
            ([ten(), end(2, 6, 4), vec![0]].concat(), DefectKind::HiddenData),
            ([ten(), end(LONG_COUNT, 6, 4)].concat(), DefectKind::ArchiveAmbiguous),
            ([ten(), end(2, LONG, 4)].concat(), DefectKind::ArchiveAmbiguous),
            (
                [ten(), long(3, 6, 4, 10), end(2, 6, 4)].concat(),
                DefectKind::ArchiveAmbiguous,
            ),
            (
                [ten(), long(2, 6, 4, 9), end(2, 6, 4)].concat(),
                DefectKind::ArchiveAmbiguous,
            ),
            (
                [ten(), b"PK\x06\x07".to_vec(), vec![0; 16], end(2, 6, 4)].concat(),
                DefectKind::ArchiveAmbiguous,
            ),
            (
                [ten(), long(MAX_ENTRIES + 1, 6, 4, 10), end(LONG_COUNT, 6, 4)].concat(),
                DefectKind::OverBudget,
            ),
        ];
        for (number, (bytes, kind)) in cases.into_iter().enumerate() {
            assert_eq!(find(&bytes), Err(kind), "case {number}");
        }
    }
}
