//! Answers of GitHub's API: pages of attestations and their `Link`, bundles that lie elsewhere, and the assets of a release.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use slsa_pip_fuzz::input::text;
use slsa_pip_github_releases::{MAX_BUNDLE_BYTES, MAX_BUNDLE_URLS, fuzzing};
use url::Url;

const FILE: &str = "foo-1.0-py3-none-any.whl";

fuzz_target!(|data: &[u8]| {
    let page = Url::parse("https://api.github.example/repos/o/r/attestations/sha256:0").expect("a URL");
    if let Some((bundles, elsewhere)) = fuzzing::bundles(data, &page) {
        assert!(bundles.iter().all(|bundle| bundle["bundle"].is_object()));
        assert!(elsewhere.len() <= MAX_BUNDLE_URLS);
        assert!(elsewhere.iter().all(|url| url.scheme() == "https"));
    }
    // The client reads no more than this.
    let is_read = |length: usize| u64::try_from(length).is_ok_and(|length| length <= MAX_BUNDLE_BYTES);
    if is_read(data.len())
        && let Some(bundle) = fuzzing::bundle(&Bytes::copy_from_slice(data))
    {
        assert!(is_read(bundle.len()));
    }
    if let Some(header) = text(data) {
        assert!(fuzzing::next_page(header).is_none_or(|target| !target.contains('>')));
    }
    for asset in fuzzing::assets(data, FILE).unwrap_or_default() {
        assert!(
            [".intoto.jsonl", ".sigstore", ".sigstore.json"]
                .iter()
                .any(|end| asset.ends_with(end))
        );
    }
});
