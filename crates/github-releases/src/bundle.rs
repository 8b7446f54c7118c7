//! Bodies of `bundle_url`: snappy in its block format, snappy framed, or plain JSON.

use std::io::Read as _;

use bytes::Bytes;

use crate::MAX_BUNDLE_BYTES;

/// How the framed format begins: its stream identifier chunk.
const FRAMED: &[u8; 10] = b"\xff\x06\x00\x00sNaPpY";
/// `Content-Type` of compressed bundles.
const SNAPPY: &str = "application/x-snappy";

/// The JSON of a bundle, of at most [`MAX_BUNDLE_BYTES`]: the length that a block names is checked before anything is decoded,
/// and a framed stream is decoded up to the limit.
pub(crate) fn decode(body: &Bytes, content_type: Option<&str>) -> Result<Bytes, String> {
    let says_snappy = content_type.is_some_and(|kind| kind.split(';').next().unwrap_or_default().trim() == SNAPPY);
    let looks_plain = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    if body.starts_with(FRAMED) {
        framed(body)
    } else if looks_plain && !says_snappy {
        Ok(body.clone())
    } else if body.trim_ascii_start().starts_with(b"<") && !says_snappy {
        Err("it is a web page".to_owned())
    } else {
        // A block begins with its length, and that can be any byte, also one that begins a JSON text.
        block(body).or_else(|why| if looks_plain { Ok(body.clone()) } else { Err(why) })
    }
}

fn block(body: &[u8]) -> Result<Bytes, String> {
    let unfit = |error: snap::Error| format!("it is neither JSON nor snappy: {error}");
    let length = snap::raw::decompress_len(body).map_err(unfit)?;
    if length as u64 > MAX_BUNDLE_BYTES {
        return Err(too_large());
    }
    let decoded = snap::raw::Decoder::new().decompress_vec(body).map_err(unfit)?;
    Ok(Bytes::from(decoded))
}

fn framed(body: &[u8]) -> Result<Bytes, String> {
    let mut decoded = Vec::new();
    let read = snap::read::FrameDecoder::new(body)
        .take(MAX_BUNDLE_BYTES + 1)
        .read_to_end(&mut decoded);
    read.map_err(|error| format!("its snappy frames cannot be read: {error}"))?;
    if decoded.len() as u64 > MAX_BUNDLE_BYTES {
        return Err(too_large());
    }
    Ok(Bytes::from(decoded))
}

fn too_large() -> String {
    format!("it is larger than {MAX_BUNDLE_BYTES} bytes when it is decoded")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn framed_of(plain: &[u8]) -> Bytes {
        let mut encoder = snap::write::FrameEncoder::new(Vec::new());
        encoder.write_all(plain).unwrap();
        Bytes::from(encoder.into_inner().unwrap())
    }

    fn block_of(plain: &[u8]) -> Bytes {
        Bytes::from(snap::raw::Encoder::new().compress_vec(plain).unwrap())
    }

    #[test]
    fn every_form_gives_the_same() {
        for length in [2_usize, 32, 123, 5000, 100_000] {
            let plain = format!("{{{}}}", " ".repeat(length - 2)).into_bytes();
            for body in [Bytes::from(plain.clone()), framed_of(&plain), block_of(&plain)] {
                for kind in [Some("application/x-snappy"), Some("application/x-snappy; v=1")] {
                    assert_eq!(decode(&body, kind).unwrap(), plain, "{length} {kind:?}");
                }
                // Without that word a block of 123 bytes looks like JSON, since `{` is its length.
                if length != 123 {
                    for kind in [None, Some("application/json"), Some("binary/octet-stream")] {
                        assert_eq!(decode(&body, kind).unwrap(), plain, "{length} {kind:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn bombs_are_seen_before_they_are_decoded() {
        let zeros = vec![0; 50 << 20];
        for bomb in [framed_of(&zeros), block_of(&zeros)] {
            assert!(bomb.len() < 3 << 20);
            assert!(decode(&bomb, None).unwrap_err().contains("larger than"));
        }
        // A length of 4 GiB, and nothing after it.
        let claim = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert!(decode(&claim, None).unwrap_err().contains("larger than"));
    }

    #[test]
    fn broken_bodies_are_unreadable() {
        let block = block_of(b"{\"a\":\"some text that is long enough, some text that is long enough\"}");
        let framed = framed_of(b"{}");
        for body in [
            Bytes::new(),
            block.slice(..block.len() - 1),
            framed.slice(..framed.len() - 1),
            Bytes::from_static(b"<html>"),
            Bytes::from_static(b"\x01"),
            Bytes::from_static(b"\xff\xff\xff\xff\xff\xff"),
        ] {
            assert!(decode(&body, None).is_err(), "{body:?}");
        }
        let mut flipped = framed.to_vec();
        let last = flipped.len() - 1;
        flipped[last] ^= 1;
        assert!(decode(&Bytes::from(flipped), None).unwrap_err().contains("frames"));
    }
}
