//! Nothing that a stranger writes makes a parser panic, and what parses is displayed so that it parses again.

use proptest::prelude::*;
use slsa_pip_distribution::{CoreMetadata, DistributionFilename, PackageName, Requirement, SourceRepository, Version};

/// Pieces from which nearly valid requirements are made.
const PIECES: &[&str] = &[
    "foo",
    "a-",
    "[",
    "]",
    ",",
    "(",
    ")",
    ";",
    " ",
    "@",
    ">=",
    "==",
    "~=",
    "===",
    "!=",
    "<",
    "1",
    "1.0",
    ".*",
    "+local",
    "1!",
    "a1",
    ".dev0",
    ".post",
    "18446744073709551615",
    "99999999999999999999",
    "é",
    "\u{2028}",
    "\t",
    "'",
    "\"",
    "extra",
    "python_version",
    "os.name",
    " in ",
    " not in ",
    " and ",
    " or ",
    "https://u:p@h.example/x",
    "file://",
    "${HOME}",
    "\0",
    "#",
    "-",
    "_",
    "platform_release",
    "'3.11'",
    "\"foo\"",
];

fn nearly_valid() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(PIECES), 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requirements(tail in nearly_valid(), any in ".{0,40}") {
        for text in [&tail, &any, &format!("foo{tail}"), &format!("foo; os_name == 'a' {tail}")] {
            match text.parse::<Requirement>() {
                Ok(parsed) => {
                    let again: Requirement = parsed.to_string().parse().unwrap();
                    prop_assert_eq!(parsed.name(), again.name());
                    prop_assert_eq!(parsed.extras(), again.extras());
                    prop_assert_eq!(parsed.specifiers(), again.specifiers());
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn metadata(name in ".{0,10}", tail in nearly_valid(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = CoreMetadata::parse(&bytes);
        let mut text = format!("Name: {name}\nVersion: 1{tail}\nRequires-Dist: foo{tail}\nRequires-Python: {tail}\n").into_bytes();
        let _ = CoreMetadata::parse(&text);
        text.extend(bytes);
        if let Ok(metadata) = CoreMetadata::parse(&text) {
            prop_assert!(!metadata.requires_dist.is_empty());
        }
    }

    #[test]
    fn names_versions_and_file_names(tail in nearly_valid(), any in ".{0,40}") {
        for text in [&tail, &any, &format!("1{tail}")] {
            let _ = text.parse::<Version>();
            let _ = text.parse::<PackageName>();
            let _ = text.parse::<SourceRepository>();
            let _ = format!("foo-{text}-py3-none-any.whl").parse::<DistributionFilename>();
            let _ = format!("foo-{text}.tar.gz").parse::<DistributionFilename>();
        }
    }
}
