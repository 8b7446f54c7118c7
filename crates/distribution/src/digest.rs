//! SHA-256 digests.

use std::fmt;
use std::str::FromStr;

/// The SHA-256 digest of some bytes, always computed over bytes or parsed from 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256Digest([u8; 32]);

/// Why a text is not a SHA-256 digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a sha256 digest has 64 hexadecimal digits; `{given}` does not")]
pub struct InvalidDigest {
    /// The text as it was given, cut to a printable length.
    pub given: String,
}

impl Sha256Digest {
    /// Wraps the 32 bytes that a hash function has returned.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.to_string()
    }
}

impl FromStr for Sha256Digest {
    type Err = InvalidDigest;

    /// Accepts upper and lower case, without any prefix.
    fn from_str(given: &str) -> Result<Self, InvalidDigest> {
        let invalid = || InvalidDigest {
            given: given.chars().take(80).collect(),
        };
        let digits: Vec<u8> = given
            .chars()
            .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
            .collect::<Option<_>>()
            .ok_or_else(invalid)?;
        let mut bytes = [0_u8; 32];
        if digits.len() != bytes.len() * 2 {
            return Err(invalid());
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            if let [high, low] = pair {
                *byte = high << 4 | low;
            }
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{self}")
    }
}

crate::text::serde_as_text!(Sha256Digest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_in_either_case() {
        let hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        assert_eq!(hex.parse::<Sha256Digest>().unwrap().to_hex(), hex);
        assert_eq!(hex.to_uppercase().parse::<Sha256Digest>().unwrap().to_hex(), hex);
    }

    #[test]
    fn other_lengths_and_characters_are_refused() {
        for bad in [
            "",
            "00",
            &"0".repeat(63),
            &"0".repeat(65),
            &"g".repeat(64),
            &"é".repeat(32),
        ] {
            assert!(bad.parse::<Sha256Digest>().is_err(), "{bad:?}");
        }
    }
}
