//! Cooldown and places: how old a release must be, and where files may come from.

use jiff::{SignedDuration, Timestamp};
use slsa_pip_test_world::{Evidence, Identity, Predicate, Release, Signing, SigningOptions, Wheel, World};

use crate::resolve_policy::{
    SATISFYING, ago, at_github, attested_by, dry, good, has_note, names, refused, taken, wheel,
};
use crate::support::{Run, Scene, folder};

const COOLDOWN: &str = "[defaults]\nminimum-age = \"7 days\"\n";

/// A release that was stolen an hour ago, with everything that policy wants.
fn stolen() -> Scene {
    let scene = Scene::of([
        good("rocket", "1.0"),
        good("rocket", "2.0").uploaded(&ago(1)),
        good("bolt", "1.0").uploaded(&ago(200)),
    ]);
    scene.write("slsa-pip.toml", COOLDOWN);
    scene
}

#[test]
fn a_fresh_release_waits() {
    let scene = stolen();
    let (codes, report) = refused(&scene, &["rocket", "bolt"]);
    assert_eq!(codes, ["release-too-young"]);
    let refusal = &report["files"][1]["refusals"][0];
    let hint = refusal["hint"].as_str().unwrap();
    let ready = (Timestamp::now() + SignedDuration::from_hours(7 * 24 - 1)).to_string();
    for text in [
        "it is old enough on",
        &ready[..10],
        SATISFYING,
        "minimum-age = \"0 days\"",
        "[packages.rocket]",
    ] {
        assert!(hint.contains(text), "`{text}` is not in: {hint}");
    }
    let (files, report) = taken(&scene, &["rocket", "bolt", SATISFYING]);
    assert_eq!(files, ["bolt-1.0", "rocket-1.0"]);
    has_note(
        &report,
        "rocket 2.0 was passed over: too young for policy, which wants 7 days",
    );
    assert_eq!(report["passed_over"][0]["refusals"][0]["code"], "release-too-young");
    // Nobody is asked for the evidence of what is too young.
    assert_eq!(scene.world.request_count("/integrity/rocket/2.0/"), 1);
    let (codes, report) = refused(&scene, &["rocket>1", SATISFYING]);
    assert_eq!(
        (codes, names(&report, "files")),
        (vec!["release-too-young".to_owned()], vec!["rocket-2.0".to_owned()])
    );
}

#[test]
fn an_urgent_fix_need_not_wait() {
    let scene = stolen();
    for policy in [
        format!("{COOLDOWN}[packages.rocket]\nminimum-age = \"0 days\"\n"),
        format!(
            "{COOLDOWN}[exemptions.rocket]\nversions = \"==2.0\"\nsha256 = [\"{}\"]\nreason = \"urgent\"\n",
            wheel("rocket", "2.0").sha256()
        ),
    ] {
        scene.write("slsa-pip.toml", &policy);
        for words in [&["rocket"][..], &["rocket", SATISFYING]] {
            assert_eq!(taken(&scene, words).0, ["rocket-2.0"]);
        }
    }
    // pip's own option and the cooldown go together, each with its own time.
    scene.write("slsa-pip.toml", COOLDOWN);
    let pip = Run::of(dry(&scene, &["rocket", "--uploaded-prior-to", &ago(24)]));
    if pip.code == Some(2) {
        assert!(pip.stderr.contains("uploaded-prior-to"), "{}", pip.stderr);
    } else {
        assert_eq!(names(&pip.exits(0).json(), "files"), ["rocket-1.0"]);
    }
}

/// An index may say what it likes of times; a signature that is younger than the upload contradicts it.
#[test]
fn times_that_nobody_says_or_that_cannot_be_true_do_not_count() {
    let young = SigningOptions {
        time: Timestamp::now().as_second() - 3600,
        ..SigningOptions::default()
    };
    let backdated = Release::new(wheel("rocket", "2.0")).with(Evidence::Pep740(
        Signing::new(Identity::github("acme/rocket"), Predicate::Publish).options(young),
    ));
    let scene = Scene::of([good("rocket", "1.0"), backdated]);
    scene.write("slsa-pip.toml", COOLDOWN);
    assert_eq!(refused(&scene, &["rocket"]).0, ["release-too-young"]);
    let (files, report) = taken(&scene, &["rocket", SATISFYING]);
    assert_eq!(files, ["rocket-1.0"]);
    has_note(&report, "it is too young (release-too-young)");

    let scene = Scene::of([good("rocket", "1.0"), good("rocket", "2.0").uploaded("")]);
    scene.write("slsa-pip.toml", COOLDOWN);
    assert_eq!(refused(&scene, &["rocket"]).0, ["upload-time-missing"]);
    assert_eq!(taken(&scene, &["rocket", SATISFYING]).0, ["rocket-1.0"]);

    // Pages in HTML have no times at all.
    let html = World::builder().html_only().start_blocking().unwrap();
    let scene = Scene::with(html, [good("rocket", "1.0")]);
    scene.write("slsa-pip.toml", COOLDOWN);
    for words in [&["rocket"][..], &["rocket", SATISFYING]] {
        let (codes, report) = refused(&scene, words);
        assert_eq!(codes, ["upload-time-missing"]);
        let hint = report["files"][0]["refusals"][0]["hint"].to_string();
        assert!(hint.contains("PEP 700"), "{hint}");
    }
}

/// A private index with `acme-core`, and a public one where somebody has put a higher version, well attested, and a name that is
/// on the public index alone.
fn confusing() -> (Scene, Scene) {
    let evil = |name: &str| {
        let wheel = Wheel::builder(name, "9.0").project_url("Source", "https://github.com/evil/acme");
        at_github(attested_by(wheel.build(), "evil/acme"), "evil/acme", "v9.0")
    };
    let private = Scene::of([at_github(good("acme-core", "1.0"), "acme/rocket", "v1.0")]);
    let public = Scene::of([evil("acme-core"), evil("acme-new"), good("bolt", "1.0")]);
    (private, public)
}

#[test]
fn files_come_from_allowed_indexes_alone() {
    let (private, public) = confusing();
    let (first, second) = (private.world.index_url(), public.world.index_url());
    let words = ["acme-core", "--extra-index-url", &second];
    assert_eq!(taken(&private, &words).0, ["acme-core-1.0"]);
    private.write("slsa-pip.toml", &format!("[defaults]\nindexes = [\"{first}\"]\n"));
    public.world.forget_requests();
    private.world.forget_requests();
    for mode in ["--resolve-policy=newest", SATISFYING] {
        let (codes, report) = refused(&private, &[&words[..], &[mode]].concat());
        assert_eq!(codes, ["index-not-allowed"]);
        let refusal = &report["files"][0]["refusals"][0];
        assert_eq!(refusal["expected"], first.as_str());
        assert!(
            refusal["hint"]
                .as_str()
                .unwrap()
                .contains(&format!("--index-url {first}"))
        );
    }
    // A mode that only warns is about proofs, and not about places.
    private.write(
        "slsa-pip.toml",
        &format!("[defaults]\nmode = \"warn\"\nindexes = [\"{first}\"]\n"),
    );
    assert_eq!(refused(&private, &words).0, ["index-not-allowed"]);
    private.write("slsa-pip.toml", &format!("[defaults]\nindexes = [\"{first}\"]\n"));
    let run = Run::of(private.command(&["resolve", "--format", "json"]).args(words)).exits(1);
    assert_eq!(run.json()["refusal"]["code"], "index-not-allowed");
    // Nobody was asked anything.
    assert!(public.world.requests().is_empty() && private.world.requests().is_empty());
    assert_eq!(taken(&private, &["acme-core"]).0, ["acme-core-1.0"]);
    // Both, as they may be written.
    let slashless = second.trim_end_matches('/');
    private.write(
        "slsa-pip.toml",
        &format!("[defaults]\nindexes = [\"{first}\", \"{slashless}\"]\n"),
    );
    assert_eq!(
        taken(&private, &[&words[..], &["bolt"]].concat()).0,
        ["acme-core-1.0", "bolt-1.0"]
    );
}

#[test]
fn an_index_that_one_package_is_assigned_to_is_asked_for_that_alone() {
    let (private, public) = confusing();
    let (first, second) = (private.world.index_url(), public.world.index_url());
    private.write(
        "slsa-pip.toml",
        &format!("[defaults]\nindexes = [\"{first}\"]\n[packages.bolt]\nindex = \"{second}\"\n"),
    );
    let words = ["--index-url", &second, "--extra-index-url", &first];
    let asked = |name: &'static str| [&words[..], &[name]].concat();
    assert_eq!(
        taken(&private, &[&asked("bolt")[..], &["acme-core"]].concat()).0,
        ["acme-core-1.0", "bolt-1.0"]
    );
    assert_eq!(public.world.request_count("/simple/acme-core/"), 0);
    Run::of(dry(&private, &asked("acme-new")))
        .exits(2)
        .says("was not found");
    assert_eq!(public.world.request_count("/simple/acme-new/"), 0);
    // So may a group be, and then the other index is asked for all else.
    private.write(
        "slsa-pip.toml",
        &format!("[defaults]\nindexes = [\"{second}\"]\n[packages.\"acme-*\"]\nindex = \"{first}\"\n"),
    );
    public.world.forget_requests();
    assert_eq!(
        taken(&private, &[&asked("bolt")[..], &["acme-core"]].concat()).0,
        ["acme-core-1.0", "bolt-1.0"]
    );
    Run::of(dry(&private, &asked("acme-new")))
        .exits(2)
        .says("was not found");
    assert_eq!(public.world.request_count("/simple/acme-"), 0);
}

/// Dependency confusion by a new name: the group is pinned to the organisation's repository, whichever index has it.
#[test]
fn a_group_keeps_new_names_from_strangers() {
    let (private, public) = confusing();
    let second = public.world.index_url();
    let words = ["acme-new", "--extra-index-url", &second];
    assert_eq!(taken(&private, &words).0, ["acme-new-9.0"]);
    private.write(
        "slsa-pip.toml",
        "[packages.\"acme-*\"]\nrepository = \"github.com/acme/rocket\"\n",
    );
    for mode in ["--resolve-policy=newest", SATISFYING] {
        assert_eq!(
            refused(&private, &[&words[..], &[mode]].concat()).0,
            ["repository-mismatch"]
        );
    }
    let first = private.world.index_url();
    private.write(
        "slsa-pip.toml",
        &format!("[packages.\"acme-*\"]\nindex = \"{first}\"\n"),
    );
    Run::of(dry(&private, &words)).exits(2).says("was not found");
    assert_eq!(
        taken(&private, &["acme-core", "--extra-index-url", &second]).0,
        ["acme-core-1.0"]
    );
}

/// URLs, links, and requirements files that others write lead around no rule.
#[test]
fn direct_urls_and_links_are_places_too() {
    let (private, public) = confusing();
    let (first, second) = (private.world.index_url(), public.world.index_url());
    let evil = format!(
        "{}/files/acme_core-9.0-py3-none-any.whl",
        second.trim_end_matches("/simple/")
    );
    let direct = format!("acme-core @ {evil}");
    let assigned = format!("[packages.acme-core]\nindex = \"{first}\"\n");
    let allowed = format!("[defaults]\nindexes = [\"{first}\"]\n");
    let links = folder();
    let planted = Wheel::builder("acme-core", "99").build();
    let path = links.path().join(&planted.filename);
    std::fs::write(&path, &planted.bytes).unwrap();
    let (links, path) = (
        links.path().to_str().unwrap().to_owned(),
        path.to_str().unwrap().to_owned(),
    );
    private.write("theirs.txt", &format!("{direct}\n"));
    private.write("limits.txt", &format!("{direct}\n"));
    private.write(
        "away.txt",
        &format!("--no-index\n--find-links {second}acme-core/\nacme-core\n"),
    );
    // Without a rule it passes: the stranger's proof is sound.
    let github = [
        ("SLSA_PIP_GITHUB_URL", public.world.github_url()),
        ("SLSA_PIP_GITHUB_API_URL", public.world.github_api_url()),
        ("SLSA_PIP_REKOR_URL", public.world.rekor_url()),
    ];
    let report = Run::of(dry(&private, &[&direct]).envs(github)).exits(0).json();
    assert_eq!(names(&report, "files"), ["acme-core-9.0"]);
    for (policy, words) in [
        (&assigned, &[direct.as_str()][..]),
        (&assigned, &["-r", "theirs.txt"]),
        (&assigned, &["acme-core", "-c", "limits.txt"]),
        (&assigned, &[&path]),
        (&allowed, &[&direct]),
        (&allowed, &["-r", "theirs.txt"]),
        (&allowed, &[&path]),
        (&allowed, &["acme-core", "--find-links", &links]),
        (&allowed, &["acme-core", "--find-links", &second]),
        (&allowed, &["-r", "away.txt"]),
        (&allowed, &["acme-core", "--index-url", &second]),
    ] {
        private.write("slsa-pip.toml", policy);
        public.world.forget_requests();
        let (codes, report) = refused(&private, words);
        assert!(
            codes.iter().all(|code| code == "index-not-allowed"),
            "{words:?}: {codes:?}"
        );
        assert!(report["files"][0]["refusals"][0]["hint"].is_string());
        assert!(public.world.requests().is_empty(), "{words:?}");
    }
    // A page of links elsewhere is no index that the package is assigned to.
    private.write("slsa-pip.toml", &assigned);
    Run::of(dry(&private, &["-r", "away.txt"]))
        .exits(2)
        .says("was not found");
    // What lies below an allowed index, and on this machine where no index is asked, may be taken.
    let own = format!(
        "{}/files/acme_core-1.0-py3-none-any.whl",
        first.trim_end_matches("/simple/")
    );
    let root = first.trim_end_matches("simple/");
    private.write("slsa-pip.toml", &format!("[defaults]\nindexes = [\"{root}\"]\n"));
    let own = format!("acme-core @ {own}");
    let words = ["--no-index", own.as_str()];
    assert_eq!(taken(&private, &words).0, ["acme-core-1.0"]);
    private.write("slsa-pip.toml", &format!("{allowed}{assigned}"));
    let words = ["acme-core", "--no-index", "--find-links", &links];
    assert_eq!(refused(&private, &words).0, ["no-evidence"]);
}
