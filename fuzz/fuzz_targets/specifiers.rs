//! Versions and specifiers; the first line is a version, the second specifiers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_distribution::Version;
use slsa_pip_distribution::specifier::{contains, names_prerelease, parse_specifiers, pins};
use slsa_pip_fuzz::input::text;

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    let (version, specifiers) = text.split_once('\n').unwrap_or(("1.0", text));
    let version = version.parse::<Version>().ok();
    if let Some(version) = &version {
        assert_eq!(version.to_string().parse().as_ref(), Ok(version));
    }
    let Ok(specifiers) = parse_specifiers(specifiers) else {
        return;
    };
    let _ = (names_prerelease(&specifiers), pins(&specifiers));
    let again = parse_specifiers(&specifiers.to_string()).expect("what is displayed parses");
    if let Some(version) = &version {
        assert_eq!(contains(&specifiers, version), contains(&again, version));
        assert!(!specifiers.is_empty() || contains(&specifiers, version));
    }
});
