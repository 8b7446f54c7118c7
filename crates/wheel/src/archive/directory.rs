//! The directory of the archive (APPNOTE 4.3.12).

use super::extra;
use super::fields::{Fields, LONG};
use crate::defect::{Defect, DefectKind, Defects};
use crate::limits::{MAX_EXTRA, MAX_NAME};

/// Flags that may be set: two that say how hard was compressed, "sizes follow the file", and "names are UTF-8".
const FLAGS: u16 = SIZES_FOLLOW | UTF8 | 0b110;
/// Sizes and checksum follow the file's bytes.
pub(super) const SIZES_FOLLOW: u16 = 1 << 3;
const UTF8: u16 = 1 << 11;
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// Methods.
pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;
/// Version of the format that is needed for files of more than four gigabytes; what needs a later one is encrypted or
/// compressed otherwise.
const NEWEST: u16 = 45;
/// Types of files in the upper half of the attributes, as Unix has them.
const TYPE: u32 = 0o17_0000;
const REGULAR: u32 = 0o10_0000;
const FOLDER: u32 = 0o04_0000;

/// One entry: a file, or a folder if its name ends in a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) crc: u32,
    /// Bytes as they lie in the archive.
    pub(crate) packed: u64,
    /// Bytes of the file.
    pub(crate) size: u64,
    /// Where its header begins.
    pub(crate) offset: u64,
}

impl Entry {
    /// An empty file of this name, for tests that ask for nothing else.
    #[cfg(test)]
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            flags: 0,
            method: STORED,
            crc: 0,
            packed: 0,
            size: 0,
            offset: 0,
        }
    }

    /// As every installer decides it.
    pub(crate) fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }
}

/// Reads all entries. Defects that let one go on are added; the error is one that does not.
pub(crate) fn read_directory(bytes: &[u8], entries: u64, defects: &mut Defects) -> Result<Vec<Entry>, Defect> {
    let mut fields = Fields(bytes);
    let mut list = Vec::new();
    while !fields.is_empty() {
        let raw = Raw::take(&mut fields).ok_or_else(|| malformed("its directory ends within an entry"))?;
        list.push(raw.entry(defects)?);
        if list.len() as u64 > entries {
            break;
        }
    }
    if list.len() as u64 != entries {
        return Err(Defect::new(
            DefectKind::ArchiveAmbiguous,
            "its directory has another number of entries than its end says",
        )
        .expected(entries));
    }
    Ok(list)
}

fn malformed(problem: &str) -> Defect {
    Defect::new(DefectKind::ArchiveMalformed, problem)
}

/// An entry as it is written.
struct Raw<'a> {
    version: u16,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    size: u32,
    disk: u16,
    attributes: u32,
    offset: u32,
    name: &'a [u8],
    extra: &'a [u8],
    comment: &'a [u8],
}

impl<'a> Raw<'a> {
    fn take(fields: &mut Fields<'a>) -> Option<Self> {
        if fields.take(4)? != b"PK\x01\x02" {
            return None;
        }
        fields.take(2)?; // Who made it, which decides nothing.
        let (version, flags, method) = (fields.u16()?, fields.u16()?, fields.u16()?);
        fields.take(4)?; // Time and date.
        let (crc, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let lengths = [fields.u16()?, fields.u16()?, fields.u16()?].map(usize::from);
        let disk = fields.u16()?;
        fields.take(2)?; // Whether it is text.
        let (attributes, offset) = (fields.u32()?, fields.u32()?);
        let [name, extra, comment] = lengths;
        Some(Self {
            version,
            flags,
            method,
            crc,
            packed,
            size,
            disk,
            attributes,
            offset,
            name: fields.take(name)?,
            extra: fields.take(extra)?,
            comment: fields.take(comment)?,
        })
    }

    fn entry(&self, defects: &mut Defects) -> Result<Entry, Defect> {
        let name = self.name()?;
        let ambiguous = |problem: &str| Defect::new(DefectKind::ArchiveAmbiguous, problem).at(name);
        if self.flags & ENCRYPTED != 0 {
            return Err(Defect::new(DefectKind::MethodUnsupported, "it is encrypted").at(name));
        }
        if !matches!(self.method, STORED | DEFLATED) || self.version & 0xff > NEWEST {
            return Err(
                Defect::new(DefectKind::MethodUnsupported, "it is compressed by an unusual method")
                    .at(name)
                    .expected("stored (0) or DEFLATE (8)")
                    .found(format!("method {}, version {}", self.method, self.version & 0xff)),
            );
        }
        if self.flags & !FLAGS != 0 {
            return Err(ambiguous("it has flags that readers take differently").found(format!("{:#06x}", self.flags)));
        }
        if self.disk != 0 {
            return Err(ambiguous("it lies on another disk"));
        }
        if !self.comment.is_empty() {
            let hidden = Defect::new(DefectKind::HiddenData, "it has a comment").at(name);
            defects.add(hidden.found(format!("{} bytes", self.comment.len())));
        }
        if self.extra.len() > MAX_EXTRA {
            return Err(Defect::new(DefectKind::OverBudget, "its extra fields are too long").at(name));
        }
        let extra = extra::parse(self.extra).map_err(|problem| ambiguous(&problem))?;
        if extra.name.is_some_and(|other| other != self.name) {
            return Err(ambiguous("an extra field gives it another name"));
        }
        let [size, packed, offset] = long_numbers([self.size, self.packed, self.offset], extra.long)
            .ok_or_else(|| ambiguous("its long sizes are not those that its short ones ask for"))?;
        if let Some(special) = self.special(name) {
            defects.add(special);
        }
        let entry = Entry {
            name: name.to_owned(),
            flags: self.flags,
            method: self.method,
            crc: self.crc,
            packed,
            size,
            offset,
        };
        if entry.method == STORED && entry.packed != entry.size {
            return Err(ambiguous("it is stored as it is, with another size"));
        }
        if entry.is_folder() && entry.size != 0 {
            defects.add(Defect::new(DefectKind::HiddenData, "it is a folder, and holds bytes").at(name));
        }
        Ok(entry)
    }

    /// Python reads names without the UTF-8 flag in the code page of the first PCs, others in others.
    fn name(&self) -> Result<&'a str, Defect> {
        let name = std::str::from_utf8(self.name);
        let name = name.ok().filter(|name| self.flags & UTF8 != 0 || name.is_ascii());
        let name = name.ok_or_else(|| {
            let raw = String::from_utf8_lossy(self.name);
            Defect::new(
                DefectKind::ArchiveAmbiguous,
                "its name is not marked as UTF-8, or is none",
            )
            .at(&raw)
        })?;
        if name.is_empty() {
            return Err(malformed("a file of its archive has no name"));
        }
        if name.len() > MAX_NAME {
            return Err(Defect::new(DefectKind::OverBudget, "its name is too long").at(name));
        }
        Ok(name)
    }

    /// What is neither a file nor a folder, or not that which its name says, whichever system it was made on: pip asks for
    /// these bits alone.
    fn special(&self, name: &str) -> Option<Defect> {
        let words = match ((self.attributes >> 16) & TYPE, name.ends_with('/')) {
            (0 | REGULAR, false) | (0 | FOLDER, true) => return None,
            (0o12_0000, _) => "it is a symbolic link",
            (FOLDER, false) => "it is a folder, and named like a file",
            (REGULAR, true) => "it is a file, and named like a folder",
            _ => "it is a device, a pipe, a socket, or of an unknown type",
        };
        Some(Defect::new(DefectKind::SpecialFile, words).at(name))
    }
}

/// The numbers of a header, with those from the long field for each that refers to it. `None` if there are more or fewer.
pub(super) fn long_numbers<const N: usize>(short: [u32; N], long: Option<&[u8]>) -> Option<[u64; N]> {
    let mut long = Fields(long.unwrap_or_default());
    let mut numbers = [0; N];
    for (number, short) in numbers.iter_mut().zip(short) {
        *number = if short == LONG { long.u64()? } else { short.into() };
    }
    long.is_empty().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_stand_for_exactly_the_marked_ones() {
        let eight = 5_000_000_000_u64.to_le_bytes();
        assert_eq!(long_numbers([1, 2], None), Some([1, 2]));
        assert_eq!(long_numbers([LONG, 2], Some(&eight)), Some([5_000_000_000, 2]));
        assert_eq!(long_numbers([LONG, 2], None), None);
        assert_eq!(long_numbers([1, 2], Some(&eight)), None);
        assert_eq!(long_numbers([LONG, LONG], Some(&eight)), None);
    }
}
