//! What a comparison tells, and how loudly.

#![allow(clippy::unwrap_used, reason = "the functions that tests share fail like the tests")]

use slsa_pip_distribution::PackageName;
use slsa_pip_policy::lock::{AcceptedBy, Entry, Lock};
use slsa_pip_policy::{EvidenceKind, Identity, Provider};
use slsa_pip_pylock::diff::{Change, Snapshot, Status, Weight, compare};
use slsa_pip_pylock::read;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

const GITHUB: &str =
    "[[packages.attestation-identities]]\nkind = 'GitHub'\nrepository = 'acme/bolt'\nworkflow = 'release.yml'\n";
const BUILD: &str = "[packages.tool.slsa-pip]\nevidence = 'build'\nlevel = 3\nrepository-id = '1'\nowner-id = '2'\nbuilder = 'b'\ntrigger = 'push'\nref = 'refs/tags/v1'\nrunner-environment = 'github-hosted'\n";

fn bolt(version: &str, digest: &str, more: &str) -> String {
    format!(
        "[[packages]]\nname = 'bolt'\nversion = '{version}'\nindex = 'https://index.example/simple/'\nwheels = [{{url = 'https://files.example/bolt-{version}-py3-none-any.whl', hashes = {{sha256 = '{digest}'}}}}]\n{more}"
    )
}

fn changes(old: &str, new: &str) -> Vec<Change> {
    let snapshot = |packages: &str| {
        let text = format!("lock-version = '1.0'\ncreated-by = 'x'\n{packages}");
        let packages = if packages.is_empty() { "packages = []" } else { "" };
        Snapshot::from(
            &read(&format!("{text}{packages}"), "f")
                .map_err(|errors| errors.to_string())
                .unwrap()
                .lock,
        )
    };
    compare(&snapshot(old), &snapshot(new))
}

#[track_caller]
fn found(old: &str, new: &str) -> Vec<(Weight, &'static str)> {
    let changes = changes(old, new);
    assert!(changes.len() <= 1, "{changes:?}");
    let findings = changes.first().map(|change| change.findings.clone());
    findings
        .unwrap_or_default()
        .iter()
        .map(|it| (it.weight, it.code))
        .collect()
}

#[test]
fn an_ordinary_update_is_a_note() {
    let old = bolt("1.0", A, &format!("{GITHUB}{BUILD}"));
    let new = bolt("1.1", B, &format!("{GITHUB}{}", BUILD.replace("tags/v1", "tags/v1.1")));
    assert_eq!(found(&old, &new), [(Weight::Note, "version-changed")]);
    assert_eq!(found(&old, &old), []);
    let change = &changes(&old, &new)[0];
    assert_eq!(
        (change.old_version.as_deref(), change.new_version.as_deref()),
        (Some("1.0"), Some("1.1"))
    );
}

#[test]
fn other_bytes_under_one_name_are_an_alarm() {
    let (old, new) = (bolt("1.0", A, GITHUB), bolt("1.0", B, GITHUB));
    assert_eq!(found(&old, &new), [(Weight::Alarm, "hash-changed")]);
    let finding = &changes(&old, &new)[0].findings[0];
    assert_eq!(
        finding.old.as_deref(),
        Some(format!("bolt-1.0-py3-none-any.whl sha256:{A}").as_str())
    );
}

#[test]
fn every_change_of_identity_and_evidence_has_its_weight() {
    let with = |more: &str| bolt("1.0", A, more);
    let both = format!("{GITHUB}{BUILD}");
    let other = GITHUB.replace("acme", "evil");
    for (old, new, expected) in [
        (
            GITHUB.to_owned(),
            other.clone(),
            vec![(Weight::Alarm, "identity-changed")],
        ),
        (
            GITHUB.to_owned(),
            GITHUB.replace("release.yml", "other.yml"),
            vec![(Weight::Alarm, "workflow-changed")],
        ),
        (
            GITHUB.to_owned(),
            format!("{GITHUB}environment = 'pypi'\n"),
            vec![(Weight::Alarm, "workflow-changed")],
        ),
        (
            GITHUB.to_owned(),
            format!("{GITHUB}{other}"),
            vec![(Weight::Alarm, "identity-widened")],
        ),
        (
            format!("{GITHUB}{other}"),
            GITHUB.to_owned(),
            vec![(Weight::Note, "identity-narrowed")],
        ),
        (
            GITHUB.to_owned(),
            String::new(),
            vec![(Weight::Alarm, "identity-removed"), (Weight::Alarm, "evidence-weaker")],
        ),
        (
            String::new(),
            GITHUB.to_owned(),
            vec![(Weight::Note, "identity-added"), (Weight::Note, "evidence-stronger")],
        ),
        (
            both.clone(),
            both.replace("'build'", "'publish'").replace("level = 3", "level = 0"),
            vec![(Weight::Alarm, "evidence-weaker")],
        ),
        (
            both.clone(),
            both.replace("level = 3", "level = 2"),
            vec![(Weight::Alarm, "evidence-weaker")],
        ),
        (
            both.replace("level = 3", "level = 2"),
            both.clone(),
            vec![(Weight::Note, "evidence-stronger")],
        ),
        (
            both.clone(),
            "[packages.tool.slsa-pip]\nexempt = 'because'\n".to_owned(),
            vec![(Weight::Alarm, "identity-removed"), (Weight::Alarm, "evidence-weaker")],
        ),
        (
            both.clone(),
            both.replace("repository-id = '1'", "repository-id = '7'"),
            vec![(Weight::Alarm, "repository-id-changed")],
        ),
        (
            both.clone(),
            both.replace("owner-id = '2'", "owner-id = '7'"),
            vec![(Weight::Alarm, "owner-id-changed")],
        ),
        (
            both.clone(),
            both.replace("builder = 'b'", "builder = 'c'"),
            vec![(Weight::Look, "builder-changed")],
        ),
        (
            both.clone(),
            both.replace("'push'", "'pull_request'"),
            vec![(Weight::Look, "trigger-changed")],
        ),
        (
            both.clone(),
            both.replace("refs/tags/v1", "refs/heads/main"),
            vec![(Weight::Look, "ref-kind-changed")],
        ),
        (
            both.clone(),
            both.replace("github-hosted", "self-hosted"),
            vec![(Weight::Look, "runner-changed")],
        ),
    ] {
        assert_eq!(found(&with(&old), &with(&new)), expected, "{old}\n→\n{new}");
    }
}

#[test]
fn places_versions_and_files_are_told() {
    let old = bolt("1.0", A, GITHUB);
    let replaced = |from: &str, to: &str| old.replace(from, to);
    assert_eq!(
        found(&old, &replaced("index.example", "evil.example")),
        [(Weight::Alarm, "index-changed")]
    );
    assert_eq!(
        found(&old, &replaced("index = 'https://index.example/simple/'\n", "")),
        [(Weight::Look, "index-changed")]
    );
    assert_eq!(
        found(&old, &replaced("files.example", "evil.example")),
        [(Weight::Look, "host-changed")]
    );
    assert_eq!(found(&old, &bolt("0.9", A, GITHUB)), [(Weight::Look, "version-lower")]);
    let tree = "[[packages]]\nname = 'bolt'\ndirectory = {path = '.'}\n";
    let codes: Vec<&str> = found(&old, tree).iter().map(|(_, code)| *code).collect();
    assert!(
        codes.contains(&"source-changed") && codes.contains(&"identity-removed"),
        "{codes:?}"
    );
    let further = old.replace("wheels = [", &format!("wheels = [{{url = 'https://files.example/bolt-1.0-cp311-cp311-win_amd64.whl', hashes = {{sha256 = '{B}'}}}}, "));
    assert_eq!(found(&old, &further), [(Weight::Look, "file-added")]);
    assert_eq!(found(&further, &old), [(Weight::Note, "file-removed")]);
    assert_eq!(
        found(
            &old,
            &replaced("version = '1.0'", "version = '1.0'\nmarker = \"os_name == 'nt'\"")
        ),
        [(Weight::Note, "marker-changed")]
    );
}

#[test]
fn what_is_new_is_to_be_looked_at_and_alarms_come_first() {
    let nut = bolt("1.0", A, "").replace("bolt", "nut");
    assert_eq!(
        found("", &nut),
        [(Weight::Look, "added"), (Weight::Look, "added-unproven")]
    );
    assert_eq!(found("", &bolt("1.0", A, GITHUB)), [(Weight::Look, "added")]);
    assert_eq!(found(&nut, ""), [(Weight::Note, "removed")]);
    let aaa = bolt("1.0", A, "").replace("bolt", "aaa");
    let changes = changes(&bolt("1.0", A, GITHUB), &format!("{aaa}{}", bolt("1.0", B, GITHUB)));
    let order: Vec<(&str, Status)> = changes
        .iter()
        .map(|change| (change.name.as_str(), change.status))
        .collect();
    assert_eq!(order, [("bolt", Status::Changed), ("aaa", Status::Added)]);
}

#[test]
fn entries_of_one_name_are_paired_by_marker() {
    let with =
        |marker: &str, version: &str| bolt(version, A, "").replace("wheels", &format!("marker = \"{marker}\"\nwheels"));
    let (nt, posix) = ("os_name == 'nt'", "os_name == 'posix'");
    let old = format!("{}{}", with(nt, "1.0"), with(posix, "2.0"));
    let new = format!("{}{}", with(posix, "2.1"), with(nt, "1.0"));
    assert_eq!(found(&old, &new), [(Weight::Note, "version-changed")]);
}

/// A record of what was accepted last.
fn accepted(version: &str, digit: &str, change: impl Fn(&mut Identity)) -> Snapshot {
    let mut identity = Identity {
        provider: Provider::GitHub,
        kind: EvidenceKind::Build,
        level: 3,
        repository: Some("github.com/acme/bolt".parse().unwrap()),
        repository_id: Some("1".to_owned()),
        owner_id: Some("2".to_owned()),
        workflow: Some(".github/workflows/release.yml".to_owned()),
        builder: None,
        builder_ref: None,
        reference: Some(format!("refs/tags/v{version}")),
        trigger: Some("push".to_owned()),
        environment: None,
        runner_environment: Some("github-hosted".to_owned()),
        account: None,
    };
    change(&mut identity);
    let entry = Entry {
        version: version.parse().unwrap(),
        file: format!("bolt-{version}-py3-none-any.whl").parse().unwrap(),
        sha256: digit.repeat(64).parse().unwrap(),
        accepted: "2026-11-23T12:00:00Z".parse().unwrap(),
        by: AcceptedBy::Review,
        evidence: "index-integrity".to_owned(),
        found_at: "https://index.example/".to_owned(),
        identity,
    };
    let name: PackageName = "bolt".parse().unwrap();
    let mut lock = Lock::empty("slsa-pip.lock.toml");
    lock.accept(&name, entry);
    Snapshot::from(&lock)
}

#[test]
fn records_of_what_was_accepted_are_compared_in_the_same_words() {
    let old = accepted("1.0", "a", |_| ());
    let found = |new: &Snapshot| -> Vec<(Weight, &'static str)> {
        let changes = compare(&old, new);
        let findings = changes.first().map(|change| change.findings.clone());
        findings
            .unwrap_or_default()
            .iter()
            .map(|it| (it.weight, it.code))
            .collect()
    };
    assert_eq!(found(&old), []);
    assert_eq!(
        found(&accepted("1.1", "b", |_| ())),
        [(Weight::Note, "version-changed")]
    );
    assert_eq!(found(&accepted("1.0", "b", |_| ())), [(Weight::Alarm, "hash-changed")]);
    let moved = accepted("1.1", "b", |identity| {
        identity.repository = Some("github.com/evil/bolt".parse().unwrap());
        identity.repository_id = Some("9".to_owned());
        identity.kind = EvidenceKind::Publish;
        identity.level = 0;
        identity.reference = Some("refs/heads/main".to_owned());
    });
    let codes: Vec<&str> = found(&moved).iter().map(|(_, code)| *code).collect();
    assert_eq!(
        codes,
        [
            "identity-changed",
            "evidence-weaker",
            "repository-id-changed",
            "ref-kind-changed",
            "version-changed"
        ]
    );
}
