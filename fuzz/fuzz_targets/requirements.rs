//! Requirements with their extras, URLs and markers, evaluated.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder};
use slsa_pip_distribution::Requirement;
use slsa_pip_distribution::marker::Marker;
use slsa_pip_fuzz::input::text;

static ENVIRONMENT: LazyLock<MarkerEnvironment> = LazyLock::new(|| {
    let builder = MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: "3.11.2",
        os_name: "posix",
        platform_machine: "x86_64",
        platform_python_implementation: "CPython",
        platform_release: "6.1.0-generic",
        platform_system: "Linux",
        platform_version: "#1 SMP",
        python_full_version: "3.11.2",
        python_version: "3.11",
        sys_platform: "linux",
    };
    MarkerEnvironment::try_from(builder).expect("an environment")
});

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    if let Ok(marker) = Marker::parse(text) {
        let _ = marker.evaluate(&ENVIRONMENT, None);
    }
    if let Ok(requirement) = text.parse::<Requirement>() {
        let _ = requirement.applies(&ENVIRONMENT, requirement.extras().first());
        let shown = requirement.to_string();
        // Credentials of a URL are not displayed.
        let url = shown.parse().ok().and_then(|again: Requirement| again.url().cloned());
        assert!(
            url.is_none_or(|url| url.username().is_empty() && url.password().is_none()),
            "{shown}"
        );
        if requirement.url().is_none() {
            let again: Requirement = shown.parse().expect("what is displayed parses");
            assert_eq!(again.name(), requirement.name());
            assert_eq!(again.extras(), requirement.extras());
            assert_eq!(again.specifiers(), requirement.specifiers());
        }
    }
});
