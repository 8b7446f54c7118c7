//! Fulcio: a root, an intermediate and leaf certificates with claims and an embedded SCT. Also the timestamp authority's certificates.

use super::faults::Faults;
use super::key::Key;
use crate::encoding::sha256;
use crate::identity::{Identity, San};
use std::str::FromStr as _;
use std::time::Duration;
use x509_cert::der::asn1::{
    BitString, GeneralizedTime, Ia5String, ObjectIdentifier, OctetString, UtcTime, Utf8StringRef,
};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const EMBEDDED_SCTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// Sigstore's arc for claims.
const CLAIMS: &str = "1.3.6.1.4.1.57264.1";

/// Fulcio's certificates live ten minutes.
const LEAF_LIFETIME_SECONDS: i64 = 600;

/// CA certificates: from 2020-01-01 to 2049-12-31, wide enough for any signing time a test asks for.
const CA_NOT_BEFORE: i64 = 1_577_836_800;
const CA_NOT_AFTER: i64 = 2_524_521_600;

/// The numbered extension up to which Fulcio wrote raw strings instead of DER ones.
const LAST_RAW_CLAIM: u32 = 6;

/// A certificate authority of two levels, and the CT log that its leaves are submitted to.
pub(crate) struct Authority {
    root: Certificate,
    intermediate: Certificate,
    intermediate_key: Key,
    ct_key: Key,
}

/// Distinguished names of an instance's authorities (RFC 4514).
pub(crate) struct AuthorityNames {
    pub(crate) root: &'static str,
    pub(crate) intermediate: &'static str,
    pub(crate) tsa_root: &'static str,
    pub(crate) tsa_leaf: &'static str,
}

impl AuthorityNames {
    /// An instance like the public-good one.
    pub(crate) const PUBLIC: Self = Self {
        root: "CN=sigstore,O=sigstore.test",
        intermediate: "CN=sigstore-intermediate,O=sigstore.test",
        tsa_root: "CN=sigstore-tsa-selfsigned,O=sigstore.test",
        tsa_leaf: "CN=sigstore-tsa,O=sigstore.test",
    };

    /// GitHub's own instance, by the names that verifiers tell it by.
    pub(crate) const GITHUB: Self = Self {
        root: "CN=Internal Services Root,O=GitHub\\, Inc.",
        intermediate: "CN=Fulcio Intermediate l1,O=GitHub\\, Inc.",
        tsa_root: "CN=Internal Services Root,O=GitHub\\, Inc.",
        tsa_leaf: "CN=Timestamp Authority,O=GitHub\\, Inc.",
    };
}

impl Authority {
    /// The authority of `seed`; `label` tells two of the same seed apart.
    pub(crate) fn new(seed: u64, label: &str, names: &AuthorityNames) -> Self {
        let root_key = Key::derive(seed, &format!("{label} fulcio root"));
        let intermediate_key = Key::derive(seed, &format!("{label} fulcio intermediate"));
        let intermediate = AuthorityCertificate {
            issuer: names.root,
            issuer_key: &root_key,
            subject: names.intermediate,
            key: &intermediate_key,
            serial: 2,
            not_after: CA_NOT_AFTER,
        };
        Self {
            root: root(names.root, &root_key),
            intermediate: intermediate.issue(&ca_extensions(0, Some(CODE_SIGNING))),
            intermediate_key,
            ct_key: Key::derive(seed, &format!("{label} ct log")),
        }
    }

    /// DER of the intermediate and the root, in the order of a trusted root's chain.
    pub(crate) fn chain(&self) -> [Vec<u8>; 2] {
        [der(&self.intermediate), der(&self.root)]
    }

    /// The CT log's key.
    pub(crate) fn ct_key(&self) -> &Key {
        &self.ct_key
    }

    /// A leaf for the key of `spki` and `identity`, valid for ten minutes from `not_before` (seconds since 1970), as DER.
    pub(crate) fn issue(
        &self,
        spki: &[u8],
        identity: &Identity,
        not_before: i64,
        serial: u64,
        with_sct: bool,
        faults: Faults,
    ) -> Vec<u8> {
        let public_key = SubjectPublicKeyInfoOwned::from_der(spki).expect("our own SPKI");
        let identifier = identifier(public_key.subject_public_key.raw_bytes());
        let mut extensions = vec![
            extension(KEY_USAGE, true, &KeyUsage(KeyUsages::DigitalSignature.into())),
            extension(SUBJECT_KEY_ID, false, &SubjectKeyIdentifier(identifier)),
            extension(
                AUTHORITY_KEY_ID,
                false,
                &authority_key_identifier(&self.intermediate_key),
            ),
            extension(
                SUBJECT_ALT_NAME,
                true,
                &subject_alternative_name(&identity.subject_alternative_name()),
            ),
        ];
        if !faults.omit_code_signing {
            extensions.insert(
                1,
                extension(EXTENDED_KEY_USAGE, false, &ExtendedKeyUsage(vec![CODE_SIGNING])),
            );
        }
        extensions.extend(
            identity
                .claims()
                .into_iter()
                .map(|(number, value)| claim(number, &value)),
        );
        let mut tbs = TbsCertificate {
            version: Version::V3,
            // The first byte stays below 0x80: the number is positive and has no leading zeros.
            serial_number: SerialNumber::new(&[&[0x1c][..], &serial.to_be_bytes()].concat()).expect("nine bytes"),
            signature: signature_algorithm(),
            issuer: self.intermediate.tbs_certificate.subject.clone(),
            validity: validity(not_before, not_before + LEAF_LIFETIME_SECONDS),
            subject: Name::default(),
            subject_public_key_info: public_key,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(extensions),
        };
        if with_sct {
            let sct = self.sct_list(&tbs, not_before, faults.wrong_sct);
            tbs.extensions.get_or_insert_default().push(sct);
        }
        der(&sign(tbs, &self.intermediate_key))
    }

    /// RFC 6962: the SCT over the TBS without the SCT extension, bound to the issuer's key.
    fn sct_list(&self, precertificate: &TbsCertificate, seconds: i64, wrong: bool) -> Extension {
        let tbs = precertificate.to_der().expect("TBS encodes");
        let milliseconds = (u64::try_from(seconds).expect("after 1970") * 1000 + 829).to_be_bytes();
        let mut signed = vec![0, 0];
        signed.extend_from_slice(&milliseconds);
        signed.extend_from_slice(&[0, 1]);
        signed.extend_from_slice(&self.intermediate_key.id());
        signed.extend_from_slice(&length(&tbs, 3));
        signed.extend_from_slice(&tbs);
        signed.extend_from_slice(&[0, 0]);
        let signature = if wrong {
            Key::derive(0, "no ct log").sign(&signed)
        } else {
            self.ct_key.sign(&signed)
        };

        let mut sct = vec![0];
        sct.extend_from_slice(&self.ct_key.id());
        sct.extend_from_slice(&milliseconds);
        // No SCT extensions, then ecdsa with SHA-256.
        sct.extend_from_slice(&[0, 0, 4, 3]);
        sct.extend_from_slice(&length(&signature, 2));
        sct.extend_from_slice(&signature);
        let mut list = length(&sct, 2);
        list.extend_from_slice(&sct);
        let mut value = length(&list, 2);
        value.extend_from_slice(&list);
        extension(EMBEDDED_SCTS, false, &OctetString::new(value).expect("short"))
    }
}

/// The last `bytes` bytes of the content's length, big-endian.
fn length(content: &[u8], bytes: usize) -> Vec<u8> {
    let length = u64::try_from(content.len()).expect("fits").to_be_bytes();
    length.iter().skip(length.len() - bytes).copied().collect()
}

fn name(text: &str) -> Name {
    Name::from_str(text).expect("a constant name")
}

/// A self-signed root that may issue intermediates and leaves of any use.
pub(crate) fn root(name: &str, key: &Key) -> Certificate {
    let certificate = AuthorityCertificate {
        issuer: name,
        issuer_key: key,
        subject: name,
        key,
        serial: 1,
        not_after: CA_NOT_AFTER,
    };
    certificate.issue(&ca_extensions(1, None))
}

/// A leaf that may sign timestamps and nothing else, valid until `not_after` (seconds since 1970) or as long as the authorities.
pub(crate) fn timestamping_leaf(
    issuer: &str,
    issuer_key: &Key,
    subject: &str,
    key: &Key,
    not_after: Option<i64>,
) -> Certificate {
    let certificate = AuthorityCertificate {
        issuer,
        issuer_key,
        subject,
        key,
        serial: 3,
        not_after: not_after.unwrap_or(CA_NOT_AFTER),
    };
    certificate.issue(&[
        extension(KEY_USAGE, true, &KeyUsage(KeyUsages::DigitalSignature.into())),
        extension(EXTENDED_KEY_USAGE, true, &ExtendedKeyUsage(vec![TIME_STAMPING])),
    ])
}

fn ca_extensions(path_length: u8, usage: Option<ObjectIdentifier>) -> Vec<Extension> {
    let constraints = BasicConstraints {
        ca: true,
        path_len_constraint: Some(path_length),
    };
    let mut extensions = vec![
        extension(KEY_USAGE, true, &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign)),
        extension(BASIC_CONSTRAINTS, true, &constraints),
    ];
    extensions.extend(usage.map(|usage| extension(EXTENDED_KEY_USAGE, false, &ExtendedKeyUsage(vec![usage]))));
    extensions
}

/// A long-lived certificate of an authority.
struct AuthorityCertificate<'a> {
    issuer: &'a str,
    issuer_key: &'a Key,
    subject: &'a str,
    key: &'a Key,
    serial: u8,
    not_after: i64,
}

impl AuthorityCertificate<'_> {
    /// Adds the key identifiers to `extensions` and signs.
    fn issue(&self, extensions: &[Extension]) -> Certificate {
        let identifiers = [
            extension(SUBJECT_KEY_ID, false, &SubjectKeyIdentifier(key_identifier(self.key))),
            extension(AUTHORITY_KEY_ID, false, &authority_key_identifier(self.issuer_key)),
        ];
        let tbs = TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(&[self.serial]).expect("one byte"),
            signature: signature_algorithm(),
            issuer: name(self.issuer),
            validity: validity(CA_NOT_BEFORE, self.not_after),
            subject: name(self.subject),
            subject_public_key_info: public_key(self.key),
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some([extensions, &identifiers].concat()),
        };
        sign(tbs, self.issuer_key)
    }
}

fn sign(tbs: TbsCertificate, key: &Key) -> Certificate {
    let signature = key.sign(&tbs.to_der().expect("TBS encodes"));
    Certificate {
        tbs_certificate: tbs,
        signature_algorithm: signature_algorithm(),
        signature: BitString::from_bytes(&signature).expect("short"),
    }
}

pub(crate) fn der(certificate: &Certificate) -> Vec<u8> {
    certificate.to_der().expect("a certificate encodes")
}

fn signature_algorithm() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: ECDSA_WITH_SHA256,
        parameters: None,
    }
}

fn public_key(key: &Key) -> SubjectPublicKeyInfoOwned {
    SubjectPublicKeyInfoOwned::from_der(&key.spki()).expect("our own SPKI")
}

/// The first twenty bytes of the key's hash (RFC 7093, method 1).
fn key_identifier(key: &Key) -> OctetString {
    identifier(key.point())
}

fn identifier(key: &[u8]) -> OctetString {
    OctetString::new(sha256(key).iter().take(20).copied().collect::<Vec<_>>()).expect("short")
}

fn authority_key_identifier(key: &Key) -> AuthorityKeyIdentifier {
    AuthorityKeyIdentifier {
        key_identifier: Some(key_identifier(key)),
        authority_cert_issuer: None,
        authority_cert_serial_number: None,
    }
}

fn subject_alternative_name(san: &San) -> SubjectAltName {
    SubjectAltName(vec![match san {
        San::Uri(uri) => GeneralName::UniformResourceIdentifier(Ia5String::new(uri).expect("an ASCII URI")),
        San::Email(email) => GeneralName::Rfc822Name(Ia5String::new(email).expect("an ASCII address")),
    }])
}

fn claim(number: u32, value: &str) -> Extension {
    let oid = ObjectIdentifier::from_str(&format!("{CLAIMS}.{number}")).expect("a numbered OID");
    if number <= LAST_RAW_CLAIM {
        let value = OctetString::new(value.as_bytes()).expect("short");
        return Extension {
            extn_id: oid,
            critical: false,
            extn_value: value,
        };
    }
    extension(oid, false, &Utf8StringRef::new(value).expect("short"))
}

fn extension(oid: ObjectIdentifier, critical: bool, value: &impl x509_cert::der::Encode) -> Extension {
    let value = OctetString::new(value.to_der().expect("an extension encodes")).expect("short");
    Extension {
        extn_id: oid,
        critical,
        extn_value: value,
    }
}

fn validity(not_before: i64, not_after: i64) -> Validity {
    Validity {
        not_before: time(not_before),
        not_after: time(not_after),
    }
}

fn time(seconds: i64) -> Time {
    let duration = Duration::from_secs(u64::try_from(seconds).expect("after 1970"));
    UtcTime::from_unix_duration(duration)
        .map(Time::UtcTime)
        .or_else(|_| GeneralizedTime::from_unix_duration(duration).map(Time::GeneralTime))
        .expect("a year below 10000")
}
