//! ECDSA P-256 keys derived from a seed, whose signatures are derived too: one seed always gives the same bytes.

use crate::encoding::{pem, sha256};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

type Scalar = [u8; 32];
type Digest = [u8; 32];

/// Keys by scalar, each with its uncompressed point, and signatures by scalar and digest of the message. Both follow from what
/// they are found by, so that finding one is as good as computing it; a process that makes many instances of one seed spends most
/// of its time there otherwise.
static KEYS: Mutex<BTreeMap<Scalar, (SigningKey, Vec<u8>)>> = Mutex::new(BTreeMap::new());
static SIGNATURES: Mutex<BTreeMap<(Scalar, Digest), Vec<u8>>> = Mutex::new(BTreeMap::new());

/// `SubjectPublicKeyInfo` of a P-256 key up to its uncompressed point.
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// An ECDSA P-256 key that signs with SHA-256 and the nonces of RFC 6979.
pub struct Key {
    scalar: Scalar,
    signing: SigningKey,
    /// The uncompressed point, 65 bytes.
    point: Vec<u8>,
}

impl Key {
    /// The key of `label` under `seed`; the same two always give the same key.
    pub fn derive(seed: u64, label: &str) -> Self {
        let scalar = sha256(format!("slsa-pip test world {seed} {label}").as_bytes());
        Self::of_scalar(&scalar)
    }

    fn of_scalar(scalar: &[u8; 32]) -> Self {
        let mut known = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
        let (signing, point) = known.entry(*scalar).or_insert_with(|| {
            let signing = SigningKey::from_slice(scalar)
                .expect("a SHA-256 value is below the order of P-256 but for one in 2^32");
            let point = signing.verifying_key().to_encoded_point(false).as_bytes().to_vec();
            (signing, point)
        });
        Self {
            scalar: *scalar,
            signing: signing.clone(),
            point: point.clone(),
        }
    }

    /// DER signature over SHA-256 of `message`; the same message always gives the same signature.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let place = (self.scalar, sha256(message));
        let known = || SIGNATURES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signature) = known().get(&place) {
            return signature.clone();
        }
        // Not under the lock: others sign meanwhile.
        let signature: Signature = self.signing.sign(message);
        let der = signature.to_der().as_bytes().to_vec();
        known().insert(place, der.clone());
        der
    }

    /// The uncompressed point, 65 bytes.
    pub(crate) fn point(&self) -> &[u8] {
        &self.point
    }

    /// DER `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> Vec<u8> {
        let mut der = SPKI_HEAD.to_vec();
        der.extend_from_slice(self.point());
        der
    }

    /// SHA-256 of the `SubjectPublicKeyInfo`: what Sigstore uses as a log's id and as an issuer's key hash.
    pub fn id(&self) -> [u8; 32] {
        sha256(&self.spki())
    }

    /// The public key as PEM.
    pub fn public_pem(&self) -> String {
        pem("PUBLIC KEY", &self.spki())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::hex;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

    #[test]
    fn one_seed_one_key() {
        assert_eq!(Key::derive(1, "a").spki(), Key::derive(1, "a").spki());
        assert_ne!(Key::derive(1, "a").spki(), Key::derive(1, "b").spki());
        assert_ne!(Key::derive(1, "a").spki(), Key::derive(2, "a").spki());
    }

    #[test]
    fn signatures_verify_and_repeat() {
        let key = Key::derive(1, "a");
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.point());
        assert!(public.verify(b"message", &key.sign(b"message")).is_ok());
        assert!(public.verify(b"massage", &key.sign(b"message")).is_err());
        assert_eq!(key.sign(b"message"), key.sign(b"message"));
        assert_ne!(key.sign(b"message"), key.sign(b"massage"));
    }

    /// RFC 6979, A.2.5, SHA-256, "sample".
    #[test]
    fn the_standards_own_signature() {
        let scalar = [
            0xc9, 0xaf, 0xa9, 0xd8, 0x45, 0xba, 0x75, 0x16, 0x6b, 0x5c, 0x21, 0x57, 0x67, 0xb1, 0xd6, 0x93, 0x4e, 0x50,
            0xc3, 0xdb, 0x36, 0xe8, 0x9b, 0x12, 0x7b, 0x8a, 0x62, 0x2b, 0x12, 0x0f, 0x67, 0x21,
        ];
        let signature = hex(&Key::of_scalar(&scalar).sign(b"sample"));
        let r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
        let s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
        assert_eq!(signature, format!("3046022100{r}022100{s}"));
    }
}
