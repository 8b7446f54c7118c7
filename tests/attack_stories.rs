//! Attack stories: somebody wants other code installed under a name that is trusted. Each is told twice, through the real binary and
//! pip: the attack, with the setting that stops it and the code that it is refused with, and the same without the attacker, which
//! installs. docs/attack-stories.md is the table of them.

use serde_json::json;
use slsa_pip_test_world::identity::San;
use slsa_pip_test_world::{Evidence, Identity, Predicate, Release, ReleaseFaults, Signing, Wheel};

use crate::support::{Run, Scene};

const REPOSITORY: &str = "acme-inc/rocket";
const REPOSITORY_ID: &str = "538293197";
const OWNER_ID: &str = "3059210";
const PIN: &str = "[packages.rocket]\nrepository = \"github.com/acme-inc/rocket\"\n";
const GENERATOR: &str =
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml";

/// A `rocket`, whose metadata names `repository`.
fn wheel_of(version: &str, repository: &str) -> Wheel {
    Wheel::builder("rocket", version)
        .project_url("Source", &format!("https://github.com/{repository}"))
        .build()
}

fn rocket(version: &str) -> Wheel {
    wheel_of(version, REPOSITORY)
}

/// The project's own release workflow, run for the tag of a version.
fn project(version: &str) -> Identity {
    Identity::github(REPOSITORY).tag(&format!("v{version}"))
}

/// `rocket 1.1.0` as its project releases it: attested by the workflow of its repository, at the tag.
fn genuine() -> Release {
    built(rocket("1.1.0"), project("1.1.0"))
}

/// A wheel with the build provenance that an identity signs, at the index.
fn built(wheel: Wheel, identity: Identity) -> Release {
    Release::new(wheel).with(Evidence::Pep740(Signing::new(identity, Predicate::SlsaV1)))
}

/// A wheel with the publish attestation that an identity signs, at the index.
fn published(wheel: Wheel, identity: Identity) -> Release {
    Release::new(wheel).with(Evidence::pep740(identity))
}

/// `rocket 1.1.0` with the provenance that a run of the generic SLSA generator signs, in the project's release.
fn generated(identity: Identity) -> Release {
    Release::new(rocket("1.1.0")).with(Evidence::bundle_release(identity, "v1.1.0"))
}

/// `[packages.rocket]` with the repository and one more line.
fn pinned_with(line: &str) -> String {
    format!("{PIN}{line}\n")
}

fn scene(release: Release, policy: &str) -> Scene {
    let scene = Scene::of([release]);
    scene.write("slsa-pip.toml", policy);
    scene
}

/// The attack: nothing is installed, and every refusal has this code.
#[track_caller]
fn stopped(release: Release, policy: &str, code: &str) {
    stopped_in(&scene(release, policy), code);
}

#[track_caller]
fn stopped_in(scene: &Scene, code: &str) {
    let run = Run::of(scene.install(&["rocket", "--format", "json"])).exits(1);
    assert_eq!(run.codes(), [code], "{}", run.stdout);
    let report = run.json();
    assert_eq!(
        (&report["verdict"], &report["installed"]),
        (&"refused".into(), &false.into())
    );
    assert_eq!(scene.installed(), Vec::<String>::new());
}

/// The same without the attacker, or without the setting: it installs.
#[track_caller]
fn installs(release: Release, policy: &str) {
    let version = release.wheel.version.clone();
    installs_in(&scene(release, policy), &version);
}

#[track_caller]
fn installs_in(scene: &Scene, version: &str) {
    let run = Run::of(scene.install(&["rocket", "--format", "json"])).exits(0);
    assert_eq!(run.json()["verdict"], "verified");
    assert_eq!(scene.installed(), [format!("rocket-{version}")]);
}

/// Somebody has the project's upload token and no more: the new file has no provenance. Stopped by default, with no policy at
/// all, and by no pin less.
#[test]
fn stolen_upload_token_without_provenance() {
    let stolen = || Release::new(rocket("1.1.0"));
    for policy in ["", PIN, "[defaults]\nunpinned = \"continuity\"\n"] {
        stopped(stolen(), policy, "no-evidence");
    }
    installs(genuine(), PIN);
}

/// The thief signs as well, in a repository of their own; the metadata in the file is theirs too, and agrees. Stopped by
/// `repository`.
#[test]
fn stolen_upload_token_with_the_thiefs_own_provenance() {
    let stolen = |identity: Identity| published(wheel_of("1.1.0", "mallory/rocket"), identity);
    let thief = || Identity::github("mallory/rocket").tag("v1.1.0");
    stopped(stolen(thief()), PIN, "repository-mismatch");
    // A build that is attested proves where it was built, and that is still the thief's repository.
    stopped(
        built(wheel_of("1.1.0", "mallory/rocket"), thief()),
        PIN,
        "repository-mismatch",
    );
    installs(genuine(), PIN);
    // What the setting is for: without it, this proof is as good as any.
    installs(stolen(thief()), "");
}

/// `acmeinc` is not `acme-inc`, and neither is any other owner that looks like it. Stopped by `repository`.
#[test]
fn look_alike_owner() {
    for owner in ["acmeinc", "acme-lnc", "acme--inc"] {
        let repository = format!("{owner}/rocket");
        let identity = Identity::github(&repository).tag("v1.1.0");
        stopped(
            published(wheel_of("1.1.0", &repository), identity),
            PIN,
            "repository-mismatch",
        );
    }
    // The owner's own name, as GitHub compares it.
    installs(
        published(rocket("1.1.0"), Identity::github("Acme-Inc/Rocket").tag("v1.1.0")),
        PIN,
    );
}

/// The owner has renamed their account, and somebody has registered the old name: the repository's name is the same, the numbers
/// are not. Stopped by `repository-id` and by `owner-id`.
#[test]
fn registered_again_under_the_same_name() {
    let ids = |line: &str| pinned_with(line);
    let by_repository = ids(&format!("repository-id = {REPOSITORY_ID}"));
    let by_owner = ids(&format!("owner-id = {OWNER_ID}"));
    let squatter = || {
        let mut identity = project("1.1.0");
        identity.repository_id = "999000111".to_owned();
        identity.owner_id = "777000222".to_owned();
        published(rocket("1.1.0"), identity)
    };
    stopped(squatter(), &by_repository, "repository-id-mismatch");
    stopped(squatter(), &by_owner, "owner-id-mismatch");
    // A certificate that does not say proves nothing.
    let silent = published(rocket("1.1.0"), project("1.1.0").without_claim(15).without_claim(17));
    stopped(silent, &by_repository, "repository-id-mismatch");
    installs(published(rocket("1.1.0"), project("1.1.0")), &by_repository);
    installs(published(rocket("1.1.0"), project("1.1.0")), &by_owner);
    installs(squatter(), PIN);
}

/// Somebody who may push a branch, and no tag, changes the code and lets the release workflow run there. Stopped by `tag` (or
/// `ref`).
#[test]
fn branch_build_instead_of_a_tag() {
    let policy = pinned_with("tag = \"v{version}\"");
    for branch in ["refs/heads/main", "refs/heads/v1.1.0"] {
        let identity = project("1.1.0").reference(branch);
        stopped(built(rocket("1.1.0"), identity), &policy, "ref-mismatch");
    }
    installs(genuine(), &policy);
    installs(
        built(rocket("1.1.0"), project("1.1.0").reference("refs/heads/main")),
        PIN,
    );
}

/// A pull request from a fork makes the project's workflow build the fork's code. Stopped by `trigger`, and by `tag`, since the ref
/// is the pull request's.
#[test]
fn pull_request_trigger() {
    let policy = pinned_with("trigger = \"push\"");
    for event in ["pull_request_target", "workflow_run"] {
        let identity = project("1.1.0").reference("refs/heads/main").trigger(event);
        stopped(built(rocket("1.1.0"), identity), &policy, "trigger-mismatch");
    }
    let merge = project("1.1.0").reference("refs/pull/7/merge").trigger("pull_request");
    stopped(
        built(rocket("1.1.0"), merge),
        &pinned_with("tag = \"v{version}\""),
        "ref-mismatch",
    );
    installs(genuine(), &policy);
}

/// The job was moved to a machine that the attacker controls: its files are signed as the project's. Stopped by
/// `runner-environment`, per package or in `[defaults]`; build provenance of a trusted builder never passes from there.
#[test]
fn self_hosted_runner() {
    let moved = |mut identity: Identity| {
        "self-hosted".clone_into(&mut identity.runner_environment);
        identity
    };
    let own = || built(rocket("1.1.0"), moved(project("1.1.0")));
    let of_package = pinned_with("runner-environment = \"github-hosted\"");
    let of_all = format!("{PIN}[defaults]\nrunner-environment = \"github-hosted\"\n");
    for policy in [&of_package, &of_all] {
        stopped(own(), policy, "runner-mismatch");
        stopped(
            published(rocket("1.1.0"), moved(project("1.1.0"))),
            policy,
            "runner-mismatch",
        );
        installs(genuine(), policy);
    }
    // Level 2 is not reached there.
    stopped(own(), &pinned_with("minimum-level = 2"), "level-too-low");
    let by_builder = generated(moved(Identity::slsa_generator(REPOSITORY).tag("v1.1.0")));
    stopped(by_builder, PIN, "runner-mismatch");
}

/// An old version with a known hole is built again, and released under a newer number: the code is the tag's, and the tag is an
/// older one. Or the other way round, an old number for new code. Stopped by `tag = "v{version}"`, which binds each version to its own tag.
#[test]
fn old_version_under_a_newer_number() {
    let policy = pinned_with("tag = \"v{version}\"");
    stopped(built(rocket("1.1.0"), project("0.9.0")), &policy, "ref-mismatch");
    stopped(built(rocket("0.9.0"), project("1.1.0")), &policy, "ref-mismatch");
    // Neither a longer tag nor a shorter one is the version's.
    for tag in ["v1.1.0-rc1", "v1.1", "rocket-v1.1.0"] {
        let identity = Identity::github(REPOSITORY).tag(tag);
        stopped(built(rocket("1.1.0"), identity), &policy, "ref-mismatch");
    }
    installs(genuine(), &policy);
    installs(built(rocket("0.9.0"), project("0.9.0")), &policy);
}

/// The project's builds are attested; the attacker, who cannot forge that, uploads by the project's publishing workflow another
/// file, which then has a publish attestation alone. Stopped by `evidence = ["build"]`, and by `minimum-level`.
#[test]
fn downgrade_to_a_publish_attestation() {
    let upload = || published(rocket("1.1.0"), project("1.1.0"));
    let build_only = pinned_with("evidence = [\"build\"]");
    stopped(upload(), &build_only, "kind-not-accepted");
    stopped(upload(), &pinned_with("minimum-level = 1"), "level-too-low");
    installs(genuine(), &build_only);
    // Beside a good proof the weaker one does no harm.
    let both = genuine().with(Evidence::pep740(project("1.1.0")));
    installs(both, &build_only);
    installs(upload(), PIN);
}

/// Policy exempts a file that somebody has reviewed; the index serves another one of the same version. Stopped by the exemption's
/// `sha256`, which no exemption can be without.
#[test]
fn exemption_for_another_digest() {
    let reviewed = rocket("1.1.0");
    let exempting = |sha256: &str| {
        format!("[exemptions.rocket]\nversions = \"==1.1.0\"\nsha256 = [\"{sha256}\"]\nreason = \"reviewed\"\n")
    };
    let policy = exempting(&reviewed.sha256());
    let swapped = Release::new(reviewed.clone()).faults(ReleaseFaults::tampered(&reviewed));
    stopped(swapped, &policy, "exemption-digest-mismatch");
    // Nor does warning cover it: bytes were named, and these are others.
    let swapped = Release::new(reviewed.clone()).faults(ReleaseFaults::tampered(&reviewed));
    let warned = format!("{policy}[defaults]\nmode = \"warn\"\n");
    stopped(swapped, &warned, "exemption-digest-mismatch");
    let over = policy.replace("==1.1.0", "<1.1");
    stopped(Release::new(reviewed.clone()), &over, "no-evidence");
    let expired = format!("{policy}expires = 2020-01-01\n");
    stopped(Release::new(reviewed.clone()), &expired, "exemption-expired");
    installs(Release::new(reviewed), &policy);
}

/// The index swaps a file, and leaves the provenance of the old one beside it. Stopped always, by any policy: the proof is about
/// other bytes, and warnings do not cover that.
#[test]
fn swapped_file_beside_its_old_provenance() {
    let swapped = || genuine().faults(ReleaseFaults::tampered(&rocket("1.1.0")));
    let warned = format!("{PIN}[defaults]\nmode = \"warn\"\n");
    for policy in ["", PIN, &warned] {
        stopped(swapped(), policy, "digest-mismatch");
    }
    installs(genuine(), PIN);
}

/// A file built by a release of a builder that is known to be broken. Stopped by a least release in `[defaults]`, and by `builder`,
/// which names one.
#[test]
fn broken_release_of_the_builder() {
    let by = |reference: &str| generated(project("1.1.0").builder(GENERATOR, reference));
    let least = format!("{PIN}[defaults]\nbuilders = [\"{GENERATOR}@>=v1.10.0\"]\n");
    let one = pinned_with(&format!("builder = \"{GENERATOR}@v2.0.0\""));
    stopped(by("refs/tags/v1.9.9"), &least, "builder-too-old");
    stopped(by("refs/tags/v1.9.9"), &one, "builder-mismatch");
    // A branch of the builder is nobody's release, with or without a policy.
    stopped(by("refs/heads/v9.0.0"), &least, "builder-ref-unreleased");
    installs(by("refs/tags/v2.0.0"), &least);
    installs(by("refs/tags/v2.0.0"), &one);
    installs(by("refs/tags/v1.9.9"), PIN);
}

/// A project that publishes from a Google account: anybody has one of those. Stopped by `google`; `circleci` does the same for
/// pipelines there.
#[test]
fn another_account_of_the_same_provider() {
    let google = "https://accounts.google.com";
    let policy = "[packages.rocket]\ngoogle = \"release@acme.example\"\n";
    let by = |email: &str| {
        let identity = Identity::github(REPOSITORY).claim(1, google).claim(8, google);
        let identity = (2..=23)
            .filter(|number| ![7, 8].contains(number))
            .fold(identity, Identity::without_claim)
            .san(San::Email(email.to_owned()));
        let scene = Scene::of([]);
        let signed = scene
            .world
            .sign(&rocket("1.1.0"), &Signing::new(identity, Predicate::Publish));
        let object = json!({
            "version": 1,
            "attestation_bundles": [{
                "publisher": {"kind": "Google", "claims": null, "email": email},
                "attestations": [signed.pep740_attestation()],
            }],
        });
        scene
            .world
            .publish(Release::new(rocket("1.1.0")).with(Evidence::RawProvenance(object)));
        scene.write("slsa-pip.toml", policy);
        scene
    };
    stopped_in(&by("release@mallory.example"), "account-mismatch");
    stopped(genuine(), policy, "account-mismatch");
    installs_in(&by("release@acme.example"), "1.1.0");
}

/// A job of the repository that is not its release job, such as its tests, is made to attest a file: it runs with less review, and
/// outside of the protected environment. Stopped by `workflow`, and by `environment`.
#[test]
fn another_workflow_of_the_repository() {
    let tests = || {
        built(
            rocket("1.1.0"),
            project("1.1.0").workflow(".github/workflows/tests.yml"),
        )
    };
    let by_workflow = pinned_with("workflow = \"release.yml\"");
    let by_environment = pinned_with("environment = \"release\"");
    stopped(tests(), &by_workflow, "workflow-mismatch");
    stopped(tests(), &by_environment, "environment-mismatch");
    installs(genuine(), &by_workflow);
    installs(
        built(rocket("1.1.0"), project("1.1.0").environment("release")),
        &by_environment,
    );
    installs(tests(), PIN);
}
