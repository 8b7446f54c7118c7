//! Names of wheels, sdists and projects, and platform tags.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_distribution::filename::MAX_TAGS;
use slsa_pip_distribution::{DistributionFilename, PackageName, Sha256Digest, Tag};
use slsa_pip_fuzz::input::text;

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    if let Ok(name) = text.parse::<PackageName>() {
        assert_eq!(
            name.as_str().parse().as_ref(),
            Ok(&name),
            "a normalised name changes again"
        );
        assert!(!name.as_str().contains(['/', '\\']));
    }
    if let Ok(digest) = text.parse::<Sha256Digest>() {
        assert!(digest.to_hex().eq_ignore_ascii_case(text));
    }
    if let Some(tag) = Tag::parse(text) {
        assert_eq!(Tag::parse(&tag.to_string()), Some(tag));
    }
    if let Ok(file) = text.parse::<DistributionFilename>() {
        assert_eq!(file.as_str(), text);
        assert!(!text.contains(['/', '\\', ':']) && !text.starts_with('.') && text.is_ascii());
        assert!(file.same_distribution(&file));
        if let DistributionFilename::Wheel(wheel) = &file {
            assert!((1..=MAX_TAGS).contains(&wheel.tags().len()));
            let _ = wheel.build_key();
        }
        let name = file.name().as_str();
        assert_eq!(name.parse().as_ref(), Ok(file.name()));
        assert_eq!(file.version().to_string().parse().as_ref(), Ok(file.version()));
    }
});
