//! Reading parts of a file in order without asking the system for each of them.

use std::io::{BufReader, Error, ErrorKind, Read, Result, Seek, SeekFrom};

use crate::limits::CHUNK;

/// A file of known length, read at places.
#[derive(Debug)]
pub(crate) struct Source<R> {
    inner: BufReader<R>,
    position: u64,
    length: u64,
}

impl<R: Read + Seek> Source<R> {
    pub(crate) fn new(mut inner: R) -> Result<Self> {
        let length = inner.seek(SeekFrom::End(0))?;
        inner.seek(SeekFrom::Start(0))?;
        Ok(Self {
            inner: BufReader::with_capacity(CHUNK, inner),
            position: 0,
            length,
        })
    }

    /// Bytes of the whole file.
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// Goes to a place; free where it is the next one.
    pub(crate) fn go_to(&mut self, offset: u64) -> Result<()> {
        if offset != self.position {
            let step = i64::try_from(offset).ok().zip(i64::try_from(self.position).ok());
            let (to, from) = step.ok_or_else(|| Error::from(ErrorKind::InvalidInput))?;
            self.inner.seek_relative(to - from)?;
            self.position = offset;
        }
        Ok(())
    }

    /// Fills the buffer from this place on.
    pub(crate) fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.go_to(offset)?;
        self.inner.read_exact(buffer)?;
        self.position += buffer.len() as u64;
        Ok(())
    }

    /// So many bytes from this place on; the caller has checked the number against a budget.
    pub(crate) fn bytes_at(&mut self, offset: u64, count: u64) -> Result<Vec<u8>> {
        if offset.checked_add(count).is_none_or(|end| end > self.length) {
            return Err(Error::from(ErrorKind::UnexpectedEof));
        }
        let count = usize::try_from(count).map_err(|_| Error::from(ErrorKind::InvalidInput))?;
        let mut bytes = vec![0; count];
        self.read_at(offset, &mut bytes)?;
        Ok(bytes)
    }
}
