//! Every misbehaviour of a repository, against a client with and without a copy: refused with its code, never passed over
//! for the copy.

use std::time::{Duration, Instant};

use slsa_pip_test_world::{Fault, TufFault, TufRole};
use slsa_pip_trust_root::{Code, QUICK, Repository, Source, open};

use crate::scene::{Scene, another_root, block_on};

/// A client that has a copy, and one that starts from the start root.
#[track_caller]
fn refused(fault: TufFault, code: Code) {
    for with_copy in [true, false] {
        let mut scene = if with_copy {
            Scene::with_old_copy()
        } else {
            Scene::new()
        };
        scene.repository.set_time(scene.now.as_second());
        if matches!(fault, TufFault::TamperedTarget | TufFault::LongerTarget) {
            // What the copy has is not fetched.
            scene.repository.replace_target(&another_root());
        }
        scene.repository.fault(fault);
        assert_eq!(scene.code(), code, "{fault:?}, with a copy: {with_copy}");
        // Nothing of it was kept.
        let kept = std::fs::read_dir(scene.cache.path()).unwrap().count();
        assert_eq!(kept, usize::from(with_copy), "{fault:?}");
        scene.offline = true;
        assert_eq!(scene.load().is_ok(), with_copy, "{fault:?}");
        scene.offline = false;
        assert_eq!(scene.update().expect_err("an update is refused too").code(), code);
    }
}

#[test]
fn expired_metadata() {
    for role in TufRole::ALL {
        refused(TufFault::Expired(role), Code::Expired);
    }
}

#[test]
fn too_few_signatures() {
    for role in TufRole::ALL {
        refused(TufFault::TooFewSignatures(role), Code::Signatures);
        refused(TufFault::BadSignatures(role), Code::Signatures);
    }
}

#[test]
fn one_key_that_is_counted_twice() {
    for role in [TufRole::Root, TufRole::Targets] {
        refused(TufFault::RepeatedSignature(role), Code::RepeatedKey);
    }
    refused(TufFault::RepeatedKey, Code::RepeatedKey);
}

#[test]
fn root_versions() {
    refused(TufFault::SkippedRoot, Code::RootVersion);
    refused(TufFault::RolledBack(TufRole::Root), Code::RootVersion);
    refused(TufFault::RootWithoutOldKeys, Code::Signatures);
    refused(TufFault::RootWithoutNewKeys, Code::Signatures);
    refused(TufFault::ManyRoots(65), Code::TooManyRoots);
}

#[test]
fn a_role_that_needs_no_signature() {
    refused(TufFault::NoThreshold(TufRole::Root), Code::Malformed);
    refused(TufFault::NoThreshold(TufRole::Timestamp), Code::Malformed);
}

#[test]
fn files_that_do_not_belong_together() {
    refused(TufFault::MixedUp, Code::MixedUp);
    refused(TufFault::MixedUpTargets, Code::MixedUp);
}

#[test]
fn the_target() {
    refused(TufFault::TamperedTarget, Code::Target);
    refused(TufFault::LongerTarget, Code::Target);
    refused(TufFault::NoTarget, Code::NoTarget);
    refused(TufFault::UnknownHash, Code::Target);
}

#[test]
fn other_standards_and_types() {
    for role in TufRole::ALL {
        refused(TufFault::SpecVersion(role), Code::Malformed);
        refused(TufFault::Type(role), Code::Malformed);
    }
}

#[test]
fn rolled_back_versions() {
    for role in [TufRole::Timestamp, TufRole::Snapshot, TufRole::Targets] {
        let mut scene = Scene::new();
        scene.repository.replace_target(&another_root());
        scene.load().unwrap();
        scene.pass(25);
        scene.repository.fault(TufFault::RolledBack(role));
        assert_eq!(scene.code(), Code::Rollback, "{role:?}");
    }
}

#[test]
fn an_old_repository_in_the_place_of_the_new_one() {
    let mut scene = Scene::new();
    let old = scene.repository.clone();
    scene.repository.renew();
    scene.load().unwrap();
    scene.pass(25);
    scene.repository = old;
    assert_eq!(scene.code(), Code::Rollback);
}

#[test]
fn a_repository_that_stands_still_is_refused_when_its_timestamp_ends() {
    let mut scene = Scene::with_old_copy();
    scene.pass(5 * 24);
    scene.load().unwrap();
    scene.pass(25);
    assert_eq!(scene.code(), Code::Expired);
    scene.repository.set_time(scene.now.as_second());
    scene.repository.renew();
    scene.load().unwrap();
}

#[test]
fn an_old_root_does_not_bring_its_keys_back() {
    let mut scene = Scene::new();
    let old = scene.repository.clone();
    scene.repository.rotate(&[TufRole::Timestamp, TufRole::Root]);
    scene.load().unwrap();
    scene.pass(25);
    // The repository of before has no second root and a genuine timestamp of keys that count no more.
    scene.repository = old;
    scene.repository.renew();
    scene.repository.renew();
    assert_eq!(scene.code(), Code::Signatures);
}

#[test]
fn answers_without_end() {
    let files = [
        ("2.root.json", Code::TooLarge),
        ("timestamp.json", Code::TooLarge),
        ("snapshot.json", Code::MixedUp),
        ("targets.json", Code::MixedUp),
        ("targets/", Code::Target),
    ];
    for (file, code) in files {
        let mut scene = Scene::new();
        scene.repository.rotate(&[TufRole::Root]);
        scene.world.fault(file, Fault::Endless);
        let begun = Instant::now();
        assert_eq!(scene.code(), code, "{file}");
        assert!(begun.elapsed() < QUICK, "{file}");
    }
}

#[test]
fn answers_that_are_something_else() {
    let garbage: Vec<Fault> = vec![
        Fault::Html,
        Fault::Body(Vec::new()),
        Fault::Body(b"[]".to_vec()),
        Fault::Body(vec![b'['; 10_000]),
        Fault::Body(vec![0xff; 8]),
        Fault::Redirect("ftp://127.0.0.1/".to_owned()),
    ];
    for fault in garbage {
        for file in ["2.root.json", "timestamp.json"] {
            let mut scene = Scene::with_old_copy();
            scene.repository.rotate(&[TufRole::Root]);
            scene.world.fault(file, fault.clone());
            assert_eq!(scene.code(), Code::Malformed, "{fault:?} {file}");
        }
        // What is pinned by a hash is not even parsed, if it is text.
        let scene = Scene::new();
        scene.world.fault("snapshot.json", fault.clone());
        let code = match &fault {
            Fault::Redirect(_) => Code::Malformed,
            Fault::Body(bytes) if bytes.contains(&0xff) => Code::Malformed,
            _ => Code::MixedUp,
        };
        assert_eq!(scene.code(), code, "{fault:?}");
    }
}

#[test]
fn a_redirect_does_not_lead_into_the_private_network() {
    use std::io::{Read as _, Write as _};

    // A proxy, so that the repository has a public name.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let (sender, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).unwrap_or(0);
            let request = String::from_utf8_lossy(&buffer[..read]).into_owned();
            let _ = sender.send(request.lines().next().unwrap_or_default().to_owned());
            let _ = stream.write_all(
                b"HTTP/1.1 302 Found\r\nLocation: http://10.1.2.3/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
    });
    let scene = Scene::new();
    let url = "http://tuf.example/".parse().unwrap();
    let source = Source::Repositories {
        repositories: vec![Repository::custom(&url, scene.repository.start_root()).unwrap()],
        cache: None,
        offline: false,
    };
    let mut settings = slsa_pip_http::Settings::default();
    settings.proxy = Some(proxy);
    let client = slsa_pip_http::Client::new(settings).unwrap();
    let result = block_on(async { open(source, scene.now)?.finish(&client).await });
    assert_eq!(result.unwrap_err().code(), Code::Malformed);
    let asked: Vec<String> = asked.try_iter().collect();
    assert_eq!(asked, ["GET http://tuf.example/2.root.json HTTP/1.1"]);
}

#[test]
fn files_that_are_not_there() {
    for file in ["timestamp.json", "1.snapshot.json", "1.targets.json"] {
        let mut scene = Scene::new();
        scene.repository.remove_file(file);
        assert_eq!(scene.code(), Code::Missing, "{file}");
    }
    let scene = Scene::with_old_copy();
    scene.world.fault("timestamp.json", Fault::Status(401));
    assert_eq!(scene.code(), Code::Missing);
}

#[test]
fn a_genuine_target_that_is_no_trusted_root() {
    for with_copy in [true, false] {
        let mut scene = if with_copy {
            Scene::with_old_copy()
        } else {
            Scene::new()
        };
        for json in [
            "{}",
            "no JSON",
            r#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#,
        ] {
            scene.repository.replace_target(json);
            assert_eq!(scene.code(), Code::RootUnusable);
        }
        // It was not kept, so that it is no obstacle once the repository is repaired.
        scene.repository.replace_target(&another_root());
        assert_eq!(scene.load().unwrap().parts[0].origin.word(), "tuf");
    }
}

#[test]
fn a_server_that_does_not_answer_costs_a_few_seconds_at_most() {
    let scene = Scene::with_old_copy();
    scene.world.fault("/tuf/", Fault::Slow(Duration::from_mins(1)));
    let begun = Instant::now();
    let loaded = scene.load().unwrap();
    assert!(
        begun.elapsed() < QUICK + Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(loaded.parts[0].origin.word(), "cache");
}
