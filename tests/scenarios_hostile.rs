//! Hostile servers, seen from outside: the exit code, how long it takes, what is left behind, and whether the next run with the
//! same cache finds nothing wrong in it. What each answer does to the client is tested in `crates/http` and its users.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use slsa_pip_test_world::{Evidence, Fault, Identity, Predicate, Release, ReleaseFaults, Signing, Wheel, World};

use crate::support::{Run, Scene};

const REPOSITORY: &str = "acme/rocket";
/// No hostile answer may hold a run up for longer, on a busy machine either.
const LONGEST: Duration = Duration::from_mins(1);

fn rocket() -> Wheel {
    Wheel::builder("rocket", "1.0.0")
        .project_url("Source", "https://github.com/acme/rocket")
        .build()
}

fn by_index() -> Release {
    Release::new(rocket()).with(Evidence::pep740(Identity::github(REPOSITORY)))
}

fn by_release() -> Release {
    Release::new(rocket()).with(Evidence::bundle_release(Identity::slsa_generator(REPOSITORY), "v1.0.0"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// Installs with a cache, impatiently, and checks that nothing but the cache is left unless it succeeds.
fn install(scene: &Scene) -> Run {
    install_within(scene, 100)
}

/// The same, with so many seconds for the search.
fn install_within(scene: &Scene, seconds: u32) -> Run {
    let temporary = scene.directory.path().join("tmp");
    fs::create_dir_all(&temporary).unwrap();
    let mut command = scene.install(&["rocket", "--format", "json"]);
    command
        .env("SLSA_PIP_SEARCH_TIMEOUT", seconds.to_string())
        .env("TMPDIR", &temporary)
        .env("PIP_TIMEOUT", "2")
        .env("PIP_RETRIES", "1");
    let began = Instant::now();
    let run = Run::of(command);
    assert!(began.elapsed() < LONGEST, "{:?}", began.elapsed());
    assert_eq!(files(&temporary), Vec::<PathBuf>::new());
    if run.code != Some(0) {
        let left = fs::read_dir(scene.directory.path()).unwrap();
        let mut left: Vec<_> = left
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.retain(|name| name != ".cache" && name != "target");
        assert_eq!(left, ["tmp"]);
        assert_eq!(scene.installed(), Vec::<String>::new());
    }
    // Whatever was kept under its final name is a wheel of that digest.
    for path in files(&scene.directory.path().join(".cache/wheels")) {
        assert_eq!(path.file_name().unwrap().to_str().unwrap(), rocket().sha256());
        assert_eq!(fs::read(path).unwrap(), rocket().bytes);
    }
    run
}

/// Once the servers behave, the same cache serves a run that has nothing to remark.
fn recovers(scene: &Scene) {
    scene.world.clear_faults();
    let report = install(scene).exits(0).json();
    assert_eq!(
        (&report["verdict"], &report["notes"]),
        (&"verified".into(), &serde_json::json!([]))
    );
    assert_eq!(scene.installed(), ["rocket-1.0.0"]);
    fs::remove_dir_all(scene.target()).unwrap();
}

#[test]
fn a_wheel_without_end_stops_at_the_length_that_the_index_names() {
    // Asked for at the end, and for the sake of its METADATA too.
    for world in [World::builder(), World::builder().without_metadata_files()] {
        let scene = Scene::with(world.start_blocking().unwrap(), [by_index()]);
        // Of two faults that fit a path the earlier one counts: METADATA beside the wheel is served as it is.
        scene.world.fault("whl.metadata", Fault::Slow(Duration::ZERO));
        scene
            .world
            .fault("/files/rocket-1.0.0-py3-none-any.whl", Fault::Endless);
        let run = install(&scene).exits(2);
        assert_eq!(run.json()["verdict"], "error");
        assert!(run.stderr.contains("rocket-1.0.0-py3-none-any.whl"), "{}", run.stderr);
        assert!(run.stderr.contains("is larger than the limit of "), "{}", run.stderr);
        recovers(&scene);
    }
}

#[test]
fn pages_and_provenance_without_end_stop_at_their_limits() {
    for (path, code) in [("/simple/", 2), ("/integrity/", 1), ("/pypi/", 0)] {
        let scene = Scene::of([by_index()]);
        scene.world.fault(path, Fault::Endless);
        let run = install(&scene).exits(code);
        if code == 1 {
            assert_eq!(run.codes(), ["no-evidence"]);
        }
        if code == 0 {
            fs::remove_dir_all(scene.target()).unwrap();
        }
        recovers(&scene);
    }
}

#[test]
fn an_index_that_names_other_digests_the_second_time_is_not_believed() {
    let scene = Scene::of([by_index()]);
    recovers(&scene);
    // Another digest than that of the bytes: the wheel in the cache does not stand in for what is served.
    let lying = by_index().faults(ReleaseFaults::lying_digest());
    scene.world.publish(lying);
    let refused = install(&scene).exits(1);
    assert_eq!(refused.codes(), ["index-digest-mismatch"]);
    // Other bytes under their own digest: nobody has signed them.
    let tampered = by_index().faults(ReleaseFaults::tampered(&rocket()));
    scene.world.publish(tampered);
    let temporary = scene.directory.path().join("tmp");
    let mut command = scene.install(&["rocket", "--format", "json"]);
    let refused = Run::of(command.env("TMPDIR", &temporary)).exits(1);
    assert_eq!(refused.codes(), ["digest-mismatch"]);
    assert_eq!(scene.installed(), Vec::<String>::new());
    // Those bytes were what the index named, so they may be in the store; under their own digest they harm nobody.
    fs::remove_dir_all(scene.directory.path().join(".cache/wheels")).unwrap();
    scene.world.publish(by_index());
    recovers(&scene);
}

#[test]
fn a_log_in_page_in_place_of_provenance_is_no_evidence_and_is_not_remembered() {
    for (release, path) in [
        (by_index(), "/integrity/"),
        (by_release(), "/github-objects/"),
        (by_release(), "/github/"),
    ] {
        let scene = Scene::of([release]);
        scene.world.fault(path, Fault::Html);
        let run = install(&scene).exits(1);
        assert_eq!(run.codes(), ["no-evidence"], "{path}");
        let searched = run.json()["files"][0]["searched"].clone();
        let searched = searched.as_array().unwrap();
        assert!(
            searched.iter().any(|it| it["outcome"] == "unreadable"),
            "{path}: {searched:#?}"
        );
        recovers(&scene);
    }
}

#[test]
fn a_release_file_that_changes_counts_as_it_is_now() {
    let scene = Scene::of([by_release()]);
    let stranger = Signing::new(Identity::slsa_generator("evil/rocket"), Predicate::SlsaV02);
    let other = scene.world.sign(&rocket(), &stranger).bundle_v03().to_string();
    let changed = || Fault::Body(other.clone().into_bytes());
    // Bad at first, good afterwards.
    scene.world.fault("/github-objects/", changed());
    assert_eq!(install(&scene).exits(1).codes(), ["repository-differs-from-declared"]);
    recovers(&scene);
    // Good at first, bad afterwards: the good one in the cache does not cover it.
    scene.world.fault("/github-objects/", changed());
    assert_eq!(install(&scene).exits(1).codes(), ["repository-differs-from-declared"]);
    recovers(&scene);
}

#[test]
fn storms_of_429_end_soon_whatever_they_ask_for() {
    let storm = |seconds: &str| Fault::Reply(429, vec![("retry-after", seconds.to_owned())], "slow down".to_owned());
    // Of the index: no verdict. What asks for a day is not waited for.
    for (seconds, tries) in [("1", 2), ("86400", 1)] {
        let scene = Scene::of([by_index()]);
        scene.world.fault("/simple/", storm(seconds));
        let run = install(&scene).exits(2);
        assert!(run.stderr.contains("429"), "{}", run.stderr);
        assert!(scene.world.requests().len() <= tries, "{:?}", scene.world.requests());
        recovers(&scene);
    }
    // Of GitHub: a refusal that says until when.
    let scene = Scene::of([by_release()]);
    scene.world.fault("/github", storm("86400"));
    let run = install(&scene).exits(1);
    assert_eq!(run.codes(), ["no-evidence"]);
    let searched = run.json()["files"][0]["searched"].clone();
    let limited = searched
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["outcome"] == "rate-limited");
    let limited: Vec<_> = limited.map(|it| it["answer"].as_str().unwrap().to_owned()).collect();
    assert!(
        !limited.is_empty() && limited.iter().all(|it| it.starts_with("rate-limited until 20")),
        "{limited:?}"
    );
    // The candidates of one group go out side by side; none is asked for after that.
    assert!(
        scene.world.request_count("/github") <= 12,
        "{}",
        scene.world.request_count("/github")
    );
    recovers(&scene);
}

#[test]
fn a_chain_of_redirects_and_a_downgrade_end_the_run() {
    let scene = Scene::of([by_index()]);
    for to in ["/simple/rocket/", "file:///etc/passwd", "ftp://127.0.0.1/rocket/"] {
        let location = if to.starts_with('/') {
            format!("{}{to}", scene.world.base_url)
        } else {
            to.to_owned()
        };
        scene.world.fault("/simple/rocket/", Fault::Redirect(location));
        let run = install(&scene).exits(2);
        assert!(
            run.stderr.contains("redirect") || run.stderr.contains("http"),
            "{}",
            run.stderr
        );
        assert!(scene.world.requests().len() <= 20);
        scene.world.forget_requests();
        recovers(&scene);
        scene.world.forget_requests();
    }
    let world = World::builder().html_only().start_blocking().unwrap();
    let scene = Scene::with(world, [by_index()]);
    // Half a page of links names no file at all, or one without an end: the run may not take it for the whole.
    scene.world.fault("/simple/", Fault::Truncate);
    install(&scene).exits(2);
    recovers(&scene);
}

/// 256 MiB of spaces.
fn gzip_bomb() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let part = vec![b' '; 1 << 20];
    for _ in 0..256 {
        std::io::Write::write_all(&mut encoder, &part).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn answers_of_every_bad_form_are_refused_soon_and_leave_nothing() {
    let kind = |kind: &str| ("content-type", kind.to_owned());
    let page = "application/vnd.pypi.simple.v1+json";
    let encoded = |encoding: &str, body: Vec<u8>| {
        Fault::Encoded(vec![kind(page), ("content-encoding", encoding.to_owned())], body)
    };
    let deep = |open: &str| Fault::Reply(200, vec![kind(page)], open.repeat(100_000));
    let forms = || {
        [
            ("depth", deep("[")),
            ("depth of objects", deep("{\"a\":")),
            ("an encoding that was not asked for", encoded("br", b"{}".to_vec())),
            ("no gzip", encoded("gzip", b"{}".to_vec())),
            ("a gzip bomb", encoded("gzip", gzip_bomb())),
            ("a length that is not kept", Fault::Truncate),
            ("flipped bytes", Fault::Corrupt),
            ("a drip", Fault::Drip(Duration::from_millis(700))),
            ("not UTF-8", Fault::Body(vec![0xff; 5000])),
            ("nothing", Fault::Body(Vec::new())),
        ]
    };
    let places = [
        ("/simple/", by_index as fn() -> Release, 2),
        ("/integrity/", by_index, 1),
        ("/github-objects/", by_release, 1),
    ];
    let refused = |(path, release, code): (&str, fn() -> Release, i32)| {
        let scene = Scene::of([release()]);
        for (form, fault) in forms() {
            // The whole answer may take a minute, unless the search has less time.
            if form == "a drip" && path == "/simple/" {
                continue;
            }
            scene.world.fault(path, fault);
            let run = install_within(&scene, 2);
            assert_eq!(run.code, Some(code), "{path}: {form}\n{}", run.stderr);
            scene.world.clear_faults();
        }
        recovers(&scene);
    };
    std::thread::scope(|threads| {
        for place in places {
            threads.spawn(move || refused(place));
        }
    });
}
