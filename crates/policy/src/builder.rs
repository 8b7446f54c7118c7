//! Builders: the reusable workflows that write provenance (VERIFICATION.md D2, D3).

use std::fmt;
use std::str::FromStr;

/// Longest builder id that is read; GitHub's own limits on owner, repository, path and ref stay below it.
pub const MAX_BUILDER_LEN: usize = 1024;

const SCHEME: &str = "https://";
const HOST: &str = "github.com";
const TAG_PREFIX: &str = "refs/tags/";

/// Rule D2's default builders; all of them are workflows of this repository.
const GENERATOR: &str = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/";
const GENERATOR_WORKFLOWS: [&str; 5] = [
    "generator_generic_slsa3.yml",
    "builder_go_slsa3.yml",
    "builder_container-based_slsa3.yml",
    "delegator_generic_slsa3.yml",
    "delegator_lowperms-generic_slsa3.yml",
];

/// A builder as a user names it: a reusable workflow, and maybe its release.
///
/// Parsed from `NAME`, `NAME@vX.Y.Z` or `NAME@refs/tags/vX.Y.Z`, where `NAME` is
/// `https://github.com/OWNER/REPO/PATH`; `https://` and `github.com/` may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuilderId {
    /// `https://github.com/OWNER/REPO/PATH`, as certificates write it before the `@`.
    pub name: String,
    /// `refs/tags/vX.Y.Z`, always in full, if one was given.
    pub reference: Option<String>,
}

/// Why a text names no builder (rule D3: each with its own text).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBuilder {
    /// Nothing was given, or nothing before the `@`.
    #[error("the builder's name is empty")]
    EmptyName,
    /// Longer than [`MAX_BUILDER_LEN`].
    #[error("the builder id has {length} bytes; at most {MAX_BUILDER_LEN} are read")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// More than one `@`.
    #[error("builder id `{given}` holds more than one `@`")]
    SeveralRefs {
        /// The text as given.
        given: String,
    },
    /// Nothing after the `@`.
    #[error("builder id `{given}` has an empty ref after `@`")]
    EmptyRef {
        /// The text as given.
        given: String,
    },
    /// Another host, or another scheme than `https`.
    #[error("builder id `{given}` is on `{host}`; only workflows on `https://github.com` can be builders")]
    OtherHost {
        /// The text as given.
        given: String,
        /// The host, with its scheme where that is the mistake.
        host: String,
    },
    /// Not `OWNER/REPO/PATH`.
    #[error("builder id `{given}` does not name a workflow: {why}")]
    NotAWorkflow {
        /// The text as given.
        given: String,
        /// What does not fit.
        why: &'static str,
    },
    /// The ref is no full release tag.
    #[error(
        "builder id `{given}` has the ref `{reference}`; a builder's ref is a full release tag, such as `v2.1.0` or `refs/tags/v2.1.0`"
    )]
    NotARelease {
        /// The text as given.
        given: String,
        /// The part after the `@`.
        reference: String,
    },
}

/// How a builder that signed differs from the one that is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuilderMismatch {
    /// It is another workflow.
    Name,
    /// It is the same workflow, at another ref.
    Reference,
}

impl BuilderId {
    /// Compares with the two halves of a certificate's identity (split at its last `@`).
    ///
    /// Owner and repository are compared case-insensitively, as GitHub does, path and ref exactly. Without a
    /// [`reference`](Self::reference) any ref matches: that it is a [release tag](is_release_ref) is a check of its own.
    ///
    /// # Errors
    /// Which half differs.
    pub fn matches(&self, name: &str, reference: &str) -> Result<(), BuilderMismatch> {
        if !same_name(&self.name, name) {
            return Err(BuilderMismatch::Name);
        }
        match &self.reference {
            Some(expected) if expected != reference => Err(BuilderMismatch::Reference),
            _ => Ok(()),
        }
    }
}

/// Whether a ref is `refs/tags/vX.Y.Z`: a full semantic version, without pre-release and build metadata (rule D2).
#[must_use]
pub fn is_release_ref(reference: &str) -> bool {
    reference.strip_prefix(TAG_PREFIX).is_some_and(is_release_tag)
}

fn is_release_tag(tag: &str) -> bool {
    let number = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
    };
    tag.strip_prefix('v').is_some_and(|version| {
        let parts: Vec<&str> = version.split('.').collect();
        parts.len() == 3 && parts.into_iter().all(number)
    })
}

/// `https://github.com/owner/repo` and the path below it, the first part in lower case.
fn name_key(name: &str) -> Option<(String, &str)> {
    let rest = name.strip_prefix(SCHEME)?;
    let mut slashes = rest.match_indices('/').map(|(at, _)| at);
    let end_of_repository = slashes.nth(2)?;
    let (repository, path) = rest.split_at_checked(end_of_repository)?;
    Some((repository.to_ascii_lowercase(), path))
}

fn same_name(a: &str, b: &str) -> bool {
    name_key(a).is_some_and(|a| name_key(b) == Some(a))
}

impl FromStr for BuilderId {
    type Err = InvalidBuilder;

    fn from_str(given: &str) -> Result<Self, InvalidBuilder> {
        if given.len() > MAX_BUILDER_LEN {
            return Err(InvalidBuilder::TooLong { length: given.len() });
        }
        let shown = || given.escape_debug().to_string();
        let mut halves = given.split('@');
        let name = halves.next().unwrap_or_default();
        let reference = halves.next();
        if halves.next().is_some() {
            return Err(InvalidBuilder::SeveralRefs { given: shown() });
        }
        if name.is_empty() {
            return Err(InvalidBuilder::EmptyName);
        }
        let name = parse_name(name, &shown)?;
        let reference = match reference {
            None => None,
            Some("") => return Err(InvalidBuilder::EmptyRef { given: shown() }),
            Some(reference) => {
                let tag = reference.strip_prefix(TAG_PREFIX).unwrap_or(reference);
                if !is_release_tag(tag) {
                    return Err(InvalidBuilder::NotARelease {
                        given: shown(),
                        reference: reference.escape_debug().to_string(),
                    });
                }
                Some(format!("{TAG_PREFIX}{tag}"))
            }
        };
        Ok(Self { name, reference })
    }
}

fn parse_name(name: &str, shown: &dyn Fn() -> String) -> Result<String, InvalidBuilder> {
    let other_host = |host: &str| InvalidBuilder::OtherHost {
        given: shown(),
        host: host.escape_debug().to_string(),
    };
    let not_a_workflow = |why| InvalidBuilder::NotAWorkflow { given: shown(), why };
    let rest = match name.split_once("://") {
        Some(("https", rest)) => rest,
        Some((scheme, rest)) => {
            let host = rest.split('/').next().unwrap_or_default();
            return Err(other_host(&format!("{scheme}://{host}")));
        }
        None => name,
    };
    let has_scheme = rest.len() != name.len();
    let mut parts: Vec<&str> = rest.split('/').collect();
    let first = parts.first().copied().unwrap_or_default();
    // A GitHub owner's name holds no dot, so a first part with one can only be a host.
    if first.eq_ignore_ascii_case(HOST) {
        parts.remove(0);
    } else if has_scheme || first.contains(['.', ':']) {
        return Err(other_host(first));
    }
    let valid = |part: &&str| {
        !["", ".", ".."].contains(part) && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    if !parts.iter().all(valid) {
        return Err(not_a_workflow(
            "its parts may hold letters, digits, `.`, `-` and `_` only",
        ));
    }
    if parts.len() < 3 {
        return Err(not_a_workflow("write OWNER/REPO/.github/workflows/FILE.yml"));
    }
    Ok(format!("{SCHEME}{HOST}/{}", parts.join("/")))
}

impl fmt::Display for BuilderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.reference {
            Some(reference) => write!(f, "@{reference}"),
            None => Ok(()),
        }
    }
}

/// A release of a builder, `vX.Y.Z`, in the order of its three numbers, however long they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ReleaseNumber([(usize, String); 3]);

impl ReleaseNumber {
    /// Reads `refs/tags/vX.Y.Z`, and nothing else: what [`is_release_ref`] does not take is older than every release.
    fn of_ref(reference: &str) -> Option<Self> {
        if !is_release_ref(reference) {
            return None;
        }
        let mut numbers = reference.strip_prefix(TAG_PREFIX)?.strip_prefix('v')?.split('.');
        // Without leading zeros the longer number is the greater one.
        let mut next = || numbers.next().map(|number| (number.len(), number.to_owned()));
        Some(Self([next()?, next()?, next()?]))
    }
}

/// The reusable workflows that are trusted to write provenance: rule D2's by default, and what policy adds; and below which
/// release each is no longer trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedBuilders {
    builders: Vec<BuilderId>,
    /// Least releases; all that name a builder hold for it.
    least: Vec<BuilderId>,
}

impl Default for TrustedBuilders {
    /// Rule D2's list, at any release.
    fn default() -> Self {
        let builders = GENERATOR_WORKFLOWS
            .iter()
            .map(|workflow| BuilderId {
                name: format!("{GENERATOR}{workflow}"),
                reference: None,
            })
            .collect();
        Self {
            builders,
            least: Vec::new(),
        }
    }
}

impl TrustedBuilders {
    /// Trusts one more builder.
    pub fn add(&mut self, builder: BuilderId) {
        if !self.builders.contains(&builder) {
            self.builders.push(builder);
        }
    }

    /// Demands a least release of a builder: that of `least`, which must name one, or nothing is demanded. It trusts nothing by
    /// itself. Where several are demanded of one builder, the newest counts.
    pub fn demand(&mut self, least: BuilderId) {
        if least.reference.is_some() && !self.least.contains(&least) {
            self.least.push(least);
        }
    }

    /// The least release that an identity's two halves fall short of, as a full ref; `None` if it is new enough or none is
    /// demanded of that builder. A ref that is no [release](is_release_ref) is older than any release.
    #[must_use]
    pub fn too_old(&self, name: &str, reference: &str) -> Option<&str> {
        let found = ReleaseNumber::of_ref(reference);
        let demanded = self.least.iter().filter(|least| same_name(&least.name, name));
        let newest = demanded
            .filter_map(|least| least.reference.as_deref())
            .max_by_key(|least| ReleaseNumber::of_ref(least))?;
        (found < ReleaseNumber::of_ref(newest)).then_some(newest)
    }

    /// The demanded least releases, in the order in which they were given.
    pub fn demanded(&self) -> impl Iterator<Item = &BuilderId> {
        self.least.iter()
    }

    /// Trusts a builder no longer, neither at any release nor at one.
    pub(crate) fn forget(&mut self, name: &str) {
        self.builders.retain(|builder| !same_name(&builder.name, name));
    }

    /// Whether a builder is trusted at whatever release, or from a least one on.
    pub(crate) fn trusts_any_release(&self, name: &str) -> bool {
        let mut named = self.builders.iter().filter(|builder| same_name(&builder.name, name));
        named.any(|builder| builder.reference.is_none())
    }

    /// Whether a least release is demanded of a builder.
    pub(crate) fn demands_of(&self, name: &str) -> bool {
        self.least.iter().any(|least| same_name(&least.name, name))
    }

    /// What both trust, with the least releases of both.
    pub(crate) fn meet(&self, other: &Self) -> Self {
        let known_to = |list: &Self, builder: &BuilderId| match &builder.reference {
            None => list.trusts_any_release(&builder.name),
            Some(reference) => list.trusts(&builder.name, reference),
        };
        let mut met = Self {
            builders: Vec::new(),
            least: Vec::new(),
        };
        for (list, counterpart) in [(self, other), (other, self)] {
            for builder in list.builders.iter().filter(|builder| known_to(counterpart, builder)) {
                met.add(builder.clone());
            }
            for least in &list.least {
                met.demand(least.clone());
            }
        }
        met
    }

    /// All of them, the default ones first.
    pub fn iter(&self) -> impl Iterator<Item = &BuilderId> {
        self.builders.iter()
    }

    /// Whether a workflow is in the list at all, at whatever ref.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.builders.iter().any(|builder| same_name(&builder.name, name))
    }

    /// Whether an identity's two halves are a trusted builder at a ref that is trusted: a full release tag, and the
    /// listed one where the list names one.
    #[must_use]
    pub fn trusts(&self, name: &str, reference: &str) -> bool {
        is_release_ref(reference)
            && self
                .builders
                .iter()
                .any(|builder| builder.matches(name, reference).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERIC: &str =
        "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml";

    #[test]
    fn the_three_spellings_of_rule_d3() {
        let parse = |text: &str| text.parse::<BuilderId>().unwrap();
        assert_eq!(parse(GENERIC).to_string(), GENERIC);
        assert_eq!(parse(GENERIC.trim_start_matches("https://")), parse(GENERIC));
        assert_eq!(parse(GENERIC.trim_start_matches("https://github.com/")), parse(GENERIC));
        let full = format!("{GENERIC}@refs/tags/v2.1.0");
        assert_eq!(parse(&full).to_string(), full);
        assert_eq!(parse(&format!("{GENERIC}@v2.1.0")), parse(&full));
    }

    #[test]
    fn each_usage_error_has_its_own_text() {
        for (given, text) in [
            ("", "the builder's name is empty"),
            ("@v1.0.0", "the builder's name is empty"),
            (
                "o/r/w.yml@v1.0.0@v1.0.0",
                "builder id `o/r/w.yml@v1.0.0@v1.0.0` holds more than one `@`",
            ),
            ("o/r/w.yml@", "builder id `o/r/w.yml@` has an empty ref after `@`"),
            (
                "https://evil.example/o/r/w.yml",
                "builder id `https://evil.example/o/r/w.yml` is on `evil.example`; only workflows on `https://github.com` can be builders",
            ),
            (
                "gitlab.com/o/r/w.yml",
                "builder id `gitlab.com/o/r/w.yml` is on `gitlab.com`; only workflows on `https://github.com` can be builders",
            ),
            (
                "http://github.com/o/r/w.yml",
                "builder id `http://github.com/o/r/w.yml` is on `http://github.com`; only workflows on `https://github.com` can be builders",
            ),
            (
                "https://github.com:443/o/r/w.yml",
                "builder id `https://github.com:443/o/r/w.yml` is on `github.com:443`; only workflows on `https://github.com` can be builders",
            ),
            (
                "o/r",
                "builder id `o/r` does not name a workflow: write OWNER/REPO/.github/workflows/FILE.yml",
            ),
            (
                "o/../r/w.yml",
                "builder id `o/../r/w.yml` does not name a workflow: its parts may hold letters, digits, `.`, `-` and `_` only",
            ),
            (
                "o/r/w.yml@main",
                "builder id `o/r/w.yml@main` has the ref `main`; a builder's ref is a full release tag, such as `v2.1.0` or `refs/tags/v2.1.0`",
            ),
        ] {
            assert_eq!(given.parse::<BuilderId>().unwrap_err().to_string(), text, "{given}");
        }
        let long = format!("o/r/{}", "w".repeat(MAX_BUILDER_LEN));
        assert_eq!(
            long.parse::<BuilderId>().unwrap_err().to_string(),
            "the builder id has 1028 bytes; at most 1024 are read"
        );
    }

    #[test]
    fn only_full_release_tags_are_release_refs() {
        assert!(is_release_ref("refs/tags/v2.1.0"));
        assert!(is_release_ref("refs/tags/v10.0.12"));
        for bad in [
            "v2.1.0",
            "refs/tags/2.1.0",
            "refs/tags/v2",
            "refs/tags/v2.1",
            "refs/tags/v2.1.0.0",
            "refs/tags/v2.1.0-rc.1",
            "refs/tags/v2.1.0+build",
            "refs/tags/v02.1.0",
            "refs/tags/v2.1.0 ",
            "refs/tags/v2..0",
            "refs/tags/v2.1.x",
            "refs/tags/v\u{0662}.1.0",
            "refs/heads/v2.1.0",
            "refs/heads/main",
            "0123456789abcdef0123456789abcdef01234567",
            "",
        ] {
            assert!(!is_release_ref(bad), "{bad:?}");
        }
    }

    #[test]
    fn the_default_builders_are_trusted_at_releases_only() {
        let trusted = TrustedBuilders::default();
        assert_eq!(trusted.iter().count(), 5);
        assert!(trusted.trusts(GENERIC, "refs/tags/v2.1.0"));
        assert!(trusted.trusts(&GENERIC.replace("slsa-framework", "SLSA-Framework"), "refs/tags/v2.1.0"));
        for (name, reference) in [
            (GENERIC, "refs/heads/main"),
            (GENERIC, "refs/tags/v2"),
            (GENERIC, ""),
            (
                "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/other.yml",
                "refs/tags/v2.1.0",
            ),
            (
                "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/Generator_generic_slsa3.yml",
                "refs/tags/v2.1.0",
            ),
            (
                "https://github.com/evil/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml",
                "refs/tags/v2.1.0",
            ),
            (
                "https://evil.example/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml",
                "refs/tags/v2.1.0",
            ),
            ("", "refs/tags/v2.1.0"),
        ] {
            assert!(!trusted.trusts(name, reference), "{name}@{reference}");
        }
    }

    #[test]
    fn an_added_builder_may_be_tied_to_one_release() {
        let mut trusted = TrustedBuilders::default();
        trusted.add("acme/ci/.github/workflows/build.yml@v1.2.3".parse().unwrap());
        let name = "https://github.com/acme/ci/.github/workflows/build.yml";
        assert!(trusted.knows(name));
        assert!(trusted.trusts(name, "refs/tags/v1.2.3"));
        assert!(!trusted.trusts(name, "refs/tags/v1.2.4"));
    }

    #[test]
    fn a_least_release_is_compared_by_its_numbers() {
        let mut trusted = TrustedBuilders::default();
        trusted.demand(format!("{GENERIC}@v1.9.10").parse().unwrap());
        trusted.demand(format!("{GENERIC}@v1.10.0").parse().unwrap());
        trusted.demand(GENERIC.parse().unwrap());
        assert_eq!(trusted.demanded().count(), 2);
        let name = GENERIC.replace("slsa-framework", "SLSA-Framework");
        for new_enough in ["v1.10.0", "v1.10.1", "v2.0.0", "v1.99999999999999999999999.0"] {
            assert_eq!(
                trusted.too_old(&name, &format!("refs/tags/{new_enough}")),
                None,
                "{new_enough}"
            );
        }
        for old in [
            "refs/tags/v1.9.99",
            "refs/tags/v0.99.0",
            "refs/heads/main",
            "refs/tags/v2",
            "refs/tags/v2.0.0-rc1",
            "v2.0.0",
            "",
        ] {
            assert_eq!(trusted.too_old(&name, old), Some("refs/tags/v1.10.0"), "{old}");
        }
        let other = GENERIC.replace("generic_slsa3", "other");
        assert_eq!(trusted.too_old(&other, "refs/tags/v0.0.1"), None);
        assert!(!trusted.knows(&other), "a demand is no trust");
    }

    #[test]
    fn a_mismatch_says_which_half_differs() {
        let builder: BuilderId = format!("{GENERIC}@v2.1.0").parse().unwrap();
        assert_eq!(builder.matches(GENERIC, "refs/tags/v2.1.0"), Ok(()));
        assert_eq!(
            builder.matches(GENERIC, "refs/tags/v2.0.0"),
            Err(BuilderMismatch::Reference)
        );
        assert_eq!(
            builder.matches("https://github.com/o/r/w.yml", "refs/tags/v2.1.0"),
            Err(BuilderMismatch::Name)
        );
    }
}
