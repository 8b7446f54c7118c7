//! A ZIP archive written field by field, so that each of them can be wrong.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// The fields of a header; the directory has the last four besides.
#[derive(Debug, Clone, Default)]
pub(super) struct Header {
    pub(super) version: u16,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u32,
    pub(super) size: u32,
    pub(super) name: Vec<u8>,
    pub(super) extra: Vec<u8>,
    pub(super) comment: Vec<u8>,
    pub(super) disk: u16,
    pub(super) attributes: u32,
    /// Added to where the local header really is.
    pub(super) shift: i64,
}

/// A file with its two headers, its bytes as they lie in the archive, and what follows them.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) local: Header,
    pub(super) central: Header,
    pub(super) data: Vec<u8>,
    pub(super) after: Vec<u8>,
    /// Whether the directory lists it.
    pub(super) listed: bool,
}

/// The whole archive.
#[derive(Debug, Clone, Default)]
pub(super) struct Archive {
    pub(super) before: Vec<u8>,
    pub(super) entries: Vec<Entry>,
    pub(super) before_directory: Vec<u8>,
    pub(super) after_directory: Vec<u8>,
    pub(super) comment: Vec<u8>,
    pub(super) after: Vec<u8>,
    /// Added to the number of entries.
    pub(super) more_entries: u16,
    /// Added to where the directory is.
    pub(super) directory_shift: i64,
    /// Writes the long end record, with this many entries more.
    pub(super) long_end: Option<u64>,
    /// Makes the short end record refer to the long one.
    pub(super) markers: bool,
}

pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

pub(super) fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn u32_of(count: usize) -> u32 {
    u32::try_from(count).expect("archives here are small")
}

impl Entry {
    /// A compressed file, as ordinary tools write it.
    pub(super) fn new(name: &str, content: &[u8]) -> Self {
        Self::packed(name, content, 8, deflate(content))
    }

    /// A file that is stored as it is.
    pub(super) fn stored(name: &str, content: &[u8]) -> Self {
        Self::packed(name, content, 0, content.to_vec())
    }

    fn packed(name: &str, content: &[u8], method: u16, data: Vec<u8>) -> Self {
        let header = Header {
            version: 20,
            flags: if name.is_ascii() { 0 } else { 1 << 11 },
            method,
            crc: crc(content),
            packed: u32_of(data.len()),
            size: u32_of(content.len()),
            name: name.as_bytes().to_vec(),
            attributes: if name.ends_with('/') {
                0o40755 << 16 | 0x10
            } else {
                0o10_0644 << 16
            },
            ..Header::default()
        };
        Self {
            local: header.clone(),
            central: header,
            data,
            after: Vec::new(),
            listed: true,
        }
    }

    /// Changes both headers alike.
    pub(super) fn both(&mut self, change: impl Fn(&mut Header)) {
        change(&mut self.local);
        change(&mut self.central);
    }

    /// Moves sizes and checksum behind the file, with or without a mark, long or short.
    pub(super) fn follow(&mut self, mark: bool, long: bool) {
        self.both(|header| header.flags |= 1 << 3);
        (self.local.crc, self.local.packed, self.local.size) = (0, 0, 0);
        self.after = if mark { b"PK\x07\x08".to_vec() } else { Vec::new() };
        self.after.extend(self.central.crc.to_le_bytes());
        for number in [self.central.packed, self.central.size] {
            let bytes = u64::from(number).to_le_bytes();
            self.after.extend(&bytes[..if long { 8 } else { 4 }]);
        }
    }
}

impl Header {
    fn common(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in [self.version, self.flags, self.method, 0, 0x21] {
            bytes.extend(number.to_le_bytes());
        }
        for number in [self.crc, self.packed, self.size] {
            bytes.extend(number.to_le_bytes());
        }
        for length in [self.name.len(), self.extra.len()] {
            bytes.extend(u16::try_from(length).expect("a short field").to_le_bytes());
        }
        bytes
    }

    fn local(&self) -> Vec<u8> {
        [&b"PK\x03\x04"[..], &self.common(), &self.name, &self.extra].concat()
    }

    fn central(&self, offset: usize) -> Vec<u8> {
        let offset = i64::from(u32_of(offset)) + self.shift;
        let mut bytes = b"PK\x01\x02\x14\x03".to_vec();
        bytes.extend(self.common());
        bytes.extend(u16::try_from(self.comment.len()).expect("a short field").to_le_bytes());
        bytes.extend(self.disk.to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(self.attributes.to_le_bytes());
        bytes.extend(u32::try_from(offset).expect("an offset").to_le_bytes());
        [&bytes[..], &self.name, &self.extra, &self.comment].concat()
    }
}

impl Archive {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.before.clone();
        let mut directory = Vec::new();
        let mut count = self.more_entries;
        for entry in &self.entries {
            if entry.listed {
                directory.extend(entry.central.central(bytes.len()));
                count = count.wrapping_add(1);
            }
            for part in [&entry.local.local(), &entry.data, &entry.after] {
                bytes.extend(part);
            }
        }
        bytes.extend(&self.before_directory);
        let at = i64::from(u32_of(bytes.len())) + self.directory_shift;
        let offset = u32::try_from(at).expect("an offset");
        let size = u32_of(directory.len());
        bytes.extend(directory);
        bytes.extend(&self.after_directory);
        if let Some(more) = self.long_end {
            let begin = bytes.len() as u64;
            bytes.extend(b"PK\x06\x06");
            bytes.extend(44_u64.to_le_bytes());
            bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            let entries = u64::from(count) + more;
            for number in [entries, entries, size.into(), offset.into()] {
                bytes.extend(number.to_le_bytes());
            }
            bytes.extend(b"PK\x06\x07\0\0\0\0");
            bytes.extend(begin.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
        }
        let (count, size, offset) = if self.markers {
            (u16::MAX, u32::MAX, u32::MAX)
        } else {
            (count, size, offset)
        };
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
        bytes.extend([size.to_le_bytes(), offset.to_le_bytes()].concat());
        bytes.extend(u16::try_from(self.comment.len()).expect("a short field").to_le_bytes());
        bytes.extend(&self.comment);
        bytes.extend(&self.after);
        bytes
    }
}
