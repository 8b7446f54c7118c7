//! Refs, release tags and builder ids; the first line is a builder id or ref, the second a tag template or project URL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_fuzz::input::text;
use slsa_pip_github_releases::{MAX_TAGS, tags};
use slsa_pip_policy::BuilderId;
use slsa_pip_policy::builder::{MAX_BUILDER_LEN, is_release_ref};
use slsa_pip_provenance::split_ref;

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    if let Some((location, reference)) = split_ref(first) {
        assert_eq!(format!("{location}@{reference}"), first);
    }
    if is_release_ref(first) {
        let tag = first.strip_prefix("refs/tags/v").expect("a release tag begins with v");
        assert!(tag.split('.').count() == 3 && tag.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
    }
    if let Ok(builder) = first.parse::<BuilderId>() {
        assert!(builder.name.starts_with("https://github.com/") && !builder.name.contains('@'));
        assert!(builder.reference.as_deref().is_none_or(is_release_ref));
        let reference = builder.reference.as_deref().unwrap_or("refs/tags/v1.0.0");
        assert_eq!(builder.matches(&builder.name, reference), Ok(()));
        assert!(builder.matches(&format!("{}x", builder.name), reference).is_err());
        // Written in full it may be longer than what is read.
        let too_long = builder.to_string().len() > MAX_BUILDER_LEN;
        assert!(too_long || builder.to_string().parse().as_ref() == Ok(&builder));
    }
    let (name, version) = ("foo-bar".parse().expect("a name"), "1.0".parse().expect("a version"));
    let groups = tags(
        &name,
        &version,
        first,
        Some(second).filter(|template| !template.is_empty()),
    );
    assert!(groups.iter().map(Vec::len).sum::<usize>() <= MAX_TAGS);
    assert!(groups.iter().flatten().all(|tag| !tag.is_empty()));
});
