//! On small random indexes: what is found satisfies everything, and something is found whenever something exists.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the random indexes are well formed"
)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use slsa_pip_distribution::specifier::contains;
use slsa_pip_distribution::{CoreMetadata, Requirement, Version};
use slsa_pip_resolver::{ResolveError, Source as _};

use crate::world::{World, env, request, run, world};

const PROJECTS: [&str; 4] = ["a", "b", "c", "d"];
const VERSIONS: u8 = 3;

fn requirement() -> impl Strategy<Value = String> {
    let name = proptest::sample::select(&PROJECTS[..]);
    let extra = proptest::sample::select(&["", "", "[x]"][..]);
    let op = proptest::sample::select(&["==", "!=", "<", "<=", ">", ">="][..]);
    let marker = proptest::sample::select(&["", "", " ; extra == 'x'", " ; os_name == 'nt'"][..]);
    (name, extra, op, 1..=VERSIONS, marker)
        .prop_map(|(name, extra, op, version, marker)| format!("{name}{extra}{op}{version}{marker}"))
}

/// An index of which a third of the releases are ruled out, for whoever asks.
fn index() -> impl Strategy<Value = String> {
    let ruled_out = proptest::sample::select(&["", "", " out=unproven"][..]);
    let release = (proptest::collection::vec(requirement(), 0..3), ruled_out);
    let releases = PROJECTS.len() * usize::from(VERSIONS);
    proptest::collection::vec(release, releases..=releases).prop_map(|all| {
        let mut text = String::new();
        for (number, (requirements, ruled_out)) in all.iter().enumerate() {
            let (name, version) = (
                PROJECTS[number / usize::from(VERSIONS)],
                number % usize::from(VERSIONS) + 1,
            );
            let head = [name, " ", &version.to_string(), ruled_out].concat();
            text.push_str(&[&head, " -> ", &requirements.join(" | "), "\n"].concat());
        }
        text
    })
}

type Choice<'a> = BTreeMap<&'a str, u8>;

async fn metadata(world: &World, name: &str, version: u8) -> CoreMetadata {
    let files = world.files(&name.parse().unwrap()).await.unwrap();
    let wanted: Version = version.to_string().parse().unwrap();
    let file = files.iter().find(|file| *file.filename.version() == wanted).unwrap();
    CoreMetadata::clone(&*world.metadata(&file.file).await.unwrap())
}

/// What may be chosen, with its metadata.
type Known<'a> = BTreeMap<(&'a str, u8), CoreMetadata>;

/// Whether a choice meets all requirements that are active in it, followed from `open`, with releases that may be chosen.
fn holds(choice: &Choice<'_>, known: &Known<'_>, requirements: &[Requirement]) -> bool {
    let mut open: Vec<Requirement> = requirements.to_vec();
    let mut seen = Vec::new();
    while let Some(requirement) = open.pop() {
        let name = requirement.name().as_str();
        let Some((name, version)) = choice.get_key_value(name) else {
            return false;
        };
        if !contains(requirement.specifiers(), &version.to_string().parse().unwrap()) {
            return false;
        }
        for extra in requirement.extras().iter().map(Some).chain([None]) {
            let key = (*name, extra.cloned());
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            let Some(chosen) = known.get(&(*name, *version)) else {
                return false;
            };
            let all = chosen.requires_dist.iter();
            open.extend(all.filter(|it| it.applies(&env(), extra)).cloned());
        }
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sound_and_complete(
        text in index(),
        first in requirement(),
        second in requirement(),
        ask_rulings in proptest::bool::ANY,
    ) {
        let mut asked = request(&[&first, &second]);
        asked.ask_rulings = ask_rulings;
        let active: Vec<Requirement> =
            asked.requirements.iter().filter(|it| it.applies(&env(), None)).cloned().collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (outcome, known) = runtime.block_on(async {
            let world = world(&text);
            let mut known = BTreeMap::new();
            for name in PROJECTS {
                for version in 1..=VERSIONS {
                    if ask_rulings && text.contains(&format!("{name} {version} out=")) {
                        continue;
                    }
                    known.insert((name, version), metadata(&world, name, version).await);
                }
            }
            (run(&world, &asked).await, known)
        });
        match outcome {
            Ok(resolution) => {
                let choice: Choice<'_> = resolution
                    .packages
                    .iter()
                    .map(|it| (it.name.as_str(), u8::try_from(it.version.release()[0]).unwrap()))
                    .collect();
                prop_assert!(holds(&choice, &known, &active), "{choice:?} of\n{text}");
            }
            Err(ResolveError::Unsatisfiable { explanation, .. }) => {
                prop_assert!(explanation.contains("ou require"), "{explanation}");
                let per_project = u32::from(VERSIONS);
                for number in 0..per_project.pow(4) {
                    let digit = |place| u8::try_from(number / per_project.pow(place) % per_project).unwrap() + 1;
                    let choice: Choice<'_> = PROJECTS.into_iter().zip((0..4).map(digit)).collect();
                    prop_assert!(!holds(&choice, &known, &active), "{choice:?} of\n{text}");
                }
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
