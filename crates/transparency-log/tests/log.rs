//! The look-up against the test Sigstore's own log, honest and misleading, up to the verdict on the file (B7).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::field_reassign_with_default,
    reason = "tests"
)]

use std::path::PathBuf;
use std::time::Duration;

use slsa_pip_http::{Client, Settings};
use slsa_pip_policy::Expectation;
use slsa_pip_provenance::{Attestation, ClassicEnvelope, Evidence, Found, RekorAnswer, SourceKind, parse_provenance};
use slsa_pip_test_world::sigstore::LogLie;
use slsa_pip_test_world::statement::{Subject, slsa_v02};
use slsa_pip_test_world::{Fault, Faults, Identity, LogKind, Signed, SigningOptions, World};
use slsa_pip_transparency_log::{LookupError, lookup};
use slsa_pip_verify::{Code, Context, StagedFile, TrustRoots, verify_file};

const WHEEL: &str = "foo-1.0.0-py3-none-any.whl";
const BYTES: &[u8] = b"the wheel's bytes";
const KINDS: [LogKind; 2] = [LogKind::Dsse, LogKind::IntotoV001];

/// SHA-256 of [`BYTES`].
const DIGEST: &str = "43cbcbabeb08809cfffa75ebf31a53906da9997330592d5a97d274e2f1739e11";

fn file() -> StagedFile {
    StagedFile::new(
        PathBuf::from(WHEEL),
        WHEEL.to_owned(),
        DIGEST.parse().unwrap(),
        BYTES.len() as u64,
    )
}

fn sign(world: &World, options: SigningOptions) -> Signed {
    sign_file(world, BYTES, options)
}

fn sign_file(world: &World, bytes: &[u8], options: SigningOptions) -> Signed {
    let identity = Identity::slsa_generator("acme/foo");
    let statement = slsa_v02(&identity, &[Subject::of(WHEEL, bytes)]);
    world.sigstore.sign_statement(&identity, &statement, options)
}

fn options(kind: LogKind, with_certificate: bool) -> SigningOptions {
    SigningOptions {
        log_without_certificate: !with_certificate,
        ..SigningOptions::with_kind(kind)
    }
}

fn classic(text: &str) -> ClassicEnvelope {
    match parse_provenance(text.as_bytes()).attestations[0].item.as_ref() {
        Attestation::Classic(envelope) => envelope.clone(),
        other => panic!("not classic: {other:?}"),
    }
}

async fn ask(world: &World, envelope: &ClassicEnvelope) -> Result<Vec<RekorAnswer>, LookupError> {
    let mut settings = Settings::default();
    settings.retries = 0;
    settings.timeout = Duration::from_secs(5);
    let client = Client::new(settings).unwrap();
    lookup(&client, &world.rekor_url().parse().unwrap(), envelope, file().sha256()).await
}

/// The verdict with the log's answers; `None` for a verified file.
fn verdict(world: &World, envelope: &ClassicEnvelope, log_answers: Vec<RekorAnswer>) -> Option<Code> {
    let evidence = Evidence {
        attestation: Attestation::Classic(envelope.clone()).into(),
        found: Found {
            kind: SourceKind::File,
            location: "test".to_owned(),
            line: None,
        },
        log_answers,
    };
    let expectation = Expectation {
        repositories: vec!["acme/foo".parse().unwrap()],
        pinned_by: Some("--source-uri".to_owned()),
        ..Expectation::default()
    };
    let roots = TrustRoots::new(&world.sigstore.trusted_root_json(), None).unwrap();
    let context = Context {
        roots: &roots,
        expectation: &expectation,
        now: "2026-11-23T00:00:00Z".parse().unwrap(),
        package: None,
    };
    let verdict = verify_file(&file(), &[evidence], &context);
    verdict.err().map(|refusals| refusals[0].code)
}

/// Asks, and judges what was answered.
async fn judged(world: &World, envelope: &ClassicEnvelope) -> Result<Option<Code>, &'static str> {
    match ask(world, envelope).await {
        Ok(answers) => Ok(verdict(world, envelope, answers)),
        Err(error) => Err(error.code()),
    }
}

#[tokio::test]
async fn entries_of_both_shards_are_found_and_verified() {
    let world = World::start().await.unwrap();
    for kind in KINDS {
        for with_certificate in [true, false] {
            for older_shard in [false, true] {
                let faults = Faults {
                    older_shard,
                    ..Faults::default()
                };
                let options = SigningOptions {
                    faults,
                    ..options(kind, with_certificate)
                };
                let signed = sign(&world, options);
                let envelope = classic(&signed.classic_envelope(with_certificate));
                let answers = ask(&world, &envelope).await.unwrap();
                let ids: Vec<_> = answers.iter().map(|answer| answer.uuid.as_str()).collect();
                assert!(ids.contains(&signed.log_uuid()), "{kind:?} {with_certificate}: {ids:?}");
                assert_eq!(
                    signed.log_uuid().starts_with("108e9186e8c5677a"),
                    !older_shard,
                    "{}",
                    signed.log_uuid()
                );
                assert_eq!(
                    verdict(&world, &envelope, answers),
                    None,
                    "{kind:?} {with_certificate} {older_shard}"
                );
            }
        }
    }
}

/// What a log, or whoever stands before it, may answer instead.
#[tokio::test]
async fn a_misleading_log_is_refused() {
    for kind in KINDS {
        for with_certificate in [true, false] {
            let world = World::start().await.unwrap();
            let signed = sign(&world, options(kind, with_certificate));
            let envelope = classic(&signed.classic_envelope(with_certificate));
            // Another file's entry, for the log to give out.
            sign_file(&world, b"another wheel's bytes", options(kind, with_certificate));
            let unreadable = Err("log-unreadable");
            for (lie, expected) in [
                (None, Ok(None)),
                (Some(LogLie::Stale), Ok(None)),
                (Some(LogLie::Repeated), Ok(None)),
                (Some(LogLie::OtherId), unreadable),
                (Some(LogLie::OtherEntry), unreadable),
                (Some(LogLie::DuplicateKeys), unreadable),
                (Some(LogLie::UnknownLog), Ok(Some(Code::LogUnknown))),
                (Some(LogLie::Denial), Ok(Some(Code::LogEntryMissing))),
                // By proposal any entry may come; by id only that one.
                (
                    Some(LogLie::Foreign),
                    if with_certificate {
                        Ok(Some(Code::LogEntryMismatch))
                    } else {
                        unreadable
                    },
                ),
                (Some(LogLie::WithOthers(5000)), Err("log-unreachable")),
                (
                    Some(LogLie::WithOthers(500)),
                    if with_certificate { Ok(None) } else { unreadable },
                ),
                (
                    Some(LogLie::OtherShard),
                    // A shard is no part of what is proven: the tree's id in an entry's id is only a way to find it.
                    if with_certificate { Ok(None) } else { unreadable },
                ),
            ] {
                world.sigstore.mislead(lie);
                let found = judged(&world, &envelope).await;
                assert_eq!(
                    found, expected,
                    "{kind:?}, with certificate {with_certificate}: {lie:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_failing_log_is_no_log_without_an_entry() {
    let world = World::start().await.unwrap();
    let signed = sign(&world, options(LogKind::Dsse, true));
    for with_certificate in [true, false] {
        let envelope = classic(&signed.classic_envelope(with_certificate));
        for (fault, expected) in [
            (Fault::Status(500), "log-status"),
            (Fault::Status(404), "log-status"),
            (Fault::Html, "log-unreadable"),
            (Fault::Corrupt, "log-unreadable"),
            (Fault::Truncate, "log-unreachable"),
            (Fault::Endless, "log-unreachable"),
            (Fault::Body(b"[{}, {".to_vec()), "log-unreadable"),
        ] {
            let shown = format!("{fault:?}");
            world.fault("/rekor/", fault);
            assert_eq!(judged(&world, &envelope).await, Err(expected), "{shown}");
            world.clear_faults();
        }
    }
}

/// Anybody can log entries about the file, and about the very payload.
#[tokio::test]
async fn what_strangers_have_logged_does_not_stand_in_the_way() {
    let world = World::start().await.unwrap();
    let digest = file().sha256().to_hex();
    world.sigstore.log_strangers(60, &digest, None);
    let signed = sign(&world, options(LogKind::IntotoV002, false));
    world.sigstore.log_strangers(60, &digest, None);
    world.sigstore.log_strangers(20, &digest, Some(&signed.payload));
    let envelope = classic(&signed.classic_envelope(false));
    let answers = ask(&world, &envelope).await.unwrap();
    assert_eq!(answers.len(), 21);
    assert_eq!(verdict(&world, &envelope, answers.clone()), None);
    let strangers: Vec<_> = answers
        .into_iter()
        .filter(|answer| answer.uuid != signed.log_uuid())
        .collect();
    assert!(verdict(&world, &envelope, strangers).is_some());
}

/// The paths that are not needed for verification, as people and other tools ask them.
#[tokio::test]
async fn the_log_tells_of_itself() {
    let world = World::start().await.unwrap();
    let signed = sign(&world, SigningOptions::default());
    let client = Client::new(Settings::default()).unwrap();
    let get = async |path: &str| {
        let url = format!("{}/api/v1/{path}", world.rekor_url()).parse().unwrap();
        let response = client.get(&url, Some("application/json"), 1 << 20).await.unwrap();
        (
            response.status,
            serde_json::from_slice::<serde_json::Value>(&response.body).unwrap_or_default(),
        )
    };
    let (status, log) = get("log").await;
    assert_eq!(status, 200);
    assert_eq!(log["treeID"], "1193050959916656506");
    assert_eq!(log["inactiveShards"].as_array().unwrap().len(), 1);
    let head = log["signedTreeHead"].as_str().unwrap();
    assert!(
        head.starts_with(&format!("rekor.test - 1193050959916656506\n{}\n", log["treeSize"])),
        "{head}"
    );
    let (status, entry) = get(&format!("log/entries?logIndex={}", signed.log_index())).await;
    assert_eq!(status, 200);
    assert_eq!(entry, signed.log_answer());
    assert_eq!(
        get(&format!("log/entries/{}", signed.log_uuid())).await.1,
        signed.log_answer()
    );
    assert_eq!(get("log/entries?logIndex=1").await.0, 404);
    assert_eq!(get("log/entries").await.0, 400);
    assert_eq!(get("log/publicKey").await.0, 200);
}
