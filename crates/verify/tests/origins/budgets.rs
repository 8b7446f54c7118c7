//! What strangers can make long must not make the verifier slow, nor stand in the way of good evidence.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_cert::der::asn1::{ObjectIdentifier, OctetString};
use x509_cert::der::{Decode, Encode};

use super::*;

/// A certificate with as many extensions, or as it is if it has more.
fn with_extensions(der: &[u8], count: usize) -> Vec<u8> {
    let mut certificate = x509_cert::Certificate::from_der(der).unwrap();
    let extensions = certificate.tbs_certificate.extensions.as_mut().unwrap();
    for number in extensions.len()..count {
        extensions.push(x509_cert::ext::Extension {
            extn_id: format!("1.3.6.1.4.1.99999.{number}")
                .parse::<ObjectIdentifier>()
                .unwrap(),
            critical: false,
            extn_value: OctetString::new(Vec::new()).unwrap(),
        });
    }
    assert_eq!(extensions.len(), count);
    certificate.to_der().unwrap()
}

#[test]
fn a_certificate_has_few_extensions() {
    let sigstore = TestSigstore::new(1);
    let roots = roots_of(&sigstore);
    let signed = generated(&sigstore, LogKind::Dsse);
    for (count, expected) in [
        (64, Code::CertificateUntrusted),
        (65, Code::OverBudget),
        (6000, Code::OverBudget),
    ] {
        let mut bundle = signed.bundle_v03();
        let der = with_extensions(&signed.certificate, count);
        bundle["verificationMaterial"]["certificate"]["rawBytes"] = STANDARD.encode(der).into();
        let found = refused(&parse_json(&bundle), &pinned("acme/foo"), &roots);
        assert_eq!(found, Some(expected), "{count}");
    }
}
