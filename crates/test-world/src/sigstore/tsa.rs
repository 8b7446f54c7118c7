//! A timestamp authority: RFC 3161 answers that say when a signature existed.

use super::certificate::{self, AuthorityNames};
use super::key::Key;
use crate::encoding::sha256;
use std::time::Duration;
use x509_cert::Certificate;
use x509_cert::der::Encode as _;
use x509_cert::der::asn1::{GeneralizedTime, ObjectIdentifier};

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

/// The policy that the real authority names.
const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2");

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// Context-specific, constructed, number 0: explicit content, and the implicit set of signed attributes.
const CONTEXT_0: u8 = 0xa0;

/// A timestamp authority: a root and a signing certificate.
pub(crate) struct TimestampAuthority {
    root: Certificate,
    leaf: Certificate,
    key: Key,
}

impl TimestampAuthority {
    /// The authority of `seed`; `label` tells two of the same seed apart. Its certificate is valid until `not_after`, or as long as its root.
    pub(crate) fn new(seed: u64, label: &str, names: &AuthorityNames, not_after: Option<i64>) -> Self {
        let root_key = Key::derive(seed, &format!("{label} tsa root"));
        let key = Key::derive(seed, &format!("{label} tsa"));
        let root = certificate::root(names.tsa_root, &root_key);
        let leaf = certificate::timestamping_leaf(names.tsa_root, &root_key, names.tsa_leaf, &key, not_after);
        Self { root, leaf, key }
    }

    /// DER of the signing certificate and the root, in the order of a trusted root's chain.
    pub(crate) fn chain(&self) -> [Vec<u8>; 2] {
        [certificate::der(&self.leaf), certificate::der(&self.root)]
    }

    /// A granted `TimeStampResp` of number `serial` over `signature` at `seconds` since 1970.
    pub(crate) fn answer(&self, signature: &[u8], seconds: i64, serial: u64) -> Vec<u8> {
        let status = tlv(SEQUENCE, &[tlv(INTEGER, &[vec![0]])]);
        let content = tlv(CONTEXT_0, &[self.signed_data(&tst_info(signature, seconds, serial))]);
        tlv(SEQUENCE, &[status, tlv(SEQUENCE, &[oid(SIGNED_DATA), content])])
    }

    fn signed_data(&self, tst_info: &[u8]) -> Vec<u8> {
        let content = tlv(CONTEXT_0, &[tlv(OCTET_STRING, &[tst_info.to_vec()])]);
        let digest_algorithm = tlv(SEQUENCE, &[oid(SHA256)]);
        tlv(
            SEQUENCE,
            &[
                tlv(INTEGER, &[vec![3]]),
                tlv(SET, std::slice::from_ref(&digest_algorithm)),
                tlv(SEQUENCE, &[oid(TST_INFO), content]),
                tlv(SET, &[self.signer_info(tst_info, &digest_algorithm)]),
            ],
        )
    }

    /// The signature is over the attributes as a SET; the message holds them under the implicit tag.
    fn signer_info(&self, tst_info: &[u8], digest_algorithm: &[u8]) -> Vec<u8> {
        let digest = tlv(OCTET_STRING, &[sha256(tst_info).to_vec()]);
        // In the order that DER wants: by their bytes, the shorter one first.
        let attributes = [
            tlv(SEQUENCE, &[oid(CONTENT_TYPE), tlv(SET, &[oid(TST_INFO)])]),
            tlv(SEQUENCE, &[oid(MESSAGE_DIGEST), tlv(SET, &[digest])]),
        ];
        let signature = self.key.sign(&tlv(SET, &attributes));
        let tbs = &self.leaf.tbs_certificate;
        let issuer = tbs.issuer.to_der().expect("a name encodes");
        let serial = tbs.serial_number.to_der().expect("a number encodes");
        tlv(
            SEQUENCE,
            &[
                tlv(INTEGER, &[vec![1]]),
                tlv(SEQUENCE, &[issuer, serial]),
                digest_algorithm.to_vec(),
                tlv(CONTEXT_0, &attributes),
                tlv(SEQUENCE, &[oid(ECDSA_WITH_SHA256)]),
                tlv(OCTET_STRING, &[signature]),
            ],
        )
    }
}

fn tst_info(signature: &[u8], seconds: i64, serial: u64) -> Vec<u8> {
    let imprint = [
        tlv(SEQUENCE, &[oid(SHA256)]),
        tlv(OCTET_STRING, &[sha256(signature).to_vec()]),
    ];
    let duration = Duration::from_secs(u64::try_from(seconds).expect("after 1970"));
    let time = GeneralizedTime::from_unix_duration(duration).expect("a year below 10000");
    let time = time.to_der().expect("a time encodes");
    let version = tlv(INTEGER, &[vec![1]]);
    let serial = serial.to_der().expect("a number encodes");
    tlv(SEQUENCE, &[version, oid(POLICY), tlv(SEQUENCE, &imprint), serial, time])
}

fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    oid.to_der().expect("an OID encodes")
}

/// One DER element of a tag and the concatenated parts.
fn tlv(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![tag];
    match significant.as_slice() {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).expect("at most eight"));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(&content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        assert_eq!(tlv(4, &[]), [4, 0]);
        assert_eq!(tlv(4, &[vec![0; 127]])[..2], [4, 127]);
        assert_eq!(tlv(4, &[vec![0; 128]])[..3], [4, 0x81, 128]);
        assert_eq!(tlv(4, &[vec![0; 300]])[..4], [4, 0x82, 1, 44]);
    }
}
