//! Whole provenance files: JSON Lines, classic envelopes, bundles, PEP 740 objects, lists of GitHub's API.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_provenance::budget::MAX_ATTESTATIONS;
use slsa_pip_provenance::{Attestation, parse_provenance};

fuzz_target!(|data: &[u8]| {
    let file = parse_provenance(data);
    assert!(
        !file.attestations.is_empty() || !file.problems.is_empty(),
        "neither found nor missed anything"
    );
    assert!(file.attestations.len() <= MAX_ATTESTATIONS);
    for problem in &file.problems {
        assert!(
            !problem.item.to_string().chars().any(char::is_control),
            "{:?}",
            problem.item.to_string()
        );
    }
    for located in &file.attestations {
        let attestation = &located.item;
        let _ = attestation.sha256_subjects_hint();
        assert!(attestation.payload().is_none_or(|payload| !payload.is_empty()));
        if let Attestation::Classic(envelope) = attestation.as_ref() {
            // The text is what log entries hash: on its own it must be the same envelope.
            let again = parse_provenance(envelope.text.as_bytes());
            let [again] = again.attestations.as_slice() else {
                panic!("not one envelope: {}", envelope.text)
            };
            assert_eq!(again.item.payload(), attestation.payload());
        }
    }
});
