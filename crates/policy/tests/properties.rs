//! Properties of builder ids (D2, D3): a name matches in its own spelling, whatever the case of owner and repository, and a ref
//! is a full release or none. The cases are the same in every run.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use slsa_pip_policy::builder::{BuilderMismatch, MAX_BUILDER_LEN, TrustedBuilders, is_release_ref};
use slsa_pip_policy::{BuilderId, InvalidBuilder};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_261_123),
        ..ProptestConfig::default()
    }
}

const GENERIC: &str =
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml";

/// `OWNER/REPO` and the path below.
fn parts() -> impl Strategy<Value = (String, String)> {
    (
        "[A-Za-z0-9][A-Za-z0-9-]{0,8}/[A-Za-z0-9_-][A-Za-z0-9._-]{0,8}",
        "\\.github/workflows/[A-Za-z0-9_-]{1,8}\\.ya?ml",
    )
}

fn release() -> impl Strategy<Value = String> {
    (0_u32..50, 0_u32..50, 0_u64..5000).prop_map(|(major, minor, patch)| format!("v{major}.{minor}.{patch}"))
}

fn intruder() -> impl Strategy<Value = char> {
    prop_oneof![
        prop::sample::select(
            "/.:@?#%\\&=;,~!$^*+ \t\n\r\0\u{7f}\u{430}\u{ff0f}\u{2024}\u{200b}\u{202e}aZ019-_v"
                .chars()
                .collect::<Vec<_>>()
        ),
        any::<char>(),
    ]
}

fn swap_case(text: &str, mask: u64) -> String {
    text.char_indices()
        .map(|(at, character)| match mask >> (at % 64) & 1 {
            1 if character.is_ascii_lowercase() => character.to_ascii_uppercase(),
            1 => character.to_ascii_lowercase(),
            _ => character,
        })
        .collect()
}

fn with(text: &str, at: prop::sample::Index, intruder: char) -> String {
    let places: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
    let mut changed = text.to_owned();
    changed.insert(*at.get(&places), intruder);
    changed
}

fn parse(text: &str) -> Result<BuilderId, InvalidBuilder> {
    text.parse()
}

/// What a release tag is, said in another way than the parser does.
fn is_release(reference: &str) -> bool {
    let Some(numbers) = reference.strip_prefix("refs/tags/v") else {
        return false;
    };
    let parsed: Vec<Option<u128>> = numbers.split('.').map(|number| number.parse().ok()).collect();
    let [Some(major), Some(minor), Some(patch)] = parsed.as_slice() else {
        return false;
    };
    numbers == format!("{major}.{minor}.{patch}")
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn all_spellings_are_one_builder((repository, path) in parts(), tag in release()) {
        let name = format!("https://github.com/{repository}/{path}");
        for start in ["https://github.com/", "github.com/", "GitHub.com/", ""] {
            let plain = parse(&format!("{start}{repository}/{path}")).unwrap();
            prop_assert_eq!(&plain.name, &name);
            prop_assert_eq!(&plain.reference, &None);
            prop_assert_eq!(parse(&plain.to_string()), Ok(plain.clone()));
            for tag in [tag.clone(), format!("refs/tags/{tag}")] {
                let builder = parse(&format!("{start}{repository}/{path}@{tag}")).unwrap();
                prop_assert_eq!(&builder.name, &name);
                prop_assert_eq!(parse(&builder.to_string()), Ok(builder.clone()));
                prop_assert_eq!(builder.matches(&name, builder.reference.as_deref().unwrap()), Ok(()));
            }
            prop_assert_eq!(plain.matches(&name, "refs/heads/any"), Ok(()));
        }
    }

    #[test]
    fn case_counts_but_for_owner_and_repository((repository, path) in parts(), mask in any::<u64>(), tag in release()) {
        let reference = format!("refs/tags/{tag}");
        let builder = parse(&format!("{repository}/{path}@{tag}")).unwrap();
        let other = swap_case(&repository, mask);
        prop_assert_eq!(builder.matches(&format!("https://github.com/{other}/{path}"), &reference), Ok(()));
        let other = swap_case(&path, mask);
        let found = builder.matches(&format!("https://github.com/{repository}/{other}"), &reference);
        prop_assert_eq!(found.is_ok(), other == path);
        let other = swap_case(&reference, mask);
        let found = builder.matches(&builder.name, &other);
        prop_assert_eq!(found.is_ok(), other == reference);
    }

    #[test]
    fn a_character_more_is_another_builder((repository, path) in parts(), at in any::<prop::sample::Index>(), intruder in intruder(), tag in release()) {
        let builder = parse(&format!("{repository}/{path}@{tag}")).unwrap();
        let reference = builder.reference.clone().unwrap();
        let changed = with(&builder.name, at, intruder);
        prop_assert_eq!(builder.matches(&changed, &reference), Err(BuilderMismatch::Name), "{:?}", changed);
        let changed = with(&reference, at, intruder);
        prop_assert_eq!(builder.matches(&builder.name, &changed), Err(BuilderMismatch::Reference), "{:?}", changed);
        // As a user writes it: refused, or another.
        let written = builder.to_string();
        let changed = with(&written, at, intruder);
        prop_assert_ne!(parse(&changed), Ok(builder), "{:?}", changed);
    }

    #[test]
    fn no_two_builders_match(a in parts(), b in parts(), tag in release(), other in release()) {
        let builder = parse(&format!("{}/{}@{tag}", a.0, a.1)).unwrap();
        let same = a.0.eq_ignore_ascii_case(&b.0) && a.1 == b.1;
        let found = builder.matches(&format!("https://github.com/{}/{}", b.0, b.1), &format!("refs/tags/{tag}"));
        prop_assert_eq!(found.is_ok(), same);
        let found = builder.matches(&builder.name, &format!("refs/tags/{other}"));
        prop_assert_eq!(found.is_ok(), tag == other);
    }

    #[test]
    fn a_release_is_three_numbers_and_nothing_else(tag in release(), at in any::<prop::sample::Index>(), intruder in intruder(), text in ".{0,20}", nearly in "refs/(tags|heads)/v?[0-9.v]{0,8}(-[a-z0-9.]{1,4})?") {
        let reference = format!("refs/tags/{tag}");
        prop_assert!(is_release_ref(&reference));
        let changed = with(&reference, at, intruder);
        for text in [changed, text, nearly, tag, format!("{reference}-rc.1"), format!("{reference}+build"), format!("{reference}.evil"), format!("{reference}@x")] {
            prop_assert_eq!(is_release_ref(&text), is_release(&text), "{:?}", text);
        }
    }

    #[test]
    fn the_default_builders_are_trusted_in_their_spelling_at_releases(tag in release(), at in any::<prop::sample::Index>(), intruder in intruder(), mask in any::<u64>()) {
        let trusted = TrustedBuilders::default();
        let reference = format!("refs/tags/{tag}");
        for builder in trusted.iter() {
            prop_assert!(trusted.trusts(&builder.name, &reference));
            let changed = with(&builder.name, at, intruder);
            prop_assert!(!trusted.trusts(&changed, &reference) && !trusted.knows(&changed), "{changed:?}");
            let changed = with(&reference, at, intruder);
            prop_assert_eq!(trusted.trusts(&builder.name, &changed), is_release(&changed), "{:?}", changed);
        }
        let file = GENERIC.rsplit_once('/').unwrap().1;
        let other = swap_case(file, mask);
        let found = trusted.trusts(&GENERIC.replace(file, &other), &reference);
        prop_assert_eq!(found, other == file);
    }

    #[test]
    fn any_text_gives_an_answer(text in ".{0,60}", nearly in "(https?://)?[a-z.]{0,12}(/[A-Za-z0-9._%:-]{0,6}){0,5}(@[a-z0-9./@]{0,12}){0,2}", length in 0_usize..2000) {
        for text in [text, nearly, format!("o/r/{}", "w".repeat(length))] {
            match parse(&text) {
                Ok(builder) => {
                    // In full it may be longer than what is read: `https://github.com/` is put before a short spelling.
                    if builder.to_string().len() <= MAX_BUILDER_LEN {
                        prop_assert_eq!(parse(&builder.to_string()), Ok(builder.clone()));
                    }
                    prop_assert!(builder.name.starts_with("https://github.com/") && !builder.name.contains(".."));
                    prop_assert!(builder.reference.as_deref().is_none_or(is_release));
                    prop_assert!(text.len() <= MAX_BUILDER_LEN);
                }
                Err(error) => {
                    let shown = error.to_string();
                    prop_assert!(!shown.is_empty() && !shown.chars().any(char::is_control), "{shown:?}");
                }
            }
        }
    }
}
