//! The bytes of a file, unpacked a piece at a time.

use std::io::{Read, Seek};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::directory::{Entry, STORED};
use super::{Source, unreadable};
use crate::defect::{Defect, DefectKind};
use crate::limits::CHUNK;

/// Unpacks one file after the other in the same memory.
#[derive(Debug)]
pub(crate) struct Unpacker {
    inflate: Decompress,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Unpacker {
    pub(crate) fn new() -> Self {
        Self {
            inflate: Decompress::new(false),
            input: vec![0; CHUNK],
            output: vec![0; CHUNK],
        }
    }

    /// Gives the file's bytes to `sink`, never more than the directory says. Its compressed bytes must end where the file ends, and
    /// size and checksum must be those of the directory.
    pub(crate) fn unpack<R: Read + Seek>(
        &mut self,
        source: &mut Source<R>,
        entry: &Entry,
        data: u64,
        mut sink: impl FnMut(&[u8]),
    ) -> Result<(), Defect> {
        let mut file = File {
            entry,
            crc: Crc::new(),
            unpacked: 0,
            sink: &mut sink,
        };
        let unread = |error| unreadable("a file", &error).at(&entry.name);
        self.inflate.reset(false);
        let (mut at, mut left, mut ended) = (data, entry.packed, false);
        while left > 0 {
            let count = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            let input = self.input.get_mut(..count).unwrap_or_default();
            source.read_at(at, input).map_err(unread)?;
            at += count as u64;
            left -= count as u64;
            if entry.method == STORED {
                file.take(input)?;
            } else if ended {
                return Err(file.damaged("bytes follow the end of its compressed data"));
            } else {
                ended = file.inflate(&mut self.inflate, input, &mut self.output)?;
            }
        }
        if entry.method != STORED && !ended {
            return Err(file.damaged("its compressed data end too early"));
        }
        if file.unpacked != entry.size || file.crc.sum() != entry.crc {
            return Err(file.damaged("it does not have the size and the checksum of the directory"));
        }
        Ok(())
    }
}

/// What has been unpacked of a file.
struct File<'a, S> {
    entry: &'a Entry,
    crc: Crc,
    unpacked: u64,
    sink: &'a mut S,
}

impl<S: FnMut(&[u8])> File<'_, S> {
    fn damaged(&self, problem: &str) -> Defect {
        Defect::new(DefectKind::ContentDamaged, problem).at(&self.entry.name)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Defect> {
        self.unpacked += bytes.len() as u64;
        if self.unpacked > self.entry.size {
            return Err(self.damaged("it is larger than the directory says"));
        }
        self.crc.update(bytes);
        (self.sink)(bytes);
        Ok(())
    }

    /// Inflates a piece; whether the data have ended with it. Bytes behind their end are an error.
    fn inflate(&mut self, inflate: &mut Decompress, mut input: &[u8], output: &mut [u8]) -> Result<bool, Defect> {
        loop {
            let (read, written) = (inflate.total_in(), inflate.total_out());
            let status = inflate
                .decompress(input, output, FlushDecompress::None)
                .map_err(|_| self.damaged("its compressed data are damaged"))?;
            let read = usize::try_from(inflate.total_in() - read).unwrap_or(usize::MAX);
            let written = usize::try_from(inflate.total_out() - written).unwrap_or(usize::MAX);
            self.take(output.get(..written).unwrap_or_default())?;
            input = input.get(read..).unwrap_or_default();
            if status == Status::StreamEnd {
                if input.is_empty() {
                    return Ok(true);
                }
                return Err(self.damaged("bytes follow the end of its compressed data"));
            }
            // Output that just fills the buffer may not be all there is.
            let stuck = read == 0 && written == 0;
            if input.is_empty() && (written < output.len() || stuck) {
                return Ok(false);
            }
            if stuck {
                return Err(self.damaged("its compressed data are damaged"));
            }
        }
    }
}
