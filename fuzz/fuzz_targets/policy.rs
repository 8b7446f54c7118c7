//! Policy files: read, or refused with a place; what is read never accepts more than it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_fuzz::input::text;
use slsa_pip_policy::{Document, Format, Policy};

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    if let Err(errors) = Document::parse(text, "pyproject.toml", Format::Pyproject) {
        assert!(!errors.errors.is_empty(), "a refusal without a reason");
    }
    match Policy::parse(text, "slsa-pip.toml") {
        Ok(policy) => {
            let version = "1.26.14".parse().expect("a version");
            for name in policy.packages() {
                let expectation = policy.expectation(name, &version);
                assert!(!expectation.is_pinned() || expectation.pinned_by.is_some());
                assert!(expectation.kinds.build || expectation.kinds.publish);
                let explained = policy.explain(name, Some(&version));
                assert!(
                    !explained.tables.is_empty(),
                    "a package with a table is explained by it"
                );
                for setting in explained.settings {
                    assert!(!setting.value.contains(char::is_control), "{setting:?}");
                }
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
