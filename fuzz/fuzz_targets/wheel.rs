//! The METADATA within a wheel's archive.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_distribution::CoreMetadata;
use slsa_pip_distribution::metadata::MAX_METADATA_LEN;
use slsa_pip_pypi_client::fuzzing;

fuzz_target!(|data: &[u8]| {
    let wheel = "foo-1.0-py3-none-any.whl".parse().expect("a file name");
    if let Some(metadata) = fuzzing::wheel_metadata(data, &wheel) {
        assert!(metadata.len() <= MAX_METADATA_LEN);
        let _ = CoreMetadata::parse(&metadata);
    }
});
