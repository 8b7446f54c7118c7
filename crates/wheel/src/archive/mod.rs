//! The archive: which files it holds, told strictly enough that every reader sees the same ones.
//!
//! Readers of ZIP archives differ: some go by the directory at the end, some by the headers in front of the files, some
//! search for the directory, some forgive. Here nothing is searched for and nothing forgiven: one directory lies at the very end, its
//! entries and the headers agree, and entries follow each other without a gap from the first byte to the directory. The
//! source is PKWARE's APPNOTE 6.3.10; what is accepted is the part of it that writers of wheels use.

mod directory;
mod end;
mod extra;
mod fields;
mod header;
mod source;
mod unpack;

pub(crate) use directory::{Entry, read_directory};
pub(crate) use end::find_directory;
pub(crate) use header::{check_end, read_header};
pub(crate) use source::Source;
pub(crate) use unpack::Unpacker;

use crate::defect::{Defect, DefectKind};

/// A part of the archive could not be read.
pub(crate) fn unreadable(what: &str, error: &std::io::Error) -> Defect {
    Defect::new(DefectKind::ArchiveMalformed, format!("{what} cannot be read: {error}"))
}
