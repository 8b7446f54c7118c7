use serde_json::Value;
use slsa_pip_test_world::{Fault, Release, Wheel, World};

use crate::install_requirements::release;
use crate::support::{Run, Scene, folder};

/// A private index with `rocket` 1.0, whose `bolt` is public, and a public one where somebody has put `rocket` 9.0.
fn confusing() -> (Scene, Scene) {
    let private = Scene::of([release(Wheel::builder("rocket", "1.0").requires("bolt"))]);
    let public = Scene::of([
        release(Wheel::builder("rocket", "9.0")),
        release(Wheel::builder("bolt", "2.0")),
    ]);
    (private, public)
}

/// What would be taken, as `name-version`, with where it comes from.
#[track_caller]
fn taken(run: &Run) -> Vec<(String, String)> {
    let document = run.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = document["packages"].as_array().expect("packages").clone();
    let packages = packages.iter().map(|package| {
        let name = format!("{}-{}", text(&package["name"]), text(&package["version"]));
        (name, text(&package["index"]))
    });
    packages.collect()
}

fn resolve(scene: &Scene, words: &[&str]) -> Run {
    Run::of(scene.command(&["resolve", "--format", "json"]).args(words))
}

fn asked(world: &World, project: &str) -> usize {
    world.request_count(&format!("/simple/{project}/"))
}

#[test]
fn an_attackers_higher_version_on_a_later_index_is_not_taken() {
    let (private, public) = confusing();
    let (first, second) = (private.world.index_url(), public.world.index_url());
    let words = ["rocket", "--extra-index-url", &second];
    let expected = [
        ("bolt-2.0".to_owned(), second.clone()),
        ("rocket-1.0".to_owned(), first.clone()),
    ];
    assert_eq!(taken(&resolve(&private, &words).exits(0)), expected);
    assert_eq!(
        (asked(&private.world, "rocket"), asked(&public.world, "rocket")),
        (1, 0)
    );
    // pip's way only for who asks for it, and said.
    let run = resolve(
        &private,
        &[&words[..], &["--index-strategy", "unsafe-best-match"]].concat(),
    )
    .exits(0);
    assert_eq!(taken(&run), [("rocket-9.0".to_owned(), second)]);
    assert!(run.stdout.contains("is on 2 indexes"), "{}", run.stdout);
}

/// Only "not found" says that an index does not have a project. Whatever else it answers, the next is not asked.
#[test]
fn an_index_that_fails_is_not_passed_over() {
    let (private, public) = confusing();
    let second = public.world.index_url();
    let words = ["rocket", "--extra-index-url", &second, "--retries", "0"];
    for (fault, says) in [
        (Fault::Status(401), "status 401"),
        (Fault::Status(403), "status 403"),
        (Fault::Status(500), "status 500"),
        (Fault::Status(503), "status 503"),
        (Fault::Status(204), "status 204"),
        (Fault::Html, "log-in page"),
        (Fault::Truncate, "truncated"),
    ] {
        private.world.fault("/simple/rocket/", fault.clone());
        let run = resolve(&private, &words).exits(2);
        assert!(run.stderr.contains(says), "{fault:?}: {}", run.stderr);
        assert_eq!(asked(&public.world, "rocket"), 0, "{fault:?}");
        private.world.clear_faults();
    }
    for status in [404, 410] {
        private.world.fault("/simple/rocket/", Fault::Status(status));
        let names = taken(&resolve(&private, &words).exits(0));
        assert_eq!(names[0].0, "rocket-9.0", "{status}");
        private.world.clear_faults();
        public.world.forget_requests();
    }
}

#[test]
fn an_assigned_package_is_looked_for_in_no_other_place() {
    let (private, public) = confusing();
    let second = public.world.index_url();
    let links = folder();
    let planted = Wheel::builder("rocket", "99").build();
    std::fs::write(links.path().join(&planted.filename), &planted.bytes).unwrap();
    let links = links.path().to_str().unwrap().to_owned();
    let words = ["rocket", "--extra-index-url", &second, "--find-links", &links];
    // Find-links are the user's own word, and come first.
    assert_eq!(taken(&resolve(&private, &words).exits(0))[0].0, "rocket-99");
    for (index, version) in [
        (private.world.index_url(), "rocket-1.0"),
        (second.clone(), "rocket-9.0"),
    ] {
        private.write("slsa-pip.toml", &format!("[packages.rocket]\nindex = \"{index}\"\n"));
        let run = resolve(&private, &words).exits(0);
        assert!(taken(&run).contains(&(version.to_owned(), index)), "{}", run.stdout);
        assert!(run.stdout.contains("alone, as policy says"), "{}", run.stdout);
    }
    // What its index does not have is nowhere.
    private.world.forget_requests();
    public.world.fault("/simple/rocket/", Fault::Status(404));
    resolve(&private, &words).exits(2).says("`rocket` was not found");
    assert_eq!(asked(&private.world, "rocket"), 0);
}

#[test]
fn a_login_goes_to_its_own_index() {
    let (private, public) = confusing();
    // `user:pa55-word`
    let login = "Basic dXNlcjpwYTU1LXdvcmQ=";
    private.world.fault("/simple/", Fault::Login(login.to_owned()));
    private.world.fault("/files/", Fault::Login(login.to_owned()));
    let with_login = |url: &str| url.replace("http://", "http://user:pa55-word@");
    let (first, second) = (private.world.index_url(), public.world.index_url());
    for urls in [
        [with_login(&first), second.clone()],
        [second.clone(), with_login(&first)],
    ] {
        let mut command = private.command(&["resolve", "rocket", "bolt", "--index-url", &urls[0]]);
        let run = Run::of(command.args(["--extra-index-url", &urls[1]])).exits(0);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("pa55-word"));
        let seen = public.world.requests();
        assert!(
            !seen.is_empty() && seen.iter().all(|it| it.authorization.is_none()),
            "{seen:?}"
        );
        public.world.forget_requests();
    }
    let sent: Vec<_> = private
        .world
        .requests()
        .into_iter()
        .map(|it| it.authorization)
        .collect();
    assert!(
        !sent.is_empty() && sent.iter().all(|it| it.as_deref() == Some(login)),
        "{sent:?}"
    );
    // A page with a file on the other host takes no login there.
    let page = Release::new(Wheel::builder("probe", "1.0").build());
    let file = page.wheel.filename.clone();
    public.world.publish(page);
    let host = second.trim_end_matches("/simple/");
    let body = format!("<a href=\"{host}/files/{file}\">x</a>");
    private.world.clear_faults();
    let html = vec![("content-type", "text/html".to_owned())];
    private.world.fault("/simple/probe/", Fault::Reply(200, html, body));
    Run::of(&mut private.command(&["resolve", "probe", "--index-url", &with_login(&first)])).exits(0);
    let seen = public.world.requests();
    assert!(seen.iter().any(|it| it.path.starts_with("/files/probe")), "{seen:?}");
    assert!(seen.iter().all(|it| it.authorization.is_none()), "{seen:?}");
}

#[test]
fn folders_pages_and_archives_are_links() {
    let scene = Scene::of([
        release(Wheel::builder("rocket", "1.0").requires("bolt")),
        release(Wheel::builder("bolt", "2.0")),
    ]);
    let host = scene.world.index_url().trim_end_matches("/simple/").to_owned();
    let html = || vec![("content-type", "text/html; charset=utf-8".to_owned())];
    let page = |path: &str, body: &str| {
        scene.world.fault(path, Fault::Reply(200, html(), body.to_owned()));
        format!("{host}{path}")
    };
    let (rocket, bolt) = ("rocket-1.0-py3-none-any.whl", "bolt-2.0-py3-none-any.whl");
    let relative = page(
        "/deep/links.html",
        &format!("<a href='../files/{rocket}'>x</a> <a href=\"/files/{bolt}\">y</a> <a href='other-1.0.tar.gz'>z</a>"),
    );
    let based = page(
        "/based",
        &format!(
            "<html><head><base href=\"/files/\"></head><body><a href={rocket}>x</a><a href={bolt}>x</a></body></html>"
        ),
    );
    let directory = folder();
    for file in [rocket, bolt] {
        std::fs::write(directory.path().join(file), fetched(&format!("{host}/files/{file}"))).unwrap();
    }
    let path = directory.path().to_str().unwrap().to_owned();
    let archives = [format!("{path}/{rocket}"), format!("{host}/files/{bolt}")];
    let local = directory.path().join("index.html");
    std::fs::write(
        &local,
        format!("<a href='{rocket}'>x</a><a href='{host}/files/{bolt}'>x</a>"),
    )
    .unwrap();
    let places: [&[String]; 6] = [
        &[relative],
        &[based],
        std::slice::from_ref(&path),
        &[format!("file://{path}")],
        &archives,
        &[local.to_str().unwrap().to_owned()],
    ];
    for links in places {
        scene.world.forget_requests();
        let mut command = scene.command(&["resolve", "rocket", "--no-index", "--format", "json"]);
        for link in links {
            command.args(["--find-links", link]);
        }
        let run = Run::of(command).exits(0);
        let names: Vec<_> = taken(&run).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["bolt-2.0", "rocket-1.0"], "{links:?}");
        assert_eq!(scene.world.request_count("/simple/"), 0, "{links:?}");
    }
    // Without any of them there is nothing, and nobody is asked.
    scene.world.forget_requests();
    let run = Run::of(&mut scene.command(&["resolve", "rocket", "--no-index"])).exits(2);
    run.says("`rocket` was not found");
    assert_eq!(scene.world.requests(), []);
}

/// The body at a URL of this machine.
fn fetched(url: &str) -> Vec<u8> {
    use std::io::{Read as _, Write as _};
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    answer.split_off(head + 4)
}

#[test]
fn html_and_json_of_an_index_lead_to_the_same_files() {
    let releases = || {
        [
            release(Wheel::builder("rocket", "1.0").requires("bolt")),
            release(Wheel::builder("bolt", "1.0")),
            release(Wheel::builder("bolt", "1.1")).yanked("broken"),
            release(Wheel::builder("bolt", "2.0").requires_python(">=9")),
        ]
    };
    let scenes = [
        Scene::of(releases()),
        Scene::with(World::builder().html_only().start_blocking().unwrap(), releases()),
        Scene::with(
            World::builder()
                .html_only()
                .without_metadata_files()
                .start_blocking()
                .unwrap(),
            releases(),
        ),
    ];
    for scene in scenes {
        let run = resolve(&scene, &["rocket"]).exits(0);
        let names: Vec<_> = taken(&run).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["bolt-1.0", "rocket-1.0"]);
        Run::of(&mut scene.install(&["rocket"])).exits(0);
        assert_eq!(scene.installed(), ["bolt-1.0", "rocket-1.0"]);
    }
}

#[test]
fn the_status_of_a_project_is_told_and_a_quarantined_one_has_no_files() {
    let scene = Scene::of([release(Wheel::builder("rocket", "1.0"))]);
    let second = Scene::of([release(Wheel::builder("rocket", "9.0"))]);
    let page = String::from_utf8(fetched(&format!("{}rocket/", scene.world.index_url()))).unwrap();
    let active = "<meta name=\"pypi:project-status\" content=\"active\">";
    assert!(page.contains(active), "{page}");
    for (status, says, found) in [
        ("archived", "is archived", true),
        ("deprecated", "is deprecated", true),
        ("quarantined", "is quarantined as unsafe", false),
    ] {
        let meta = format!(
            "<meta name=\"pypi:project-status\" content=\"{status}\"><meta name=\"pypi:project-status-reason\" content=\"see there\">"
        );
        let html = vec![("content-type", "text/html".to_owned())];
        scene
            .world
            .fault("/simple/rocket/", Fault::Reply(200, html, page.replace(active, &meta)));
        let extra = second.world.index_url();
        let mut command = scene.install(&["rocket", "--dry-run", "--extra-index-url", &extra]);
        let run = Run::of(&mut command).exits(if found { 0 } else { 2 });
        run.says(says).says("see there");
        assert_eq!(second.world.requests(), [], "{status}");
        scene.world.clear_faults();
    }
}

#[test]
fn a_download_that_breaks_off_is_gone_on_with() {
    let release = release(Wheel::builder("rocket", "1.0"));
    let size = release.wheel.bytes.len();
    // Without METADATA beside it, whose requests would break off as well.
    let world = World::builder().without_metadata_files().start_blocking().unwrap();
    let scene = Scene::with(world, [release]);
    let file = "/files/rocket-1.0-py3-none-any.whl";
    let ranges = || {
        let requests = scene.world.requests();
        let files = requests.into_iter().filter(|it| it.path == file);
        files.map(|it| (it.range, it.status)).collect::<Vec<_>>()
    };
    scene.world.fault_times(file, Fault::Truncate, 2);
    Run::of(&mut scene.install(&["rocket"])).exits(0);
    assert_eq!(scene.installed(), ["rocket-1.0"]);
    let asked = ranges();
    let [(None, 200), (Some(first), 206), (Some(second), 206)] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    let start = |range: &str| range["bytes=".len()..].trim_end_matches('-').parse::<usize>().unwrap();
    let (first, second) = (start(first), start(second));
    // Half of what was asked for came each time.
    assert_eq!(first, size / 2);
    assert_eq!(second, first + (size - first) / 2);
}
