//! Core metadata.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_distribution::metadata::MAX_REQUIREMENTS;
use slsa_pip_distribution::{CoreMetadata, SourceRepository};

fuzz_target!(|data: &[u8]| {
    if let Ok(metadata) = CoreMetadata::parse(data) {
        assert!(metadata.requires_dist.len() <= MAX_REQUIREMENTS);
        for (_, url) in &metadata.project_urls {
            let _ = SourceRepository::from_project_url(url);
        }
    }
});
