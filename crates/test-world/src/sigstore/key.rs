//! ECDSA P-256 keys derived from a seed, so that one seed always gives the same trusted root.

use crate::encoding::{pem, sha256};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

/// RFC 5915 `ECPrivateKey` around a 32-byte scalar: head, then the scalar, then the curve's name.
const EC_PRIVATE_KEY_HEAD: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
const EC_PRIVATE_KEY_CURVE: [u8; 12] = [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// `SubjectPublicKeyInfo` of a P-256 key up to its uncompressed point.
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// An ECDSA P-256 key that signs with SHA-256.
pub struct Key {
    pair: EcdsaKeyPair,
}

impl Key {
    /// The key of `label` under `seed`; the same two always give the same key.
    pub fn derive(seed: u64, label: &str) -> Self {
        let scalar = sha256(format!("slsa-pip test world {seed} {label}").as_bytes());
        let mut der = EC_PRIVATE_KEY_HEAD.to_vec();
        der.extend_from_slice(&scalar);
        der.extend_from_slice(&EC_PRIVATE_KEY_CURVE);
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, &der)
            .expect("a SHA-256 value is below the order of P-256 but for one in 2^32");
        Self { pair }
    }

    /// DER signature over SHA-256 of `message`. The nonce is random: two signatures differ, both verify.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair
            .sign(&SystemRandom::new(), message)
            .expect("ECDSA signing")
            .as_ref()
            .to_vec()
    }

    /// The uncompressed point, 65 bytes.
    pub(crate) fn point(&self) -> &[u8] {
        self.pair.public_key().as_ref()
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
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

    #[test]
    fn one_seed_one_key() {
        assert_eq!(Key::derive(1, "a").spki(), Key::derive(1, "a").spki());
        assert_ne!(Key::derive(1, "a").spki(), Key::derive(1, "b").spki());
        assert_ne!(Key::derive(1, "a").spki(), Key::derive(2, "a").spki());
    }

    #[test]
    fn signatures_verify() {
        let key = Key::derive(1, "a");
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.point());
        assert!(public.verify(b"message", &key.sign(b"message")).is_ok());
        assert!(public.verify(b"massage", &key.sign(b"message")).is_err());
    }
}
