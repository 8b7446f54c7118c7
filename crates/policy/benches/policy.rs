//! Reading a policy and evaluating it for 2,000 packages: `cargo bench -p slsa-pip-policy`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark of something that cannot be read must fail"
)]

use std::fmt::Write as _;

use divan::{Bencher, black_box};
use slsa_pip_distribution::{PackageName, Sha256Digest, Version};
use slsa_pip_policy::{Document, Format, Import, Layers, Policy, Target};

/// Packages of a run.
const PACKAGES: usize = 2000;

fn main() {
    divan::main();
}

/// A pin for every second package, an exemption for every fourth, and a group for every eighth.
fn text() -> String {
    let mut text = String::from("[defaults]\nunpinned = 'deny'\nminimum-age = '7 days'\nevidence = ['build']\n");
    for number in 0..PACKAGES {
        if number % 2 == 0 {
            let _ = write!(
                text,
                "[packages.package-{number}]\nrepository = 'github.com/owner-{number}/name-{number}'\nrepository-id = {}\nref = 'refs/tags/v{{version}}'\nworkflow = 'release.yml'\n",
                number + 1
            );
        } else if number % 4 == 1 {
            let _ = write!(
                text,
                "[exemptions.package-{number}]\nversions = '==1.0'\nsha256 = ['{number:064x}']\nreason = 'no provenance published'\n"
            );
        } else if number % 8 == 3 {
            let _ = write!(
                text,
                "[packages.'package-{number}-*']\nowner = 'github.com/owner-{number}'\n"
            );
        }
    }
    text
}

fn names() -> Vec<(PackageName, Version)> {
    (0..PACKAGES)
        .map(|number| (format!("Package_{number}").parse().unwrap(), "1.0".parse().unwrap()))
        .collect()
}

/// Expectation, exemption, cooldown and index of every package.
fn evaluate_all(policy: &Policy, names: &[(PackageName, Version)]) -> usize {
    let mut pinned = 0;
    for (name, version) in names {
        pinned += usize::from(policy.expectation(name, version).is_pinned());
        black_box(policy.exemption(name, version));
        black_box(policy.minimum_age(name));
        black_box(policy.index(name));
    }
    pinned
}

#[divan::bench]
fn evaluate(bencher: Bencher<'_, '_>) {
    let (policy, names) = (Policy::parse(&text(), "slsa-pip.toml").unwrap(), names());
    bencher.bench_local(|| assert_eq!(evaluate_all(black_box(&policy), &names), PACKAGES / 2));
}

/// The worst of names: two thousand groups, of as many lengths as names have, all of them asked for every package.
#[divan::bench]
fn evaluate_groups(bencher: Bencher<'_, '_>) {
    let mut text = String::new();
    for number in 0..PACKAGES {
        let length = 1 + number % 100;
        let prefix = format!("{}{number}", "a".repeat(length));
        let _ = write!(text, "[packages.'{prefix}-*']\nowner = 'github.com/owner'\n");
    }
    let policy = Policy::parse(&text, "slsa-pip.toml").unwrap();
    let name = |number: usize| format!("{}{number}-x", "a".repeat(1 + number % 100));
    let names: Vec<_> = (0..PACKAGES)
        .map(|number| (name(number).parse().unwrap(), "1.0".parse().unwrap()))
        .collect();
    bencher.bench_local(|| assert_eq!(evaluate_all(black_box(&policy), &names), PACKAGES));
}

#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    let text = text();
    bencher.bench_local(|| Policy::parse(black_box(&text), "slsa-pip.toml").unwrap());
}

/// The same policy below one that imports it.
#[divan::bench]
fn read_and_import(bencher: Bencher<'_, '_>) {
    let text = text();
    let digest = "00".repeat(32);
    let importing =
        format!("[[imports]]\npath = 'common.toml'\nsha256 = '{digest}'\n[defaults]\nevidence = ['build']\n");
    bencher.bench_local(|| {
        let project = Document::parse(&importing, "slsa-pip.toml", Format::Policy).unwrap();
        let common = Document::parse(black_box(&text), "common.toml", Format::Policy)
            .unwrap()
            .unwrap();
        let imports: &[Import] = project.as_ref().unwrap().imports();
        assert!(matches!(imports[0].target, Target::Path(_)));
        let digest: Sha256Digest = imports[0].sha256;
        let layers = Layers {
            project: project.clone(),
            imported: [(digest, common)].into_iter().collect(),
            ..Layers::default()
        };
        Policy::of_layers(layers).unwrap()
    });
}
