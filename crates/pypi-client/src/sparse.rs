//! A file of which only some parts are known, for reading an archive over range requests.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};

use bytes::Bytes;

/// Known parts of a file. Reading elsewhere fails and leaves the place in [`Sparse::missing`].
#[derive(Debug)]
pub(crate) struct Sparse {
    total: u64,
    parts: BTreeMap<u64, Bytes>,
    position: u64,
    missing: Option<u64>,
}

impl Sparse {
    pub(crate) fn new(total: u64) -> Self {
        Self {
            total,
            parts: BTreeMap::new(),
            position: 0,
            missing: None,
        }
    }

    /// Size of the whole file.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Adds a part and begins again at the start of the file.
    pub(crate) fn add(&mut self, start: u64, bytes: Bytes) {
        self.parts.insert(start, bytes);
        self.position = 0;
        self.missing = None;
    }

    /// Where the last failed read was, and where the next known part begins.
    pub(crate) fn missing(&self) -> Option<(u64, u64)> {
        let start = self.missing?;
        let next = self.parts.range(start..).next().map_or(self.total, |(next, _)| *next);
        Some((start, next))
    }
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.position >= self.total || buffer.is_empty() {
            return Ok(0);
        }
        let known = self.parts.range(..=self.position).rev().find_map(|(start, bytes)| {
            let offset = usize::try_from(self.position - start).ok()?;
            bytes.get(offset..).filter(|rest| !rest.is_empty())
        });
        let Some(known) = known else {
            self.missing = Some(self.position);
            return Err(Error::new(ErrorKind::UnexpectedEof, "this part was not fetched"));
        };
        let count = known.len().min(buffer.len());
        buffer.iter_mut().zip(known).for_each(|(to, from)| *to = *from);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.total.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_across_parts_and_names_the_hole() {
        let mut file = Sparse::new(10);
        file.add(6, Bytes::from_static(b"6789"));
        file.add(4, Bytes::from_static(b"45"));
        file.seek(SeekFrom::Start(4)).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "456789");
        assert_eq!(file.missing(), None);
        file.seek(SeekFrom::End(-9)).unwrap();
        assert!(file.read(&mut [0; 4]).is_err());
        assert_eq!(file.missing(), Some((1, 4)));
        assert!(file.seek(SeekFrom::Current(-5)).is_err());
    }
}
