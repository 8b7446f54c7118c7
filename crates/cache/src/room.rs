//! Where the bytes of large answers and files are put.

/// From here on, a buffer is large.
const LARGE: usize = 1 << 20;
/// What a large buffer reserves. Allocators give so much back to the system as soon as it is freed (the GNU one from 32 MiB on,
/// whatever it has learned meanwhile), and take as much of it as is written to. Growing step by step, it would be copied each
/// time, and what was freed would stay with the process: several times the largest answer.
const RESERVED: usize = 33 << 20;

/// Makes room for `more` bytes at the end of a buffer, so that its memory is the process's only as long as the buffer.
pub fn make_room(bytes: &mut Vec<u8>, more: usize) {
    let needed = bytes.len().saturating_add(more);
    if needed > LARGE && needed > bytes.capacity() && needed <= RESERVED {
        bytes.reserve_exact(RESERVED - bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_buffers_are_reserved_once() {
        let mut bytes = vec![0; LARGE];
        make_room(&mut bytes, 0);
        assert!(bytes.capacity() < RESERVED);
        make_room(&mut bytes, 1);
        assert!(bytes.capacity() >= RESERVED);
        let place = bytes.as_ptr();
        while bytes.len() < RESERVED {
            make_room(&mut bytes, LARGE);
            bytes.resize(bytes.len() + LARGE, 0);
        }
        assert_eq!(bytes.as_ptr(), place);
        let before = bytes.capacity();
        make_room(&mut bytes, usize::MAX);
        assert_eq!(bytes.capacity(), before);
    }
}
