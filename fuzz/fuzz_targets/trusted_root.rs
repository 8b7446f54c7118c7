//! Trusted roots, as a file and as GitHub's beside a good one. A root that cannot vouch for anything is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_fuzz::input::text;
use slsa_pip_verify::TrustRoots;

const GOOD: &str = include_str!("../good/trusted_root.json");

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    let _ = TrustRoots::custom(text);
    let _ = TrustRoots::new(GOOD, Some(text));
});
