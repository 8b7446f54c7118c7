//! The time that an RFC 3161 timestamp names, for showing it. Nothing of it is verified.

use jiff::Timestamp;

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0] EXPLICIT`
const CONTENT: u8 = 0xa0;
/// Bytes of a length; four make 4 GiB.
const MAX_LENGTH_BYTES: usize = 4;

/// `genTime` of a DER `TimeStampResp`, or of the token in it (RFC 3161, 2.4.2); `None` if it is neither.
pub(super) fn claimed(der: &[u8]) -> Option<Timestamp> {
    let answer = inside(der, SEQUENCE)?;
    // An answer begins with its status, a token with its type.
    let token = match value(answer)? {
        (OBJECT_IDENTIFIER, ..) => answer,
        (_, _, after) => inside(after, SEQUENCE)?,
    };
    let signed_data = inside(inside(after(token, 1)?, CONTENT)?, SEQUENCE)?;
    let encapsulated = inside(after(signed_data, 2)?, SEQUENCE)?;
    let octets = inside(inside(after(encapsulated, 1)?, CONTENT)?, OCTET_STRING)?;
    // Version, policy, imprint and serial number stand before the time.
    let time = inside(after(inside(octets, SEQUENCE)?, 4)?, GENERALIZED_TIME)?;
    parse(std::str::from_utf8(time).ok()?)
}

/// Tag and contents of the first value, and what follows it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let (digits, rest) = rest.split_at_checked(count)?;
        if !(1..=MAX_LENGTH_BYTES).contains(&count) {
            return None;
        }
        let length = digits
            .iter()
            .fold(0_u64, |length, digit| length << 8 | u64::from(*digit));
        (usize::try_from(length).ok()?, rest)
    };
    let (contents, after) = rest.split_at_checked(length)?;
    Some((tag, contents, after))
}

/// The contents of the first value, if it has the tag.
fn inside(der: &[u8], tag: u8) -> Option<&[u8]> {
    value(der)
        .filter(|(found, ..)| *found == tag)
        .map(|(_, contents, _)| contents)
}

/// What follows so many values.
fn after(der: &[u8], values: usize) -> Option<&[u8]> {
    (0..values).try_fold(der, |der, _| value(der).map(|(_, _, after)| after))
}

/// `YYYYMMDDhhmmss[.f…]Z`
fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_at_checked(8)?;
    let (year, rest) = date.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    let (hour, rest) = time.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let contents = parts.concat();
        let mut der = vec![tag, 0x82];
        der.extend(u16::try_from(contents.len()).unwrap().to_be_bytes());
        der.extend(contents);
        der
    }

    fn token(time: &[u8]) -> Vec<u8> {
        let oid: &[u8] = &[OBJECT_IDENTIFIER, 1, 42];
        let integer: &[u8] = &[2, 1, 1];
        let time = tagged(GENERALIZED_TIME, &[time]);
        let info = tagged(SEQUENCE, &[integer, oid, &[SEQUENCE, 0], integer, &time]);
        let content = tagged(CONTENT, &[&tagged(OCTET_STRING, &[&info])]);
        let encapsulated = tagged(SEQUENCE, &[oid, &content]);
        let signed = tagged(SEQUENCE, &[integer, &[0x31, 0], &encapsulated, &[0x31, 0]]);
        tagged(SEQUENCE, &[oid, &tagged(CONTENT, &[&signed])])
    }

    #[test]
    fn the_time_of_an_answer_or_of_its_token_is_read() {
        let expected: Timestamp = "2025-06-01T12:00:00Z".parse().unwrap();
        let token_of = token(b"20250601120000Z");
        assert_eq!(claimed(&token_of), Some(expected));
        let answer = tagged(SEQUENCE, &[&[SEQUENCE, 3, 2, 1, 0], &token_of]);
        assert_eq!(claimed(&answer), Some(expected));
        let fraction = claimed(&token(b"20250601120000.25Z")).unwrap();
        assert_eq!(fraction.to_string(), "2025-06-01T12:00:00.25Z");
    }

    #[test]
    fn anything_else_is_no_time() {
        let good = token(b"20250601120000Z");
        for end in 0..good.len() {
            assert_eq!(claimed(&good[..end]), None, "{end}");
        }
        for time in [
            "",
            "Z",
            "2025060112000Z",
            "20250601120000",
            "20259901120000Z",
            "2025060112é000Z",
        ] {
            assert_eq!(claimed(&token(time.as_bytes())), None, "{time}");
        }
        for junk in [
            &[0x30, 0x80][..],
            &[0x30, 0xff],
            &[0x30, 0x84, 255, 255, 255, 255],
            &[0x30; 64],
        ] {
            assert_eq!(claimed(junk), None);
        }
    }
}
