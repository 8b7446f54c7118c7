//! Exemptions: policy names the very bytes, or nothing is accepted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]
mod common;

use common::file;
use jiff::Timestamp;
use slsa_pip_distribution::{PackageName, Version};
use slsa_pip_policy::Exemption;
use slsa_pip_verify::{Basis, Code, Verified, exempt};

fn exemption() -> Exemption {
    Exemption {
        package: "peppercorn".parse().unwrap(),
        versions: "==0.6".parse().unwrap(),
        sha256: vec!["aa".repeat(32).parse().unwrap(), "bb".repeat(32).parse().unwrap()],
        reason: "no provenance published".to_owned(),
        expires: Some("2027-06-30".parse().unwrap()),
        written_at: "slsa-pip.toml:7".to_owned(),
    }
}

struct Asked {
    sha256: String,
    name: &'static str,
    version: &'static str,
    now: &'static str,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            sha256: "aa".repeat(32),
            name: "Peppercorn",
            version: "0.6",
            now: "2027-06-30T23:59:59Z",
        }
    }
}

fn ask(asked: &Asked, exemption: &Exemption) -> Result<Verified, Code> {
    let file = file("peppercorn-0.6-py3-none-any.whl", &asked.sha256);
    let name: PackageName = asked.name.parse().unwrap();
    let version: Version = asked.version.parse().unwrap();
    let now: Timestamp = asked.now.parse().unwrap();
    exempt(&file, exemption, &name, &version, now).map_err(|refusal| {
        assert_eq!(refusal.rule, refusal.code.rule());
        refusal.code
    })
}

#[test]
fn the_named_bytes_are_accepted_until_the_last_day() {
    let verified = ask(&Asked::default(), &exemption()).unwrap();
    let Basis::Exempt(basis) = verified.basis() else {
        panic!("not exempt");
    };
    assert_eq!(basis.reason, "no provenance published");
    assert_eq!(basis.written_at, "slsa-pip.toml:7");
    assert_eq!(basis.expires.as_deref(), Some("2027-06-30"));
    assert_eq!(verified.file().sha256(), &basis.sha256);
    let unlimited = Exemption {
        expires: None,
        ..exemption()
    };
    let far = Asked {
        now: "2099-01-01T00:00:00Z",
        sha256: "bb".repeat(32),
        ..Asked::default()
    };
    assert!(ask(&far, &unlimited).is_ok());
}

#[test]
fn anything_else_is_refused() {
    let cases = [
        (
            Asked {
                sha256: "cc".repeat(32),
                ..Asked::default()
            },
            Code::ExemptionDigestMismatch,
        ),
        (
            Asked {
                version: "0.7",
                ..Asked::default()
            },
            Code::ExemptionVersionMismatch,
        ),
        (
            Asked {
                name: "other",
                ..Asked::default()
            },
            Code::ExemptionPackageMismatch,
        ),
        (
            Asked {
                now: "2027-07-01T00:00:00Z",
                ..Asked::default()
            },
            Code::ExemptionExpired,
        ),
    ];
    for (asked, expected) in cases {
        assert_eq!(ask(&asked, &exemption()).unwrap_err(), expected);
    }
    let no_reason = Exemption {
        reason: " ".to_owned(),
        ..exemption()
    };
    assert_eq!(
        ask(&Asked::default(), &no_reason).unwrap_err(),
        Code::ExemptionReasonMissing
    );
    let no_digest = Exemption {
        sha256: Vec::new(),
        ..exemption()
    };
    assert_eq!(
        ask(&Asked::default(), &no_digest).unwrap_err(),
        Code::ExemptionDigestMismatch
    );
}
