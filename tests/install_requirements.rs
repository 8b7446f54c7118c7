use slsa_pip_test_world::{Evidence, Fault, Identity, Release, Wheel, WheelBuilder};

use crate::support::{Run, Scene};

/// A release with provenance at the index and at GitHub.
pub(crate) fn release(wheel: WheelBuilder) -> Release {
    let wheel = wheel.project_url("Source", "https://github.com/acme/parts").build();
    let tag = format!("{}-{}", wheel.name, wheel.version);
    Release::new(wheel)
        .with(Evidence::pep740(Identity::github("acme/parts")))
        .with(Evidence::classic_release(Identity::slsa_generator("acme/parts"), &tag))
}

/// `rocket`, its parts, and what may be wanted besides.
pub(crate) fn parts() -> Scene {
    let wheel = Wheel::builder;
    Scene::of([
        release(
            wheel("rocket", "1.0")
                .requires("bolt>=1")
                .extra("fast")
                .requires("fuel; extra == 'fast'"),
        ),
        release(
            wheel("rocket", "2.0")
                .requires("bolt>=1")
                .extra("fast")
                .requires("fuel; extra == 'fast'"),
        ),
        release(wheel("rocket", "3.0rc1").requires("bolt>=1")),
        release(wheel("bolt", "1.0")),
        release(wheel("bolt", "1.1")),
        release(wheel("fuel", "0.5")),
        release(wheel("py2only", "1.0")),
    ])
}

/// What a dry run would install, as `name-version`, sorted.
#[track_caller]
fn chosen(scene: &Scene, words: &[&str]) -> Vec<String> {
    files(&Run::of(scene.install(&["--dry-run", "--format", "json"]).args(words)).exits(0))
}

#[track_caller]
pub(crate) fn files(run: &Run) -> Vec<String> {
    let report = run.json();
    assert_eq!(report["installed"], false);
    let files = report["files"].as_array().unwrap().clone();
    let name = |file: serde_json::Value| {
        assert_eq!(file["verdict"], "verified");
        format!(
            "{}-{}",
            file["package"].as_str().unwrap(),
            file["version"].as_str().unwrap()
        )
    };
    let mut names: Vec<String> = files.into_iter().map(name).collect();
    names.sort();
    names
}

fn url(scene: &Scene, path: &str) -> String {
    let index = scene.world.index_url();
    let host = index.split('/').nth(2).unwrap();
    format!("http://{host}/{path}")
}

#[test]
fn requirements_files_have_pips_whole_grammar() {
    let scene = parts();
    std::fs::create_dir(scene.directory.path().join("sub")).unwrap();
    scene.write(
        "top.txt",
        "# a comment, then a line that goes on, one with a marker, and a file that names another\n\
         rocket[fast] \\\n    >= 1.0 , \\\n  < 2   # to the end\n\
         py2only ; python_version < '3'\n-r sub/more.txt\n--constraint=sub/limits.txt\n",
    );
    scene.write("sub/more.txt", "${BOLT}\n-r deeper.txt");
    scene.write("sub/deeper.txt", "fuel\n\n");
    scene.write("sub/limits.txt", "bolt<1.1\n");
    let mut command = scene.install(&["--dry-run", "--format", "json", "-r", "top.txt"]);
    let run = Run::of(command.env("BOLT", "bolt")).exits(0);
    assert_eq!(files(&run), ["bolt-1.0", "fuel-0.5", "rocket-1.0"]);
}

#[test]
fn options_inside_a_file_hold_for_the_run() {
    let scene = parts();
    scene.write("pre.txt", "--pre\nrocket\n");
    assert_eq!(chosen(&scene, &["-r", "pre.txt"]), ["bolt-1.1", "rocket-3.0rc1"]);
    let index = scene.world.index_url();
    scene.write("index.txt", &format!("--index-url {index}\nbolt\n"));
    let mut command = scene.install(&["--dry-run", "--format", "json", "-r", "index.txt"]);
    let run = Run::of(command.env("PIP_INDEX_URL", "http://127.0.0.1:9/simple")).exits(0);
    assert_eq!(files(&run), ["bolt-1.1"]);
    scene.write("none.txt", "--no-index\nbolt\n");
    Run::of(&mut scene.install(&["-r", "none.txt"]))
        .exits(2)
        .says("`bolt` was not found");
}

#[test]
fn remote_files_are_read_by_pip_and_may_name_others_beside_them() {
    let scene = parts();
    let text = |body: &str| Fault::Reply(200, vec![("content-type", "text/plain".to_owned())], body.to_owned());
    scene.world.fault("/lists/all.txt", text("rocket<2\n-c limits.txt\n"));
    scene.world.fault("/lists/limits.txt", text("bolt==1.0\n"));
    let all = url(&scene, "lists/all.txt");
    assert_eq!(chosen(&scene, &["-r", &all]), ["bolt-1.0", "rocket-1.0"]);
    let limits = url(&scene, "lists/limits.txt");
    assert_eq!(chosen(&scene, &["bolt", "-c", &limits]), ["bolt-1.0"]);
    let gone = url(&scene, "lists/gone.txt");
    Run::of(&mut scene.install(&["-r", &gone])).exits(2).says("404");
}

#[test]
fn what_pip_cannot_parse_is_told_with_file_line_and_caret() {
    let scene = parts();
    scene.write("bad.txt", "bolt\n\nrocket >> 1\n");
    for (words, texts) in [
        (["-r", "bad.txt"], ["bad.txt", "line 3"]),
        (["--no-deps", "rocket >> 1"], ["rocket >> 1", "\"urllib3>=2,<3\""]),
    ] {
        let mut run = Run::of(&mut scene.install(&words)).exits(2).says("Invalid requirement");
        for text in texts {
            run = run.says(text);
        }
        assert_eq!(run.stdout, "");
    }
    scene.write("option.txt", "bolt\n--no-such-option\n");
    Run::of(&mut scene.install(&["-r", "option.txt"]))
        .exits(2)
        .says("no such option: --no-such-option");
    scene.write("editable.txt", "-e ./folder\n");
    for words in [["-e", "./folder"], ["-r", "editable.txt"]] {
        Run::of(&mut scene.install(&words))
            .exits(2)
            .says("ditable")
            .says("folder");
    }
    scene.write("loop.txt", "-r absent.txt\n");
    Run::of(&mut scene.install(&["-r", "loop.txt"]))
        .exits(2)
        .says("absent.txt");
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn with_hashes_everything_needs_one_and_a_pin() {
    let scene = parts();
    let sha256 = |name: &str, version: &str| {
        let wheel = Wheel::builder(name, version);
        let wheel = if name == "rocket" {
            wheel
                .requires("bolt>=1")
                .extra("fast")
                .requires("fuel; extra == 'fast'")
        } else {
            wheel
        };
        wheel
            .project_url("Source", "https://github.com/acme/parts")
            .build()
            .sha256()
    };
    let line = |name: &str, version: &str| format!("{name}=={version} --hash=sha256:{}\n", sha256(name, version));
    let both = format!("{}{}", line("rocket", "1.0"), line("bolt", "1.0"));
    scene.write("both.txt", &both);
    assert_eq!(chosen(&scene, &["-r", "both.txt"]), ["bolt-1.0", "rocket-1.0"]);
    scene.write("one.txt", &line("rocket", "1.0"));
    scene.write("unpinned.txt", &format!("{both}fuel\n"));
    scene.write("unhashed.txt", "rocket==1.0\nbolt==1.0\n");
    for (words, text) in [
        (vec!["-r", "one.txt"], "`bolt` has none"),
        (vec!["-r", "unpinned.txt"], "`fuel` has none"),
        (vec!["-r", "unhashed.txt", "--require-hashes"], "`rocket` have none"),
        (vec!["rocket==1.0", "--require-hashes"], "have none"),
    ] {
        Run::of(&mut scene.install(&words))
            .exits(2)
            .says("ashes are required")
            .says(text);
    }
    // A pin and a hash may come from different files; without dependencies one is enough.
    scene.write("hashes.txt", &line("rocket", "1.0"));
    assert_eq!(chosen(&scene, &["--no-deps", "-r", "hashes.txt"]), ["rocket-1.0"]);
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn constraints_limit_and_request_nothing() {
    let scene = parts();
    scene.write("limits.txt", "rocket==1.0\nfuel==0.5\nbolt<1.1\n");
    assert_eq!(
        chosen(&scene, &["rocket", "-c", "limits.txt"]),
        ["bolt-1.0", "rocket-1.0"]
    );
    scene.write("impossible.txt", "bolt<1\n");
    Run::of(&mut scene.install(&["rocket", "-c", "impossible.txt"]))
        .exits(2)
        .says("bolt");
    // A constraint may name the file to take.
    let bolt = url(&scene, "files/bolt-1.0-py3-none-any.whl");
    scene.write("file.txt", &format!("bolt @ {bolt}\n"));
    assert_eq!(
        chosen(&scene, &["rocket==1.0", "-c", "file.txt"]),
        ["bolt-1.0", "rocket-1.0"]
    );
}

#[test]
fn pips_options_decide_what_is_chosen() {
    let scene = parts();
    let with_bolt = |rocket: &str| vec!["bolt-1.1".to_owned(), format!("rocket-{rocket}")];
    for (words, found) in [
        (vec!["rocket"], with_bolt("2.0")),
        (vec!["rocket", "--pre"], with_bolt("3.0rc1")),
        (vec!["rocket==3.0rc1"], with_bolt("3.0rc1")),
        (vec!["rocket", "--no-deps"], vec!["rocket-2.0".to_owned()]),
        (
            vec!["rocket", "--only-binary=:all:", "--prefer-binary"],
            with_bolt("2.0"),
        ),
    ] {
        assert_eq!(chosen(&scene, &words), found, "{words:?}");
    }
    Run::of(&mut scene.install(&["rocket", "--no-binary", "bolt"]))
        .exits(2)
        .says("bolt");
    // pip knows its own options, and an older one fewer of them.
    Run::of(&mut scene.install(&["rocket", "--group", "no-such-group"]))
        .exits(2)
        .says("group");
    Run::of(&mut scene.install(&["rocket", "--timeout", "soon"]))
        .exits(2)
        .says("--timeout");
    // Its index says of no file when it was uploaded, or the pip is too old to know the option: no file in either case.
    Run::of(&mut scene.install(&["rocket", "--uploaded-prior-to", "2020-01-01"])).exits(2);
}

#[test]
fn wheels_for_another_platform_go_to_a_folder_only() {
    let wheel = Wheel::builder("native", "1.0");
    let scene = Scene::of([release(wheel.tag("cp313-cp313-win_amd64"))]);
    let other = [
        "native",
        "--platform",
        "win_amd64",
        "--python-version",
        "3.13",
        "--only-binary=:all:",
    ];
    assert_eq!(chosen(&scene, &other), ["native-1.0"]);
    Run::of(scene.install(&["native"])).exits(2).says("native");
    Run::of(scene.command(&["install"]).args(other))
        .exits(2)
        .says("`--target`");
    Run::of(&mut scene.install(&other)).exits(0);
    assert_eq!(scene.installed(), ["native-1.0"]);
}

#[test]
fn a_wheel_that_is_named_by_url_or_path_is_verified_like_any_other() {
    let scene = parts();
    let bolt = url(&scene, "files/bolt-1.0-py3-none-any.whl");
    let digest = Wheel::builder("bolt", "1.0")
        .project_url("Source", "https://github.com/acme/parts")
        .build();
    let named = format!("bolt @ {bolt}#sha256={}", digest.sha256());
    let run = Run::of(scene.install(&["--dry-run", "--format", "json", &named, "rocket==1.0"])).exits(0);
    assert_eq!(files(&run), ["bolt-1.0", "rocket-1.0"]);
    let report = run.json();
    assert_eq!(report["files"][0]["origin"], bolt);
    assert_eq!(report["files"][0]["evidence"]["kind"], "build");
    assert_eq!(report["files"][1].get("origin"), None);

    let path = scene.directory.path().join(&digest.filename);
    std::fs::write(&path, &digest.bytes).unwrap();
    for words in [
        vec!["./bolt-1.0-py3-none-any.whl"],
        vec![path.to_str().unwrap()],
        vec![bolt.as_str()],
    ] {
        assert_eq!(chosen(&scene, &words), ["bolt-1.0"], "{words:?}");
    }
    // Other bytes under the same name have no provenance; and a hash that is named must hold.
    std::fs::write(&path, digest.tampered().bytes).unwrap();
    let run = Run::of(scene.install(&["--format", "json", "./bolt-1.0-py3-none-any.whl"])).exits(1);
    assert_eq!(run.codes(), ["no-evidence"]);
    let lie = format!("bolt @ {bolt}#sha256={}", "0".repeat(64));
    let run = Run::of(scene.install(&["--format", "json", &lie])).exits(1);
    assert_eq!(run.codes(), ["index-digest-mismatch"]);
    for (word, text) in [
        ("bolt @ git+https://git.example/bolt", "version control"),
        ("bolt @ https://files.example/bolt-1.0.tar.gz", "wheel"),
    ] {
        Run::of(&mut scene.install(&[word])).exits(2).says(text);
    }
    assert_eq!(scene.installed(), Vec::<String>::new());
}

#[test]
fn the_index_that_each_file_came_from_is_told_where_there_are_several() {
    let private = Scene::of([release(Wheel::builder("rocket", "1.0").requires("bolt"))]);
    let public = parts();
    let (first, second) = (private.world.index_url(), public.world.index_url());
    let words = ["rocket", "--dry-run", "--format", "json", "--extra-index-url", &second];
    let install = |more: &[&str]| {
        let mut command = private.install(&words);
        Run::of(command.args(more).env("SLSA_PIP_GITHUB_URL", public.world.github_url()))
    };
    // What the first index has is not looked for on another one, however new.
    let run = install(&[]);
    let report = run.json();
    let origin = |at: usize| {
        report["files"][at]["origin"]
            .as_str()
            .unwrap()
            .trim_end_matches('/')
            .to_owned()
    };
    assert_eq!(report["files"][0]["package"], "bolt");
    assert_eq!(origin(0), second.trim_end_matches('/'));
    assert_eq!(
        (&report["files"][1]["version"], origin(1)),
        (&"1.0".into(), first.trim_end_matches('/').to_owned())
    );
    let report = install(&["--index-strategy", "unsafe-best-match"]).json();
    assert_eq!(report["files"][1]["version"], "2.0");
    assert!(
        report["notes"].to_string().contains("unsafe-best-match"),
        "{}",
        report["notes"]
    );
    // Policy says from where.
    private.write("slsa-pip.toml", &format!("[packages.rocket]\nindex = \"{second}\"\n"));
    let report = install(&[]).json();
    assert_eq!(report["files"][1]["version"], "2.0");
}
