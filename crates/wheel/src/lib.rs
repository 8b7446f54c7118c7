//! Whether a wheel is what it seems: one archive that every reader reads alike, holding one distribution, that of its file name,
//! with a list of files that is complete and true.
//!
//! Provenance says who made a file; this says that the file has no two faces: that what a person or a tool sees in it is
//! what pip will install. Pure: reads what it is given once, in order, in pieces; runs nothing and writes nothing. What is
//! *not* checked: what the files do once they are imported or run. docs/wheels.md lists every check.

mod about;
mod archive;
mod defect;
mod entry_points;
pub mod limits;
mod names;
mod notes;
mod place;
mod record;

use std::io::{Read, Seek};

use aws_lc_rs::digest;
use slsa_pip_distribution::WheelFilename;
use slsa_pip_distribution::metadata::MAX_METADATA_LEN;

use crate::archive::{Entry, Source, Unpacker, check_end, find_directory, read_directory, read_header, unreadable};
use crate::defect::Defects;
pub use crate::defect::{Defect, DefectKind};
pub use crate::notes::{Note, NoteKind, Notes};
use crate::record::{Record, Unread};

/// A wheel without defects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// How many files it holds.
    pub files: usize,
    /// The bytes of all of them, unpacked.
    pub unpacked: u64,
    /// What is worth knowing of them.
    pub notes: Notes,
}

/// Inspects a wheel of this name.
///
/// # Errors
/// Everything that is wrong with it; never nothing. What is found last may be missing if the archive could not be read so far.
pub fn inspect(archive: impl Read + Seek, file: &WheelFilename) -> Result<Inspection, Vec<Defect>> {
    let mut defects = Defects::default();
    let inspection = match look(archive, file, &mut defects) {
        Ok(inspection) => Some(inspection),
        Err(defect) => {
            defects.add(defect);
            None
        }
    };
    let list = defects.into_list();
    match inspection {
        Some(inspection) if list.is_empty() => Ok(inspection),
        _ => Err(list),
    }
}

fn look(archive: impl Read + Seek, file: &WheelFilename, defects: &mut Defects) -> Result<Inspection, Defect> {
    let mut source = Source::new(archive).map_err(|error| unreadable("the file", &error))?;
    let place = find_directory(&mut source)?;
    let directory = source
        .bytes_at(place.offset, place.size)
        .map_err(|error| unreadable("the directory", &error))?;
    let entries = read_directory(&directory, place.entries, defects)?;
    drop(directory);
    let unpacked = budget(&entries, source.length())?;
    names::check(&entries, defects);
    let mut reader = Reader {
        source,
        unpacker: Unpacker::new(),
        entries: &entries,
        end: place.offset,
        defects,
    };
    let Some(dist_info) = about::dist_info(&entries, file, reader.defects) else {
        reader.contents(None);
        return Ok(Inspection::default());
    };
    about::data_folders(&entries, &dist_info, reader.defects);
    let mut record = Record::new(&dist_info);
    let path = |name: &str| format!("{dist_info}/{name}");
    let needed = Some(DefectKind::RecordMalformed);
    if let Some(bytes) = reader.small(record.path(), limits::MAX_RECORD, needed) {
        record.read(&bytes, entries.len(), reader.defects);
    }
    let needed = Some(DefectKind::MetadataMalformed);
    if let Some(bytes) = reader.small(&path("METADATA"), MAX_METADATA_LEN as u64, needed) {
        about::metadata(&bytes, &path("METADATA"), file, reader.defects);
    }
    if let Some(bytes) = reader.small(&path("WHEEL"), limits::MAX_SMALL_FILE, needed) {
        about::wheel(&bytes, &path("WHEEL"), file, reader.defects);
    }
    let scripts = match reader.small(&path("entry_points.txt"), limits::MAX_SMALL_FILE, None) {
        Some(bytes) => entry_points::scripts(&bytes, &path("entry_points.txt"), reader.defects),
        None => Vec::new(),
    };
    reader.contents(Some(&mut record));
    Ok(Inspection {
        files: entries.iter().filter(|entry| !entry.is_folder()).count(),
        unpacked,
        notes: notes::collect(&entries, &dist_info, &scripts, &file.name),
    })
}

/// The sum of all unpacked files, which must be one that a real wheel can have.
fn budget(entries: &[Entry], length: u64) -> Result<u64, Defect> {
    let unpacked = entries.iter().try_fold(0_u64, |sum, entry| sum.checked_add(entry.size));
    let most = length
        .saturating_mul(limits::MAX_RATIO)
        .clamp(limits::UNPACKED_FREE, limits::MAX_UNPACKED);
    unpacked.filter(|unpacked| *unpacked <= most).ok_or_else(|| {
        Defect::new(
            DefectKind::OverBudget,
            "it unpacks to more than any real wheel of its size",
        )
        .expected(format!("at most {most} bytes"))
        .found(unpacked.map_or_else(|| "more than can be counted".to_owned(), |sum| format!("{sum} bytes")))
    })
}

/// The archive with its directory.
struct Reader<'a, R> {
    source: Source<R>,
    unpacker: Unpacker,
    entries: &'a [Entry],
    /// Where the directory begins.
    end: u64,
    defects: &'a mut Defects,
}

impl<R: Read + Seek> Reader<'_, R> {
    /// The bytes of one file; if it is not there, that is a defect of the kind `missing`.
    fn small(&mut self, path: &str, limit: u64, missing: Option<DefectKind>) -> Option<Vec<u8>> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == path) else {
            if let Some(kind) = missing {
                self.defects.add(Defect::new(kind, "it is missing").at(path));
            }
            return None;
        };
        if entry.size > limit {
            let large = Defect::new(DefectKind::OverBudget, "it is too large").at(path);
            self.defects
                .add(large.expected(format!("at most {limit} bytes")).found(entry.size));
            return None;
        }
        let mut bytes = Vec::new();
        let Self { source, unpacker, .. } = self;
        let read = read_header(source, entry)
            .and_then(|data| unpacker.unpack(source, entry, data, |part| bytes.extend_from_slice(part)));
        read.map_err(|defect| self.defects.add(defect)).ok().map(|()| bytes)
    }

    /// Reads the archive from its first byte to its directory, and compares every file with what is said of it.
    fn contents(&mut self, mut record: Option<&mut Record>) {
        let mut order: Vec<&Entry> = self.entries.iter().collect();
        order.sort_by_key(|entry| entry.offset);
        let first = order.first().map_or(self.end, |entry| entry.offset);
        if first != 0 {
            let hidden = Defect::new(
                DefectKind::HiddenData,
                "bytes that belong to no file precede the first one",
            );
            self.defects.add(hidden.found(format!("{first} bytes")));
        }
        let nexts = order.iter().skip(1).map(|entry| entry.offset).chain([self.end]);
        for (entry, next) in order.iter().zip(nexts) {
            let algorithm = record.as_ref().and_then(|record| record.algorithm(&entry.name));
            let mut hash = algorithm.map(digest::Context::new);
            let read = self.content(entry, next, &mut hash).map_err(|defect| {
                self.defects.add(defect);
                Unread
            });
            if let Some(record) = record.as_deref_mut() {
                record.compare(entry, read.map(|()| hash.map(digest::Context::finish)), self.defects);
            }
        }
        if let Some(record) = record {
            record.missing(self.defects);
        }
    }

    /// Reads one entry, which must end where the `next` one begins.
    fn content(&mut self, entry: &Entry, next: u64, hash: &mut Option<digest::Context>) -> Result<(), Defect> {
        let Self { source, unpacker, .. } = self;
        let data = read_header(source, entry)?;
        check_end(source, entry, data, next)?;
        unpacker.unpack(source, entry, data, |part| {
            if let Some(hash) = hash {
                hash.update(part);
            }
        })
    }
}
