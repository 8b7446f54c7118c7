//! Extra fields of a header (APPNOTE 4.5): long sizes, and much that no installer reads.

use super::fields::Fields;

/// Sizes and offsets of 64 bits.
const LONG_SIZES: u16 = 0x0001;
/// Another name for the file, which some readers prefer.
const UNICODE_PATH: u16 = 0x7075;
/// What may be there besides, since it says nothing about the file's name or content: times (NTFS, Unix, "UT"), owners, access lists,
/// the mark of a Java archive, alignments.
const HARMLESS: [u16; 9] = [0x000a, 0x4453, 0x5455, 0x5855, 0x7855, 0x7875, 0xcafe, 0xd935, 0xa11e];

/// The fields of one header that mean something.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extra<'a> {
    /// The numbers of 64 bits.
    pub(crate) long: Option<&'a [u8]>,
    /// The other name, without version and checksum.
    pub(crate) name: Option<&'a [u8]>,
}

/// Reads the fields; the error says what readers may take differently.
pub(crate) fn parse(bytes: &[u8]) -> Result<Extra<'_>, String> {
    let mut fields = Fields(bytes);
    let mut extra = Extra::default();
    while !fields.is_empty() {
        let header = fields.u16().zip(fields.u16());
        let field = header.and_then(|(id, length)| Some((id, fields.take(length.into())?)));
        let (id, value) = field.ok_or("its extra fields end too early")?;
        let slot = match id {
            LONG_SIZES => &mut extra.long,
            UNICODE_PATH => &mut extra.name,
            id if HARMLESS.contains(&id) => continue,
            id => {
                return Err(format!(
                    "it has an extra field of a kind that wheels do not need ({id:#06x})"
                ));
            }
        };
        let value = if id == UNICODE_PATH {
            value.get(5..).unwrap_or_default()
        } else {
            value
        };
        if slot.replace(value).is_some() {
            return Err("an extra field is there twice".to_owned());
        }
    }
    Ok(extra)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_fields_are_taken_apart_and_others_told() {
        let extra = parse(b"\x55\x54\x01\0x\x01\0\x08\0ABCDEFGH").unwrap();
        assert_eq!(extra.long, Some(&b"ABCDEFGH"[..]));
        let extra = parse(b"\x75\x70\x06\0\x01CCCCn").unwrap();
        assert_eq!(extra.name, Some(&b"n"[..]));
        assert!(parse(b"").unwrap().long.is_none());
        for (bytes, words) in [
            (&b"\x01\0\x08"[..], "too early"),
            (b"\x01\0\x08\0ABC", "too early"),
            (b"\x01\0\0\0\x01\0\0\0", "twice"),
            (b"\x01\x99\0\0", "0x9901"),
        ] {
            assert!(parse(bytes).unwrap_err().contains(words), "{words}");
        }
    }
}
