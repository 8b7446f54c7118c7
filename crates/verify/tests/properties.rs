//! Properties of tags and versions in tags (E2, E3): evidence is signed for a tag, and judged against many expectations. The cases
//! are the same in every run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what tests share stands outside of a test function"
)]

mod common;

use common::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::Evidence;
use slsa_pip_test_world::sigstore::SigningOptions;
use slsa_pip_test_world::statement::{Subject, slsa_v02};
use slsa_pip_test_world::{Identity, TestSigstore};
use slsa_pip_verify::{Code, StagedFile, TrustRoots};

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 32,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_261_123),
        ..ProptestConfig::default()
    }
}

const WHEEL: &str = "foo-1.0.0-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel's bytes";

/// Evidence that was made from one ref.
struct Signed {
    roots: TrustRoots,
    evidence: Vec<Evidence>,
    file: StagedFile,
}

impl Signed {
    fn from(reference: &str) -> Self {
        let sigstore = TestSigstore::new(1);
        let identity = Identity::slsa_generator("acme/foo").reference(reference);
        let statement = slsa_v02(&identity, &[Subject::of(WHEEL, BYTES)]);
        let signed = sigstore.sign_statement(&identity, &statement, SigningOptions::default());
        let digest = sigstore_verify::crypto::sha256(BYTES);
        let signed = Self {
            roots: TrustRoots::custom(&sigstore.trusted_root_json()).unwrap(),
            evidence: parse_json(&signed.bundle_v03()),
            file: file(WHEEL, &digest.to_hex()),
        };
        assert_eq!(signed.judge(&pinned("acme/foo")), None, "{reference:?}");
        signed
    }

    fn judge(&self, expectation: &Expectation) -> Option<Code> {
        code(&judge(&self.file, &self.evidence, expectation, &self.roots))
    }

    fn tag(&self, tag: &str) -> Option<Code> {
        self.judge(&Expectation {
            source_tag: Some(tag.to_owned()),
            ..pinned("acme/foo")
        })
    }

    fn version(&self, version: &str) -> Option<Code> {
        self.judge(&Expectation {
            versioned_tag: Some(version.to_owned()),
            ..pinned("acme/foo")
        })
    }
}

/// A version's components and its suffix.
fn version() -> impl Strategy<Value = (Vec<u32>, &'static str)> {
    let suffix = prop::sample::select(vec!["", "", "", "rc1", "a2", "b1", ".dev3", ".post1", "+local"]);
    (prop::collection::vec(0_u32..12, 1..5), suffix)
}

fn dotted(components: &[u32]) -> String {
    let texts: Vec<String> = components.iter().map(ToString::to_string).collect();
    texts.join(".")
}

/// What may stand before a version in a tag, in the ways that E3 knows.
fn prefix() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "v", "release-", "foo-v", "foo@", "Foo_v", "libs/foo/"])
}

/// Characters that git refs, URLs or readers may take for something else.
const INTRUDERS: &str = "@/.:#%~^?*[\\ \t\n\0\u{7f}\u{430}\u{ff11}\u{200b}\u{202e}\u{660}x0+-!";

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_tag_is_met_by_itself_alone((components, suffix) in version(), prefix in prefix(), places in prop::collection::vec(any::<prop::sample::Index>(), 4)) {
        let tag = format!("{prefix}{}{suffix}", dotted(&components));
        let signed = Signed::from(&format!("refs/tags/{tag}"));
        prop_assert_eq!(signed.tag(&tag), None);
        prop_assert_eq!(signed.tag(&format!("refs/tags/{tag}")), None);
        for (place, intruder) in places.iter().cycle().zip(INTRUDERS.chars()) {
            let mut other = tag.clone();
            other.insert(place.index(tag.len() + 1), intruder);
            prop_assert_eq!(signed.tag(&other), Some(Code::TagMismatch), "{:?} {:?}", tag, other);
        }
        for other in [tag.to_uppercase(), format!("{tag}.evil"), format!("evil/{tag}"), format!("{tag}@x"), format!("tags/{tag}"), format!("refs/heads/{tag}")] {
            prop_assert_eq!(signed.tag(&other).is_none(), other == tag, "{} {}", tag, other);
        }
        prop_assert_eq!(signed.tag(&tag[1..]), Some(Code::TagMismatch));
        prop_assert_eq!(signed.tag(&tag[..tag.len() - 1]), Some(Code::TagMismatch));
    }

    #[test]
    fn as_many_components_are_compared_as_are_given((components, suffix) in version(), prefix in prefix(), given in 1_usize..6, at in 0_usize..5, more in 1_u32..4) {
        let tag = format!("{prefix}{}{suffix}", dotted(&components));
        let signed = Signed::from(&format!("refs/tags/{tag}"));
        prop_assert_eq!(signed.version(&format!("{}{suffix}", dotted(&components))), None, "{}", tag);
        let mut wanted = components.clone();
        wanted.resize(given, 0);
        let wanted_text = dotted(&wanted);
        // Final versions match their beginnings; anything else matches in full, where trailing zeros say nothing.
        let is_final = suffix.is_empty();
        let whole = |list: &[u32]| dotted(list).trim_end_matches(".0").to_owned();
        let in_full = whole(&wanted) == whole(&components) && given >= 1;
        let expected = if is_final { true } else { in_full };
        let with_suffix = signed.version(&format!("{wanted_text}{suffix}"));
        prop_assert_eq!(with_suffix.is_none(), expected, "{} {}{}", tag, wanted_text, suffix);
        prop_assert_eq!(signed.version(&wanted_text).is_none(), is_final, "{} {}", tag, wanted_text);
        // One component that is given differs.
        let at = at.min(given - 1);
        wanted[at] += more;
        let other = dotted(&wanted);
        for wanted in [format!("{other}{suffix}"), other.clone(), format!("v{other}"), format!("foo-{other}")] {
            prop_assert_eq!(signed.version(&wanted), Some(Code::VersionedTagMismatch), "{} {}", tag, wanted);
        }
        for epoch in [format!("1!{wanted_text}"), format!("1!{wanted_text}{suffix}")] {
            prop_assert_eq!(signed.version(&epoch), Some(Code::VersionedTagMismatch), "{} {}", tag, epoch);
        }
    }

    #[test]
    fn no_suffix_matches_another((components, suffix) in version(), other in prop::sample::select(vec!["", "rc1", "rc2", "a2", "b1", ".dev3", ".post1", ".post2", "+local", "+other"])) {
        let tag = format!("v{}{suffix}", dotted(&components));
        let signed = Signed::from(&format!("refs/tags/{tag}"));
        let wanted = format!("{}{other}", dotted(&components));
        prop_assert_eq!(signed.version(&wanted).is_none(), other == suffix, "{} {}", tag, wanted);
    }

    #[test]
    fn look_alikes_of_a_version_match_nothing(components in prop::collection::vec(1_u32..12, 3), trick in 0_usize..25) {
        let plain = dotted(&components);
        let tricks = [
            format!("v{plain}.evil"),
            format!("v{plain}@x"),
            format!("v{plain}/x"),
            format!("v{plain}-x"),
            format!("v{plain}..0"),
            format!("{plain}%2e0"),
            format!("v{}", plain.replace('.', "%2e")),
            format!("v{}", plain.replace('.', "\u{2024}")),
            format!("v{}", plain.replace('.', "\u{ff0e}")),
            format!("v{}", plain.replace('.', ",")),
            format!("\u{ff56}{plain}"),
            format!("v\u{ff11}{plain}"),
            format!("v\u{661}.{plain}"),
            format!("v{plain}\u{200b}"),
            format!("v{plain}\u{7f}"),
            format!("v{plain}\n"),
            format!(" v{plain}"),
            format!("v{plain}\t"),
            format!("v{plain}\0"),
            format!("vv{plain}"),
            format!("v-{plain}-x-{plain}"),
            format!("v{plain}-x_{plain}"),
            format!("evil/v{plain}"),
            format!("otherpkg-v{plain}"),
            format!("foo-evil@{plain}"),
        ];
        let signed = Signed::from(&format!("refs/tags/{}", tricks[trick]));
        for wanted in [plain.clone(), format!("v{plain}"), dotted(&components[..2]), dotted(&components[..1])] {
            prop_assert_eq!(signed.version(&wanted), Some(Code::VersionedTagMismatch), "{:?} {}", tricks[trick], wanted);
        }
        // And the other way: such an expectation is met by no tag, its own spelling least of all.
        let signed = Signed::from(&format!("refs/tags/v{plain}"));
        prop_assert_eq!(signed.version(&tricks[trick]), Some(Code::VersionedTagMismatch), "{:?}", tricks[trick]);
    }

    #[test]
    fn a_branch_is_never_a_tag((components, suffix) in version(), start in prop::sample::select(vec!["refs/heads/", "refs/pull/", "refs/Tags/", "refs/tags", "refs/heads/refs/tags/", ""])) {
        let version = format!("{}{suffix}", dotted(&components));
        let signed = Signed::from(&format!("{start}{version}"));
        prop_assert_eq!(signed.tag(&version), Some(Code::NotATag), "{}", start);
        prop_assert_eq!(signed.version(&version), Some(Code::NotATag), "{}", start);
    }

    #[test]
    fn any_expectation_gives_an_answer(text in ".{0,40}", nearly in "(v|foo-|refs/tags/)?[0-9.!+a-z@/_-]{0,20}", length in 0_usize..3000) {
        let signed = Signed::from("refs/tags/v1.2.3");
        for text in [text, nearly, format!("v1.2.3{}", "0".repeat(length)), "1.".repeat(length)] {
            let tag = signed.tag(&text);
            prop_assert_eq!(tag.is_none(), text == "v1.2.3" || text == "refs/tags/v1.2.3", "{:?}", text);
            let _ = signed.version(&text);
        }
    }
}
