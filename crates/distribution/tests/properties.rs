//! Properties of what names a repository, a file or its bytes: every accepted spelling means one thing, and nothing that looks
//! like it means the same. The cases are the same in every run.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use slsa_pip_distribution::{DistributionFilename, Sha256Digest, SourceRepository, Version};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_261_123),
        ..ProptestConfig::default()
    }
}

fn owner() -> impl Strategy<Value = String> {
    "[A-Za-z0-9][A-Za-z0-9-]{0,12}"
}

/// GitHub gives no name that ends in `.git`.
fn name() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_-][A-Za-z0-9._-]{0,12}".prop_filter("no name ends so", |name| name.strip_suffix(".git").is_none())
}

/// Every accepted way to write a repository on GitHub (E1).
fn spellings(owner: &str, name: &str) -> Vec<String> {
    let path = format!("{owner}/{name}");
    [
        path.clone(),
        format!("{path}.git"),
        format!("github.com/{path}"),
        format!("GitHub.com/{path}/"),
        format!("https://github.com/{path}"),
        format!("https://github.com/{path}.git"),
        format!("https://github.com/{path}/"),
        format!("https://github.com/{path}.git/"),
        format!("HTTPS://GITHUB.COM/{path}"),
        format!("git+https://github.com/{path}"),
        format!("git+https://github.com/{path}.git"),
        format!("git@github.com:{path}.git"),
        format!("git@github.com:{path}"),
        format!("ssh://git@github.com/{path}.git"),
        format!("git+ssh://git@github.com/{path}.git"),
        format!("git://github.com/{path}.git"),
    ]
    .into()
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

/// Characters that attackers put into names: separators, escapes, controls, look-alikes, joiners.
fn intruder() -> impl Strategy<Value = char> {
    prop_oneof![
        proptest::sample::select(
            "/.:@?#%\\&=;,~!$^*+ \t\n\r\0\u{7f}\u{430}\u{ff0f}\u{2044}\u{2024}\u{200b}\u{202e}\u{301}aZ09-_"
                .chars()
                .collect::<Vec<_>>()
        ),
        any::<char>(),
    ]
}

fn repository(text: &str) -> Option<SourceRepository> {
    text.parse().ok()
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn all_spellings_name_one_repository(owner in owner(), name in name(), mask in any::<u64>()) {
        let expected = SourceRepository::github(&owner, &name).unwrap();
        prop_assert_eq!(expected.path(), format!("{owner}/{name}"));
        for (at, spelling) in spellings(&owner, &name).iter().enumerate() {
            let parsed = repository(spelling);
            prop_assert_eq!(parsed.as_ref(), Some(&expected), "{}", spelling);
            let parsed = parsed.unwrap();
            for again in [parsed.to_string(), parsed.https_url(), format!("git+{}.git", parsed.https_url())] {
                prop_assert_eq!(repository(&again), Some(parsed.clone()), "{}", again);
            }
            let swapped = spellings(&swap_case(&owner, mask), &swap_case(&name, mask));
            if swapped[at].strip_suffix(".GIT").is_none() {
                prop_assert_eq!(repository(&swapped[at]), Some(expected.clone()), "{}", swapped[at]);
            }
        }
    }

    #[test]
    fn no_two_repositories_are_equal(a in (owner(), name()), b in (owner(), name())) {
        prop_assume!(!(a.0.eq_ignore_ascii_case(&b.0) && a.1.eq_ignore_ascii_case(&b.1)));
        for one in spellings(&a.0, &a.1) {
            for other in spellings(&b.0, &b.1) {
                prop_assert_ne!(repository(&one), repository(&other), "{} {}", one, other);
            }
        }
    }

    #[test]
    fn owner_and_name_stay_apart(owner in "[a-z]{1,6}", name in "[a-z]{1,6}", at in 1_usize..12) {
        let all = format!("{owner}{name}");
        let at = at.min(all.len() - 1);
        prop_assume!(at != 0 && at != owner.len());
        let (other_owner, other_name) = all.split_at(at);
        prop_assert_ne!(
            SourceRepository::github(&owner, &name).unwrap(),
            SourceRepository::github(other_owner, other_name).unwrap()
        );
    }

    #[test]
    fn on_other_hosts_case_counts(owner in owner(), name in name(), mask in any::<u64>()) {
        let path = format!("{owner}/{name}");
        let other = swap_case(&path, mask);
        let plain = repository(&format!("gitlab.com/{path}"));
        let swapped = repository(&format!("GitLab.com/{other}"));
        prop_assert!(plain.is_some());
        prop_assert_eq!(path == other, plain == swapped);
        prop_assert_ne!(repository(&format!("github.com/{path}")), plain);
    }

    #[test]
    fn a_character_more_names_no_more_the_same(
        owner in owner(), name in name(), spelling in 0_usize..16, at in any::<proptest::sample::Index>(), intruder in intruder()
    ) {
        let spelling = spellings(&owner, &name).swap_remove(spelling);
        let places: Vec<usize> = (0..=spelling.len()).filter(|at| spelling.is_char_boundary(*at)).collect();
        let at = places[at.index(places.len())];
        let mut changed = spelling.clone();
        changed.insert(at, intruder);
        let expected = SourceRepository::github(&owner, &name).unwrap();
        // One slash may end a spelling that has none.
        if changed != format!("{spelling}/") || spelling.ends_with('/') {
            prop_assert_ne!(repository(&changed), Some(expected), "{:?}", changed);
        }
    }

    #[test]
    fn what_is_no_plain_name_is_refused(owner in owner(), name in name(), intruder in intruder()) {
        prop_assume!(!intruder.is_ascii_alphanumeric() && !"-_.".contains(intruder));
        for (owner, name) in [
            (format!("{owner}{intruder}"), name.clone()),
            (format!("{intruder}{owner}"), name.clone()),
            (owner.clone(), format!("{name}{intruder}x")),
            (owner.clone(), format!("{intruder}{name}")),
            (owner.clone(), "..".to_owned()),
            ("..".to_owned(), name.clone()),
            (format!("{owner}/.."), name.clone()),
            (owner.clone(), format!("{name}/../{name}")),
            (owner, format!("%2e%2e%2f{name}")),
        ] {
            prop_assert!(SourceRepository::github(&owner, &name).is_err(), "{owner:?} {name:?}");
            let url = format!("https://github.com/{owner}/{name}");
            prop_assert!(repository(&url).is_none(), "{url:?}");
        }
    }

    #[test]
    fn any_text_gives_an_answer_that_is_stable(text in ".{0,60}", tail in "[a-z@:/.?#%\\\\ ]{0,30}") {
        for text in [text.clone(), tail.clone(), format!("https://{tail}"), format!("git@{tail}"), format!("https://github.com/{text}")] {
            if let Some(parsed) = repository(&text) {
                prop_assert_eq!(repository(&parsed.to_string()), Some(parsed.clone()));
                prop_assert!(parsed.https_url().chars().all(|c| c.is_ascii_graphic()));
                prop_assert!(!parsed.owner().is_empty() && !parsed.name().is_empty());
            }
            let _ = SourceRepository::from_project_url(&text);
        }
    }

    #[test]
    fn a_project_url_leads_to_its_repository(owner in owner(), name in name(), tail in "(/[a-z]{0,8}){0,3}([?#][a-z=/@:]{0,8})?") {
        let expected = SourceRepository::github(&owner, &name).unwrap();
        let reserved = ["sponsors", "orgs", "topics", "users", "apps", "marketplace", "settings"];
        prop_assume!(!reserved.contains(&owner.as_str()));
        for start in ["https://github.com", "http://www.github.com", "git+https://GitHub.com"] {
            let url = format!("{start}/{owner}/{name}{tail}");
            prop_assert_eq!(SourceRepository::from_project_url(&url), Some(expected.clone()), "{}", url);
        }
        for host in ["github.com.evil.example", "evil.example", "github.com@evil.example", "xgithub.com", "github.com:443@evil.example"] {
            let url = format!("https://{host}/{owner}/{name}{tail}");
            prop_assert_eq!(SourceRepository::from_project_url(&url), None, "{}", url);
        }
    }

    #[test]
    fn digests_are_64_digits(bytes in any::<[u8; 32]>(), at in 0_usize..65, intruder in any::<char>(), text in ".{0,80}") {
        let digest = Sha256Digest::from_bytes(bytes);
        let hex = digest.to_hex();
        prop_assert_eq!(hex.parse::<Sha256Digest>(), Ok(digest));
        prop_assert_eq!(hex.to_uppercase().parse::<Sha256Digest>(), Ok(digest));
        let mut longer = hex.clone();
        longer.insert(at, intruder);
        prop_assert!(longer.parse::<Sha256Digest>().is_err());
        if at < 64 {
            let mut other = hex.clone();
            other.replace_range(at..=at, &intruder.to_string());
            let same = other.eq_ignore_ascii_case(&hex);
            prop_assert_eq!(other.parse::<Sha256Digest>().is_ok_and(|other| other == digest), same, "{}", other);
            prop_assert!(hex[..at].parse::<Sha256Digest>().is_err());
        }
        let prefixed = format!("sha256:{hex}").parse::<Sha256Digest>();
        prop_assert!(prefixed.is_err());
        if let Ok(parsed) = text.parse::<Sha256Digest>() {
            prop_assert!(text.eq_ignore_ascii_case(&parsed.to_hex()));
        }
    }
}

/// Project, version, build tag, interpreters, ABI and platforms of a wheel.
type Parts = (String, String, Option<String>, Vec<String>, String, Vec<String>);

fn wheel_parts() -> impl Strategy<Value = Parts> {
    let version = "(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){0,3}((a|b|rc)[1-9])?(\\.post[1-9])?(\\.dev[1-9])?";
    (
        "[a-z][a-z0-9]{0,6}(_[a-z0-9]{1,4}){0,2}",
        version,
        proptest::option::of("[0-9]{1,3}[a-z]{0,2}"),
        proptest::collection::vec("(cp|py|pp)3[0-9]{0,2}", 1..3),
        "none|abi3|cp31[0-9]",
        proptest::collection::vec("any|linux_x86_64|win_amd64|macosx_11_0_arm64", 1..3),
    )
}

fn wheel(parts: &Parts) -> String {
    let (name, version, build, pythons, abi, platforms) = parts;
    let build = build.as_ref().map(|build| format!("-{build}")).unwrap_or_default();
    format!(
        "{name}-{version}{build}-{}-{abi}-{}.whl",
        pythons.join("."),
        platforms.join(".")
    )
}

fn filename(text: &str) -> Option<DistributionFilename> {
    text.parse().ok()
}

/// Parts in a form that is equal just if they mean the same.
fn meaning(parts: &Parts) -> impl PartialEq + use<> {
    let (name, version, build, pythons, abi, platforms) = parts.clone();
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list.dedup();
        list
    };
    let version = version.parse::<Version>().ok();
    (name, version, build, sorted(pythons), abi, sorted(platforms))
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn two_file_names_are_one_distribution_just_if_all_parts_agree(a in wheel_parts(), b in wheel_parts(), mix in any::<u8>()) {
        // Most parts of the second are the first's, so that single ones differ.
        let pick = |bit: u8| mix >> bit & 1 == 0;
        let b = (
            if pick(0) { a.0.clone() } else { b.0 },
            if pick(1) { a.1.clone() } else { b.1 },
            if pick(2) { a.2.clone() } else { b.2 },
            if pick(3) { a.3.clone() } else { b.3 },
            if pick(4) { a.4.clone() } else { b.4 },
            if pick(5) { a.5.clone() } else { b.5 },
        );
        let (one, other) = (wheel(&a), wheel(&b));
        let (one, other) = (filename(&one).unwrap(), filename(&other).unwrap());
        prop_assert_eq!(one.same_distribution(&other), meaning(&a) == meaning(&b), "{} {}", one.as_str(), other.as_str());
        prop_assert_eq!(other.same_distribution(&one), one.same_distribution(&other));
        let sdist = filename(&format!("{}-{}.tar.gz", a.0, a.1)).unwrap();
        prop_assert!(!sdist.same_distribution(&one) && sdist.same_distribution(&sdist));
    }

    #[test]
    fn other_spellings_of_a_file_name_are_the_same_distribution(parts in wheel_parts()) {
        let written = wheel(&parts);
        let parsed = filename(&written).unwrap();
        prop_assert_eq!(parsed.as_str(), written.as_str());
        let mut other = parts.clone();
        other.0 = parts.0.to_ascii_uppercase().replace('_', ".");
        other.3.reverse();
        other.5.reverse();
        prop_assert!(filename(&wheel(&other)).unwrap().same_distribution(&parsed));
    }

    #[test]
    fn a_file_name_is_one_plain_component(parts in wheel_parts(), at in any::<proptest::sample::Index>(), bad in
        proptest::sample::select("/\\:*?\"<>| \t\n\r\0\u{7f}\u{430}\u{ff11}\u{202e}".chars().collect::<Vec<_>>())) {
        for mut text in [wheel(&parts), format!("{}-{}.tar.gz", parts.0, parts.1)] {
            text.insert(at.index(text.len() + 1), bad);
            prop_assert!(filename(&text).is_none(), "{:?}", text);
        }
        let above = format!("../{}", wheel(&parts));
        prop_assert!(filename(&above).is_none());
    }

    #[test]
    fn any_file_name_gives_an_answer(text in ".{0,80}", stem in "[a-z0-9._-]{0,40}") {
        for text in [text.clone(), format!("{text}.whl"), format!("{stem}.whl"), format!("{stem}.tar.gz"), stem] {
            if let Some(parsed) = filename(&text) {
                prop_assert_eq!(parsed.as_str(), text.as_str());
                prop_assert!(parsed.same_distribution(&parsed));
                prop_assert!(!text.contains(['/', '\\']) && !text.starts_with('.'));
            }
        }
    }
}
