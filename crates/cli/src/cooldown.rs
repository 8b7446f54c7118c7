//! Policy's `minimum-age`: a file must have been published for some time before it is taken, so that a stolen release is
//! noticed by somebody else first.
//!
//! The time of upload is the index's word (PEP 700). An attestation that was signed later than that contradicts it, and then the
//! later time counts.

use jiff::{SignedDuration, Timestamp};
use slsa_pip_distribution::PackageName;
use slsa_pip_policy::Policy;
use slsa_pip_pypi_client::IndexFile;
use slsa_pip_verify::{Code, Refusal};

/// Why a file may not be taken yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TooYoung {
    /// It has been public since then, which is not long enough.
    Since {
        /// The later of upload and signature.
        since: Timestamp,
        /// How long it must have been.
        minimum: SignedDuration,
    },
    /// Nobody says since when.
    Unknown {
        /// How long it must have been.
        minimum: SignedDuration,
    },
}

/// Whether policy asks for a longer time than the file has been public. `signed` is the proven time of its attestation, where one
/// is known. What lies on this machine was put there by the user, and has no age, as for pip's `--uploaded-prior-to`.
pub(crate) fn check(policy: &Policy, file: &IndexFile, signed: Option<Timestamp>, now: Timestamp) -> Option<TooYoung> {
    let minimum = policy.minimum_age(file.filename.name())?;
    if minimum.is_zero() || minimum.is_negative() || file.is_local() {
        return None;
    }
    let uploaded = file
        .upload_time
        .as_deref()
        .and_then(|time| time.parse::<Timestamp>().ok());
    let Some(uploaded) = uploaded else {
        return Some(TooYoung::Unknown { minimum });
    };
    let since = signed.map_or(uploaded, |signed| signed.max(uploaded));
    let old_enough = now.duration_since(since) >= minimum;
    (!old_enough).then_some(TooYoung::Since { since, minimum })
}

impl TooYoung {
    /// The same in a few words.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Since { since, minimum } => format!(
                "too young for policy, which wants {} (public since {})",
                words(*minimum),
                time(*since)
            ),
            Self::Unknown { minimum } => format!(
                "its index does not say when it was uploaded, and policy wants {}",
                words(*minimum)
            ),
        }
    }

    /// The refusal of the file.
    pub(crate) fn refusal(&self, file: &IndexFile) -> Refusal {
        let name = file.filename.name();
        let (code, summary, minimum, found, hint) = match self {
            Self::Since { since, minimum } => {
                let ready = since.checked_add(*minimum).ok();
                let when = ready.map_or_else(String::new, |ready| {
                    format!("it is old enough on {}; until then ", time(ready))
                });
                let hint = format!(
                    "{when}`--resolve-policy=satisfying` takes the newest release that is; {}",
                    let_pass(name)
                );
                let found = format!("public since {}", time(*since));
                (
                    Code::ReleaseTooYoung,
                    "it was published too recently",
                    minimum,
                    found,
                    hint,
                )
            }
            Self::Unknown { minimum } => {
                let hint = format!("use an index that tells times of upload (PEP 700); {}", let_pass(name));
                let found = "no time of upload".to_owned();
                (
                    Code::UploadTimeMissing,
                    "its index does not say when it was uploaded",
                    minimum,
                    found,
                    hint,
                )
            }
        };
        Refusal {
            code,
            rule: code.rule(),
            package: Some(name.to_string()),
            file: file.filename.as_str().to_owned(),
            summary: summary.to_owned(),
            expected: Some(format!("public for {} (`minimum-age`)", words(*minimum))),
            found: Some(found),
            source: None,
            hint: Some(hint),
        }
    }
}

fn let_pass(name: &PackageName) -> String {
    format!("for an urgent fix write `minimum-age = \"0 days\"` into `[packages.{name}]`, or exempt this very file")
}

fn time(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// A length of time in its largest whole unit.
fn words(length: SignedDuration) -> String {
    let minutes = length.as_secs() / 60;
    let (count, unit) = match minutes {
        _ if minutes % (24 * 60) == 0 => (minutes / (24 * 60), "day"),
        _ if minutes % 60 == 0 => (minutes / 60, "hour"),
        _ => (minutes, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use slsa_pip_distribution::DistributionFilename;
    use url::Url;

    use super::*;

    fn file(url: &str, uploaded: Option<&str>) -> IndexFile {
        let filename: DistributionFilename = "foo-1.0-py3-none-any.whl".parse().unwrap();
        IndexFile {
            filename,
            url: Url::parse(url).unwrap(),
            sha256: None,
            requires_python: None,
            yanked: None,
            metadata: None,
            provenance: None,
            size: None,
            upload_time: uploaded.map(str::to_owned),
            index_url: Arc::new(Url::parse("https://index.example/simple/").unwrap()),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const REMOTE: &str = "https://files.example/foo-1.0-py3-none-any.whl";

    fn policy(text: &str) -> Policy {
        Policy::parse(text, "slsa-pip.toml").unwrap()
    }

    #[test]
    fn a_file_is_old_enough_from_the_moment_on() {
        let policy = policy("[defaults]\nminimum-age = \"7 days\"\n");
        let file = file(REMOTE, Some("2026-01-01T00:00:00.5Z"));
        let young = |signed, now| check(&policy, &file, signed, at(now)).map(|it| it.refusal(&file).code);
        assert_eq!(young(None, "2026-01-08T00:00:00.4Z"), Some(Code::ReleaseTooYoung));
        assert_eq!(young(None, "2026-01-08T00:00:00.5Z"), None);
        // A clock that is wrong, or an index that lies about the future.
        assert_eq!(young(None, "2025-12-31T00:00:00Z"), Some(Code::ReleaseTooYoung));
        // Signed after it is said to have been uploaded.
        let later = Some(at("2026-01-05T00:00:00Z"));
        assert_eq!(young(later, "2026-01-11T00:00:00Z"), Some(Code::ReleaseTooYoung));
        assert_eq!(young(later, "2026-01-12T00:00:00Z"), None);
        assert_eq!(young(Some(at("2020-01-01T00:00:00Z")), "2026-01-09T00:00:00Z"), None);
    }

    #[test]
    fn what_nobody_knows_is_not_old() {
        let policy = policy("[defaults]\nminimum-age = \"1 hours\"\n");
        for unknown in [None, Some("yesterday"), Some("2020-01-01")] {
            let file = file(REMOTE, unknown);
            let young = check(
                &policy,
                &file,
                Some(at("2020-01-01T00:00:00Z")),
                at("2026-01-01T00:00:00Z"),
            );
            assert_eq!(
                young.map(|it| it.refusal(&file).code),
                Some(Code::UploadTimeMissing),
                "{unknown:?}"
            );
        }
        let here = file("file:///srv/foo-1.0-py3-none-any.whl", None);
        assert_eq!(check(&policy, &here, None, at("2026-01-01T00:00:00Z")), None);
    }

    #[test]
    fn a_package_may_have_its_own() {
        let policy = policy("[defaults]\nminimum-age = \"7 days\"\n[packages.foo]\nminimum-age = \"0 days\"\n");
        assert_eq!(
            check(&policy, &file(REMOTE, None), None, at("2026-01-01T00:00:00Z")),
            None
        );
        assert_eq!(
            check(
                &Policy::default(),
                &file(REMOTE, None),
                None,
                at("2026-01-01T00:00:00Z")
            ),
            None
        );
    }

    #[test]
    fn lengths_are_told_in_their_largest_unit() {
        for (hours, told) in [(24, "1 day"), (168, "7 days"), (36, "36 hours"), (1, "1 hour")] {
            assert_eq!(words(SignedDuration::from_hours(hours)), told);
        }
        assert_eq!(words(SignedDuration::from_mins(90)), "90 minutes");
    }
}
