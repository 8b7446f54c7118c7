//! The strict JSON reader: what it accepts, an ordinary reader reads alike, and it writes and reads again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use slsa_pip_provenance::json;

fuzz_target!(|data: &[u8]| {
    match json::parse(data) {
        Ok(value) => {
            assert_eq!(serde_json::from_slice::<Value>(data).ok().as_ref(), Some(&value));
            let written = value.to_string();
            // Numbers with fractions may lose their last digit on the way.
            let numbers = written.contains(['.', 'e', 'E']);
            assert!(numbers || json::parse(written.as_bytes()).as_ref() == Ok(&value));
        }
        Err(error) => {
            let shown = error.to_string();
            assert!(shown.len() < 1000 && !shown.chars().any(char::is_control), "{shown:?}");
        }
    }
});
