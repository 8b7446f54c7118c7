//! Embedded signed certificate timestamps (RFC 6962), for the one path that `sigstore-verify` does not take (B3).

use jiff::Timestamp;
use sigstore_verify::crypto::sha256;
use sigstore_verify::types::{Sha256Hash, SignatureBytes};
use x509_cert::der::Decode;
use x509_cert::der::asn1::OctetStringRef;
use x509_cert::der::oid::ObjectIdentifier;

use crate::certificate::Certificate;
use crate::code::Code;
use crate::refusal::Failure;
use crate::roots::PreparedRoot;

const SCT_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
/// `SignatureAndHashAlgorithm` (RFC 5246) of SHA-256 with ECDSA.
const ECDSA_SHA256: u16 = 0x0403;
/// Version 1, signature type `certificate_timestamp`.
const VERSION_AND_TYPE: [u8; 2] = [0, 0];
/// `LogEntryType` of a precertificate.
const PRECERT_ENTRY: [u8; 2] = [0, 1];

/// One timestamp, as embedded.
struct Sct<'a> {
    log_id: [u8; 32],
    timestamp: u64,
    extensions: &'a [u8],
    signature: &'a [u8],
}

/// Verifies that the certificate holds exactly one timestamp, of a log of the trusted root whose key was valid then.
pub(super) fn verify(certificate: &Certificate, issuer_spki: &[u8], root: &PreparedRoot) -> Result<(), Failure> {
    let (tbs, list) = certificate.tbs_without(SCT_LIST)?;
    let list = list.ok_or_else(|| invalid("the certificate holds no signed certificate timestamp"))?;
    let list = OctetStringRef::from_der(&list).map_err(|_| invalid("the timestamp list is malformed"))?;
    let sct = parse(list.as_bytes())
        .ok_or_else(|| invalid("the certificate does not hold exactly one ECDSA timestamp of version 1"))?;
    let signed = signed_data(&sct, &sha256(issuer_spki), &tbs)
        .ok_or_else(|| invalid("the certificate is too large to be logged"))?;
    let issued_at = i64::try_from(sct.timestamp)
        .ok()
        .and_then(|millisecond| Timestamp::from_millisecond(millisecond).ok())
        .ok_or_else(|| invalid("the timestamp is out of range"))?;
    let signature = SignatureBytes::new(sct.signature.to_vec());
    root.ct_keys
        .verify_with_key_id_at(&Sha256Hash::from(sct.log_id), issued_at, signed, &signature)
        .map_err(|error| invalid(&format!("the timestamp does not verify: {error}")))
}

/// `SignedCertificateTimestampList` with one element.
fn parse(list: &[u8]) -> Option<Sct<'_>> {
    let (list, rest) = vector16(list)?;
    let (sct, more) = vector16(list)?;
    if !rest.is_empty() || !more.is_empty() {
        return None;
    }
    let (version, sct) = sct.split_first()?;
    let (log_id, sct) = sct.split_first_chunk::<32>()?;
    let (timestamp, sct) = sct.split_first_chunk::<8>()?;
    let (extensions, sct) = vector16(sct)?;
    let (algorithm, sct) = sct.split_first_chunk::<2>()?;
    let (signature, rest) = vector16(sct)?;
    let known = *version == 0 && u16::from_be_bytes(*algorithm) == ECDSA_SHA256 && rest.is_empty();
    known.then_some(Sct {
        log_id: *log_id,
        timestamp: u64::from_be_bytes(*timestamp),
        extensions,
        signature,
    })
}

/// A TLS vector with a two-byte length, and what follows it.
fn vector16(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// What the log has signed (RFC 6962, 3.2).
fn signed_data(sct: &Sct<'_>, issuer_key_hash: &Sha256Hash, tbs: &[u8]) -> Option<Vec<u8>> {
    let [0, tbs_length @ ..] = u32::try_from(tbs.len()).ok()?.to_be_bytes() else {
        return None;
    };
    let extensions_length = u16::try_from(sct.extensions.len()).ok()?.to_be_bytes();
    Some(
        [
            VERSION_AND_TYPE.as_slice(),
            &sct.timestamp.to_be_bytes(),
            &PRECERT_ENTRY,
            issuer_key_hash.as_bytes(),
            &tbs_length,
            tbs,
            &extensions_length,
            sct.extensions,
        ]
        .concat(),
    )
}

fn invalid(why: &str) -> Failure {
    Failure::new(Code::SctInvalid, why)
}
