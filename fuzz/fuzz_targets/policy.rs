//! Policy files: read, or refused with a place; what is read never accepts more than it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_fuzz::input::text;
use slsa_pip_policy::Policy;

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    match Policy::parse(text, "slsa-pip.toml") {
        Ok(policy) => {
            let version = "1.26.14".parse().expect("a version");
            for name in policy.packages() {
                let expectation = policy.expectation(name, &version);
                assert!(!expectation.is_pinned() || expectation.pinned_by.is_some());
                assert!(expectation.kinds.build || expectation.kinds.publish);
            }
            for exemption in policy.exemptions() {
                assert!(!exemption.reason.trim().is_empty(), "an exemption without a reason");
            }
        }
        Err(errors) => {
            let shown = errors.to_string();
            assert!(!shown.is_empty() && !shown.contains('\u{1b}'), "{shown:?}");
        }
    }
});
