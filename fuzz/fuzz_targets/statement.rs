//! In-toto statements and SLSA predicates.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_provenance::{BuildFields, Statement, split_ref};

fuzz_target!(|data: &[u8]| {
    match Statement::parse(data) {
        Ok(statement) => {
            assert!(!statement.subjects.is_empty());
            for subject in &statement.subjects {
                assert!(!subject.digest.is_empty() || subject.sha256().is_none());
            }
            if let Some(fields) = BuildFields::from_statement(&statement) {
                for text in [&fields.builder_id, &fields.workflow_ref].into_iter().flatten() {
                    if let Some((location, reference)) = split_ref(text) {
                        assert_eq!(format!("{location}@{reference}"), *text);
                    }
                }
                assert!(fields.event_payload.is_none_or(|payload| payload.is_object()));
            }
        }
        Err(error) => assert!(!error.to_string().chars().any(char::is_control), "{error:?}"),
    }
});
