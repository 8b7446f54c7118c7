//! Certificates and their claims: DER within a PEP 740 object, as it stands or with bytes of a good one changed.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use slsa_pip_provenance::parse_provenance;
use slsa_pip_verify::certificate_claims;

fuzz_target!(|data: &[u8]| {
    let object = json!({
        "version": 1,
        "envelope": {"statement": "e30=", "signature": "AA=="},
        "verification_material": {"certificate": STANDARD.encode(data), "transparency_entries": [{}]},
    });
    let file = parse_provenance(object.to_string().as_bytes());
    for located in &file.attestations {
        match certificate_claims(&located.item) {
            Ok(read) => assert!(!read.identity.is_empty() && read.claims.len() < 64),
            Err((_, why)) => assert!(!why.chars().any(char::is_control), "{why:?}"),
        }
    }
});
