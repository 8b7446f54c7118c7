//! What real projects have done, each told by the binary's report: verdict, codes, and what each place answered.

use std::collections::BTreeSet;

use serde_json::Value;
use slsa_pip_test_world::statement::Subject;
use slsa_pip_test_world::{
    AssetForm, Delivery, Evidence, Fault, Identity, Predicate, Release, Signing, Wheel, WheelBuilder, World,
};

use crate::support::{Run, Scene};

const MULTIPLE: &str = "multiple.intoto.jsonl";

fn wheel(name: &str, version: &str, repository: &str) -> WheelBuilder {
    Wheel::builder(name, version).project_url("Source", &format!("https://github.com/{repository}"))
}

/// A line of a release's file, in the name of the identity's repository.
fn asset(identity: Identity, tag: &str, name: &str, form: AssetForm) -> Evidence {
    Evidence::GithubRelease {
        repository: identity.repository.clone(),
        tag: tag.to_owned(),
        asset: name.to_owned(),
        form,
        signing: Signing::new(identity, Predicate::SlsaV02),
    }
}

fn pin(name: &str, lines: &[&str]) -> String {
    format!("[packages.{name}]\n{}\n", lines.join("\n"))
}

fn run(scene: &Scene, words: &[&str]) -> Run {
    let mut command = scene.install(words);
    Run::of(command.args(["--dry-run", "--format", "json", "--no-cache-dir"]))
}

/// Outcome and answer of each place whose location ends like this.
fn answers(file: &Value, kind: &str, end: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let searched = file["searched"].as_array().unwrap().iter();
    searched
        .filter(|it| it["place"] == kind && it["location"].as_str().unwrap().ends_with(end))
        .map(|it| (text(&it["outcome"]), text(&it["answer"])))
        .collect()
}

fn outcomes(file: &Value, kind: &str, end: &str) -> Vec<String> {
    answers(file, kind, end).into_iter().map(|it| it.0).collect()
}

/// The one file of a report.
fn file(run: &Run) -> Value {
    let files = run.json()["files"].as_array().unwrap().clone();
    assert_eq!(files.len(), 1);
    files[0].clone()
}

/// `MarkupSafe`: the wheels of the release in one file; months later wheels for a new interpreter, built from a branch by hand,
/// their provenance in a second file of the same release.
#[test]
fn later_wheels_of_a_release_are_proven_by_a_second_file_without_a_tag() {
    let repository = "pallets/markupsafe";
    let by_tag = || {
        Identity::slsa_generator(repository)
            .tag("2.1.3")
            .workflow(".github/workflows/publish.yaml")
    };
    let by_hand = || by_tag().reference("refs/heads/2.1.x").trigger("workflow_dispatch");
    let first = wheel("markupsafe", "2.1.3", repository).tag("py2.py3-none-any").build();
    let later = wheel("markupsafe", "2.1.3", repository).build_number("1").build();
    let scene = Scene::of([
        Release::new(first.clone()).with(asset(by_tag(), "2.1.3", MULTIPLE, AssetForm::Classic)),
        Release::new(later.clone()).with(asset(by_hand(), "2.1.3", "cp312.intoto.jsonl", AssetForm::Classic)),
    ]);
    // The later one has the higher build number, so it is chosen.
    let found = run(&scene, &["markupsafe"]).exits(0);
    let file = file(&found);
    assert_eq!(file["name"], later.filename.as_str());
    let evidence = &file["evidence"];
    assert!(
        evidence["found"]["location"]
            .as_str()
            .unwrap()
            .ends_with("/2.1.3/cp312.intoto.jsonl")
    );
    assert_eq!(evidence["reference"], "refs/heads/2.1.x");
    assert_eq!(evidence["trigger"], "workflow_dispatch");
    assert_eq!(
        outcomes(&file, "github-release", "/2.1.3/cp312.intoto.jsonl"),
        ["found"]
    );
    // The first file is about the other wheel, and that is said.
    let (outcome, answer) = answers(&file, "github-release", "/2.1.3/multiple.intoto.jsonl").remove(0);
    assert_eq!(outcome, "refused");
    assert!(answer.contains("[digest-mismatch]"), "{answer}");
    Run::of(&mut scene.install(&["markupsafe"]))
        .exits(0)
        .says("besides")
        .says("digest-mismatch");
    assert_eq!(scene.installed(), ["markupsafe-2.1.3"]);

    // A policy that binds versions to tags refuses what was built from a branch, and says which ref it was.
    let repository_line = "repository = \"github.com/pallets/markupsafe\"";
    scene.write(
        "slsa-pip.toml",
        &pin("markupsafe", &[repository_line, "tag = \"{version}\""]),
    );
    let refused = run(&scene, &["markupsafe"]).exits(1);
    assert_eq!(refused.codes(), ["ref-mismatch", "digest-mismatch"]);
    let refusal = refused.json()["files"][0]["refusals"][0].clone();
    assert_eq!(refusal["expected"], "refs/tags/2.1.3");
    assert_eq!(refusal["found"], "refs/heads/2.1.x");
    // The same policy lets the first wheels pass, by the first file.
    let line = format!("markupsafe==2.1.3 --hash=sha256:{}\n", first.sha256());
    scene.write("requirements.txt", &line);
    let earlier = self::file(&run(&scene, &["-r", "requirements.txt"]).exits(0));
    assert_eq!(earlier["name"], first.filename.as_str());
    assert_eq!(earlier["evidence"]["reference"], "refs/tags/2.1.3");
}

/// `urllib3`: 1.26.14 was tagged without a `v`, and its release's file came to lie beside one of 2.0.5, tagged with a `v`.
#[test]
fn the_tag_of_this_version_counts_and_a_stray_one_does_not() {
    let repository = "urllib3/urllib3";
    let build = |version: &str| wheel("urllib3", version, repository).build();
    let at = |tag: &str| Identity::slsa_generator(repository).tag(tag);
    let scene = Scene::of([
        Release::new(build("1.26.14")).with(asset(at("1.26.14"), "1.26.14", MULTIPLE, AssetForm::Classic)),
        Release::new(build("2.0.5")).with(asset(at("v2.0.5"), "v2.0.5", MULTIPLE, AssetForm::Classic)),
    ]);
    for (version, tag) in [("1.26.14", "1.26.14"), ("2.0.5", "v2.0.5")] {
        scene.world.forget_requests();
        let found = file(&run(&scene, &[&format!("urllib3=={version}")]).exits(0));
        assert_eq!(found["evidence"]["reference"], format!("refs/tags/{tag}"));
        assert_eq!(
            outcomes(&found, "github-release", &format!("/{tag}/{MULTIPLE}")),
            ["found"]
        );
        // Both spellings of this version were asked for, and no other version's.
        let tags: BTreeSet<_> = scene
            .world
            .requests()
            .into_iter()
            .filter_map(|it| Some(it.path.strip_prefix("/github/")?.split('/').nth(4)?.to_owned()))
            .collect();
        assert_eq!(tags, BTreeSet::from([version.to_owned(), format!("v{version}")]));
        assert_eq!(scene.world.request_count("/github-api/"), 0);
    }

    // Policy's template binds each version to its tag, in the one spelling and in the other.
    let pinned = |tag: &str| pin("urllib3", &["repository = \"github.com/urllib3/urllib3\"", tag]);
    scene.write("slsa-pip.toml", &pinned("tag = \"{version}\""));
    run(&scene, &["urllib3==1.26.14"]).exits(0);
    assert_eq!(run(&scene, &["urllib3==2.0.5"]).exits(1).codes(), ["ref-mismatch"]);

    // The older version's wheel, signed at the stray tag, is found in its own release and refused for the tag's sake.
    let stray = asset(at("v2.0.5"), "1.26.15", MULTIPLE, AssetForm::Classic);
    let stray = match stray {
        Evidence::GithubRelease {
            repository,
            asset,
            form,
            signing,
            ..
        } => Evidence::GithubRelease {
            tag: "1.26.15".to_owned(),
            repository,
            asset,
            form,
            signing,
        },
        other => other,
    };
    scene.world.publish(Release::new(build("1.26.15")).with(stray));
    let refused = run(&scene, &["urllib3==1.26.15"]).exits(1);
    assert_eq!(refused.codes(), ["ref-mismatch"]);
    assert_eq!(refused.json()["files"][0]["refusals"][0]["found"], "refs/tags/v2.0.5");
}

/// The years of transition: a file in the release and a PEP 740 object at the index. The good one counts, whichever it is, and
/// the bad one is named.
#[test]
fn of_a_release_file_and_a_pep_740_object_the_good_one_counts_and_the_bad_one_is_named() {
    let repository = "acme/rocket";
    let other = Wheel::builder("other", "1.0").build();
    let generator = || Identity::slsa_generator(repository);
    let publisher = || Signing::new(Identity::github(repository), Predicate::Publish);
    let other_bytes = |signing: Signing| {
        let name = wheel("rocket", "1.0.0", repository).build().filename;
        signing.subjects(vec![Subject::of(&name, &other.bytes)])
    };
    let stranger = || Signing::new(Identity::github("evil/rocket"), Predicate::Publish);
    let in_release = |signing: Signing| Evidence::GithubRelease {
        repository: repository.to_owned(),
        tag: "v1.0.0".to_owned(),
        asset: MULTIPLE.to_owned(),
        form: AssetForm::Classic,
        signing,
    };
    let built = || Signing::new(generator(), Predicate::SlsaV02);
    let stranger_built = || Signing::new(Identity::slsa_generator("evil/rocket"), Predicate::SlsaV02);
    let scene = |evidence: [Evidence; 2]| {
        let [first, second] = evidence;
        Scene::of([Release::new(wheel("rocket", "1.0.0", repository).build())
            .with(first)
            .with(second)])
    };

    // The index's is bad: of a stranger, about other bytes, or nothing that can be read.
    for (bad, outcome, says) in [
        (
            Evidence::Pep740(stranger()),
            "refused",
            "[repository-differs-from-declared]",
        ),
        (
            Evidence::Pep740(other_bytes(publisher())),
            "refused",
            "[digest-mismatch]",
        ),
        (
            Evidence::RawProvenance(serde_json::json!({"version": 1, "attestation_bundles": []})),
            "unreadable",
            "there is nothing in it",
        ),
        (
            Evidence::RawProvenance(serde_json::json!({"version": 9})),
            "unreadable",
            "unreadable: ",
        ),
    ] {
        let scene = scene([bad, in_release(built())]);
        let file = file(&run(&scene, &["rocket"]).exits(0));
        assert_eq!(file["evidence"]["found"]["kind"], "github-release");
        let (found, answer) = answers(&file, "index-integrity", "/provenance").remove(0);
        assert_eq!(found, outcome, "{answer}");
        assert!(answer.contains(says), "{answer}");
        assert_eq!(
            outcomes(&file, "github-release", "/v1.0.0/multiple.intoto.jsonl"),
            ["found"]
        );
    }

    // The release's is bad: where the index's suffices, it is not even asked for; where only the release may be asked, it is
    // refused.
    let bad_release = scene([Evidence::Pep740(publisher()), in_release(stranger_built())]);
    let file = file(&run(&bad_release, &["rocket"]).exits(0));
    assert_eq!(file["evidence"]["found"]["kind"], "index-integrity");
    assert_eq!(outcomes(&file, "github-release", ""), ["not-asked"]);
    let refused = run(&bad_release, &["rocket", "--evidence", "github-release"]).exits(1);
    assert_eq!(refused.codes(), ["repository-differs-from-declared"]);
    // A policy that asks for builds passes over the index's publish attestation, and says so.
    let wanted = pin(
        "rocket",
        &["repository = \"github.com/acme/rocket\"", "evidence = [\"build\"]"],
    );
    let both_good = scene([Evidence::Pep740(publisher()), in_release(built())]);
    both_good.write("slsa-pip.toml", &wanted);
    let file = self::file(&run(&both_good, &["rocket"]).exits(0));
    assert_eq!(file["evidence"]["found"]["kind"], "github-release");
    let (outcome, answer) = answers(&file, "index-integrity", "/provenance").remove(0);
    assert_eq!(outcome, "refused");
    assert!(answer.contains("[kind-not-accepted]"), "{answer}");

    // Both bad: refused, each with its own reason and source.
    let both = scene([Evidence::Pep740(stranger()), in_release(other_bytes(built()))]);
    let refused = run(&both, &["rocket"]).exits(1);
    assert_eq!(refused.codes(), ["repository-differs-from-declared", "digest-mismatch"]);
    let file = self::file(&refused);
    let sources: Vec<_> = file["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["source"]["kind"].clone())
        .collect();
    assert_eq!(sources, ["index-integrity", "github-release"]);
    assert_eq!(outcomes(&file, "index-integrity", "/provenance"), ["refused"]);
    assert_eq!(
        outcomes(&file, "github-release", "/v1.0.0/multiple.intoto.jsonl"),
        ["refused"]
    );
}

/// One bad and one good attestation in one PEP 740 object, or in one file of a release.
#[test]
fn a_bad_attestation_beside_a_good_one_is_named_with_the_place() {
    let repository = "acme/rocket";
    let good = || Evidence::pep740(Identity::github(repository));
    let bad = || Evidence::pep740(Identity::github("evil/rocket"));
    let line = |identity: Identity| Evidence::GithubRelease {
        repository: repository.to_owned(),
        tag: "v1.0.0".to_owned(),
        asset: MULTIPLE.to_owned(),
        form: AssetForm::BundleV03,
        signing: Signing::new(identity, Predicate::SlsaV02),
    };
    let in_release = || line(Identity::slsa_generator(repository));
    let bad_in_release = || line(Identity::slsa_generator("evil/rocket"));
    for (kind, evidence) in [
        ("index-integrity", [bad(), good()]),
        ("index-integrity", [good(), bad()]),
        ("github-release", [bad_in_release(), in_release()]),
        ("github-release", [in_release(), bad_in_release()]),
    ] {
        let release = Release::new(wheel("rocket", "1.0.0", repository).build());
        let scene = Scene::of([evidence.into_iter().fold(release, Release::with)]);
        let file = file(&run(&scene, &["rocket"]).exits(0));
        let places = answers(&file, kind, "").into_iter().filter(|it| it.0 == "found");
        let words: Vec<_> = places.map(|it| it.1).collect();
        assert_eq!(words.len(), 1, "{file:#}");
        assert!(words[0].contains("found 2 attestations, refused: "), "{words:?}");
        assert!(words[0].contains("[repository-differs-from-declared]"), "{words:?}");
    }
}

/// A repository of many packages tags each with its name; the web site's and the API's paths carry these tags.
#[test]
fn tags_of_a_monorepo_are_found_below_their_packages_names() {
    let repository = "acme/mono";
    let tags = [
        "acme-rocket-v1.2.3",
        "acme-rocket@1.2.3",
        "acme-rocket-1.2.3",
        "acme_rocket-v1.2.3",
    ];
    for tag in tags {
        // Another package of the same version in the same repository.
        let other = wheel("acme-boat", "1.2.3", repository).build();
        let identity = |tag: &str| Identity::slsa_generator(repository).tag(tag);
        let own = asset(identity(tag), tag, MULTIPLE, AssetForm::BundleV03);
        let others_tag = tag.replace("rocket", "boat");
        let scene = Scene::of([
            Release::new(wheel("acme-rocket", "1.2.3", repository).build()).with(own),
            Release::new(other).with(asset(
                identity(&others_tag),
                &others_tag,
                MULTIPLE,
                AssetForm::BundleV03,
            )),
        ]);
        let found = file(&run(&scene, &["acme-rocket"]).exits(0));
        assert_eq!(found["evidence"]["reference"], format!("refs/tags/{tag}"));
        assert_eq!(scene.world.request_count("boat"), 0);
        assert_eq!(
            scene.world.request_count("/github-api/"),
            0,
            "no question to the API was needed"
        );

        if tag != "acme-rocket@1.2.3" {
            continue;
        }
        // Under an odd name the file is found by listing the release of that tag.
        let odd = asset(identity(tag), tag, "provenance.intoto.jsonl", AssetForm::BundleV03);
        let scene = Scene::of([Release::new(wheel("acme-rocket", "1.2.3", repository).build()).with(odd)]);
        let found = file(&run(&scene, &["acme-rocket"]).exits(0));
        let location = found["evidence"]["found"]["location"].as_str().unwrap().to_owned();
        assert!(location.ends_with("/provenance.intoto.jsonl"), "{location}");
    }
    // The other package's release does not count, even if it holds a line about this wheel: the tag is not this one's.
    let own = asset(
        Identity::slsa_generator(repository).tag("acme-boat-v1.2.3"),
        "acme-boat-v1.2.3",
        MULTIPLE,
        AssetForm::BundleV03,
    );
    let scene = Scene::of([Release::new(wheel("acme-rocket", "1.2.3", repository).build()).with(own)]);
    assert_eq!(run(&scene, &["acme-rocket"]).exits(1).codes(), ["no-evidence"]);
}

/// A renamed repository: GitHub redirects the old name, on the site and in the API. What is compared is the name in the
/// certificate.
#[test]
fn a_renamed_repository_is_found_under_its_old_name_and_refused_under_the_new_one_unless_pinned() {
    let (old, new) = ("acme/rocket", "acme/starship");
    // Metadata names the old one.
    let build = || wheel("rocket", "1.0.0", old).build();
    let id = "repository-id = 538293197";
    for (kind, by_new, by_old) in [
        (
            "github-release",
            asset(Identity::slsa_generator(new), "v1.0.0", MULTIPLE, AssetForm::Classic),
            Evidence::GithubRelease {
                repository: new.to_owned(),
                tag: "v1.0.0".to_owned(),
                asset: MULTIPLE.to_owned(),
                form: AssetForm::Classic,
                signing: Signing::new(Identity::slsa_generator(old), Predicate::SlsaV02),
            },
        ),
        (
            "github-attestation",
            Evidence::github_attestation(Identity::github(new)),
            Evidence::GithubAttestation {
                repository: new.to_owned(),
                delivery: Delivery::UrlSnappyFramed,
                signing: Signing::new(Identity::github(old), Predicate::SlsaV1),
            },
        ),
    ] {
        let renamed = |evidence: &Evidence| {
            let world = World::start_blocking().unwrap();
            world.rename_repository(old, new);
            Scene::with(world, [Release::new(build()).with(evidence.clone())])
        };
        // Built before the renaming: the certificate has the old name, as policy has it.
        let scene = renamed(&by_old);
        scene.write(
            "slsa-pip.toml",
            &pin("rocket", &["repository = \"github.com/acme/rocket\"", id]),
        );
        let found = file(&run(&scene, &["rocket"]).exits(0));
        assert_eq!(found["evidence"]["found"]["kind"], kind);
        assert_eq!(found["evidence"]["repository"], "github.com/acme/rocket");
        let statuses: BTreeSet<_> = scene.world.requests().into_iter().map(|it| it.status).collect();
        assert!(statuses.contains(&301), "it was redirected: {statuses:?}");

        // Built after it: the certificate has the new name. By name that is another repository, whatever its id; the refusal says
        // what to change.
        let scene = renamed(&by_new);
        scene.write(
            "slsa-pip.toml",
            &pin("rocket", &["repository = \"github.com/acme/rocket\"", id]),
        );
        let refused = run(&scene, &["rocket"]).exits(1);
        assert_eq!(refused.codes(), ["repository-mismatch"], "{kind}");
        let refusal = refused.json()["files"][0]["refusals"][0].clone();
        assert_eq!(
            (&refusal["expected"], &refusal["found"]),
            (&"github.com/acme/rocket".into(), &"github.com/acme/starship".into())
        );
        let hint = refusal["hint"].as_str().unwrap();
        assert!(hint.contains("if the project moved, change "), "{hint}");
        // Both names with the id: the same repository, before and after.
        let both = "repository = [\"github.com/acme/rocket\", \"github.com/acme/starship\"]";
        scene.write("slsa-pip.toml", &pin("rocket", &[both, id]));
        run(&scene, &["rocket"]).exits(0);
        // Not pinned, it differs from what the metadata declares.
        std::fs::remove_file(scene.directory.path().join("slsa-pip.toml")).unwrap();
        let codes = run(&scene, &["rocket"]).exits(1).codes();
        assert_eq!(codes, ["repository-differs-from-declared"], "{kind}");
    }
}

/// The name was given up and somebody else has registered it: the same name with other ids.
#[test]
fn a_name_that_was_registered_again_is_refused_where_policy_pins_ids() {
    let repository = "acme/rocket";
    let taken = |repository_id: &str, owner_id: &str| {
        let mut identity = Identity::slsa_generator(repository);
        repository_id.clone_into(&mut identity.repository_id);
        owner_id.clone_into(&mut identity.owner_id);
        identity
    };
    let name = "repository = \"github.com/acme/rocket\"";
    let (repository_line, owner_line) = ("repository-id = 538293197", "owner-id = 3059210");
    for (ids, lines, code) in [
        (
            ("1", "3059210"),
            &[name, repository_line][..],
            Some("repository-id-mismatch"),
        ),
        (("538293197", "2"), &[name, owner_line], Some("owner-id-mismatch")),
        (("1", "2"), &[name, owner_line], Some("owner-id-mismatch")),
        // The owner has made the repository anew: its own id differs, the owner's does not.
        (("1", "3059210"), &[name, owner_line], None),
        // The name alone cannot tell.
        (("1", "2"), &[name], None),
    ] {
        // A publish attestation at the index tells them as well as the release does.
        let at_index = [false, true].into_iter().take(if code.is_some() { 2 } else { 1 });
        for index in at_index {
            let mut identity = taken(ids.0, ids.1);
            let evidence = if index {
                identity.builder = None;
                Evidence::pep740(identity)
            } else {
                asset(identity, "v1.0.0", MULTIPLE, AssetForm::Classic)
            };
            let scene = Scene::of([Release::new(wheel("rocket", "1.0.0", repository).build()).with(evidence)]);
            scene.write("slsa-pip.toml", &pin("rocket", lines));
            let run = run(&scene, &["rocket"]);
            match code {
                Some(code) => {
                    let run = run.exits(1);
                    assert_eq!(run.codes(), [code]);
                    let file = file(&run);
                    let kind = if index { "index-integrity" } else { "github-release" };
                    let refused = outcomes(&file, kind, "").contains(&"refused".to_owned());
                    assert!(refused, "{file:#}");
                }
                None => drop(run.exits(0)),
            }
        }
    }
}

/// `numpy`: developed in one repository, published from another.
#[test]
fn what_is_published_from_another_repository_than_the_declared_one_needs_a_pin() {
    let publisher = Identity::github("numpy/numpy-release").workflow(".github/workflows/wheels.yml");
    let wheel = wheel("numpy", "2.3.0", "numpy/numpy").build();
    let scene = Scene::of([Release::new(wheel).with(Evidence::pep740(publisher))]);
    let refused = run(&scene, &["numpy"]).exits(1);
    assert_eq!(refused.codes(), ["repository-differs-from-declared"]);
    let file = file(&refused);
    assert_eq!(file["declared_repository"], "github.com/numpy/numpy");
    assert_eq!(outcomes(&file, "index-integrity", "/provenance"), ["refused"]);
    assert!(outcomes(&file, "github-release", "").iter().all(|it| it == "none"));
    assert_eq!(outcomes(&file, "github-attestation", ""), ["none"]);
    // The hint can be pasted as it is.
    let hint = file["refusals"][0]["hint"].as_str().unwrap();
    let lines = hint.split_once(":\n").expect("lines to paste").1;
    scene.write("slsa-pip.toml", lines);
    let found = run(&scene, &["numpy"]).exits(0).json();
    assert_eq!(
        found["files"][0]["evidence"]["repository"],
        "github.com/numpy/numpy-release"
    );
    assert_eq!(found["files"][0]["evidence"]["pinned"], true);
    // A pin of the declared one does not let the other pass.
    scene.write(
        "slsa-pip.toml",
        &pin("numpy", &["repository = \"github.com/numpy/numpy\""]),
    );
    assert_eq!(run(&scene, &["numpy"]).exits(1).codes(), ["repository-mismatch"]);
}

/// Every way in which GitHub hands out a bundle, on a later page of a long list too.
#[test]
fn attestations_are_read_in_every_delivery_and_from_later_pages() {
    let repository = "acme/rocket";
    let signing = || Signing::new(Identity::github(repository), Predicate::SlsaV1);
    let policy = pin("rocket", &["repository = \"github.com/acme/rocket\""]);
    for delivery in [
        Delivery::Inline,
        Delivery::UrlJson,
        Delivery::UrlSnappy,
        Delivery::UrlSnappyFramed,
    ] {
        // Only one of them stands on a second page.
        let before = if delivery == Delivery::UrlSnappyFramed { 100 } else { 0 };
        let build = wheel("rocket", "1.0.0", repository).build();
        let release = Release::new(build)
            .with(Evidence::RawAttestation {
                repository: repository.to_owned(),
                delivery: Delivery::Inline,
                bundle: serde_json::json!({"mediaType": "application/vnd.dev.sigstore.bundle.v9+json"}),
                count: before,
            })
            .with(Evidence::GithubAttestation {
                repository: repository.to_owned(),
                delivery,
                signing: signing(),
            });
        let scene = Scene::of([release]);
        scene.write("slsa-pip.toml", &policy);
        let words = ["rocket", "--evidence", "github-attestation"];
        let mut command = scene.install(&words);
        command.args(["--dry-run", "--format", "json", "--no-cache-dir"]);
        let run = Run::of(command.env("GITHUB_TOKEN", "ghp_test")).exits(0);
        let kind = file(&run)["evidence"]["found"]["kind"].clone();
        assert_eq!(kind, "github-attestation", "{delivery:?} {before}");
        let pages = scene.world.request_count("/github-api/");
        assert_eq!(pages, if before == 0 { 1 } else { 2 });
        for request in scene.world.requests() {
            let to_api = request.path.starts_with("/github-api/");
            assert_eq!(request.authorization.is_some(), to_api, "{}", request.path);
        }
        assert!(!run.stdout.contains("sig=secret") && !run.stderr.contains("ghp_test"));
    }
}

/// GitHub's limits as it tells them: a short one is waited for, a long one is a refusal that says when.
#[test]
fn limits_are_waited_for_or_reported_with_their_end() {
    let repository = "acme/rocket";
    let scene = || {
        let release = Release::new(wheel("rocket", "1.0.0", repository).build())
            .with(Evidence::github_attestation(Identity::github(repository)));
        let scene = Scene::of([release]);
        scene.write(
            "slsa-pip.toml",
            &pin("rocket", &["repository = \"github.com/acme/rocket\""]),
        );
        scene
    };
    let words = ["rocket", "--evidence", "github-attestation"];
    // 2030-03-17T17:46:40Z is further away than anybody waits.
    for fault in [
        Fault::github_limit(1_900_000_000),
        Fault::github_secondary_limit(Some(3600)),
        Fault::github_secondary_limit(None),
    ] {
        let scene = scene();
        scene.world.fault("/github-api/", fault.clone());
        let run = run(&scene, &words).exits(1);
        assert_eq!(run.codes(), ["no-evidence"], "{fault:?}");
        let (outcome, answer) = answers(&file(&run), "github-attestation", "").remove(0);
        assert_eq!(outcome, "rate-limited", "{fault:?}");
        assert!(answer.starts_with("rate-limited until 20"), "{answer}");
        assert_eq!(
            scene.world.request_count("/github-api/"),
            1,
            "a limit is not run into again"
        );
        Run::of(&mut scene.install(&["rocket", "--evidence", "github-attestation", "--no-cache-dir"]))
            .exits(1)
            .says("rate-limited until 20")
            .says("try again");
    }
    let scene = scene();
    scene
        .world
        .fault_times("/github-api/", Fault::github_secondary_limit(Some(1)), 1);
    run(&scene, &words).exits(0);
    assert_eq!(scene.world.request_count("/github-api/"), 2, "it was waited for");
    // Not allowed is another thing than limited.
    let scene = Scene::of([Release::new(wheel("rocket", "1.0.0", repository).build())]);
    scene.world.fault("/github-api/", Fault::github_forbidden());
    let run = run(&scene, &words).exits(1);
    assert_eq!(outcomes(&file(&run), "github-attestation", ""), ["forbidden"]);
}
