//! F4: the same bytes give the same verdict, however often, on whichever thread and in whichever order.

use slsa_pip_provenance::Evidence;
use slsa_pip_verify::{Code, Verified};

use crate::common::{attested, judge, pinned};
use crate::documents::{Document, Line, World, documents};
use crate::verdict::{Written, evidence, outcome, written};
use crate::walk::node;

/// Of the changed documents each so many-th is judged again and again.
const STEP: usize = 307;
const TIMES: usize = 3;
const THREADS: usize = 4;

/// The good documents, and some of the changed ones.
fn samples(documents: &[Document]) -> Vec<(&Line, Written)> {
    let mut samples = Vec::new();
    let mut count = 0;
    for document in documents {
        for (index, line) in document.lines.iter().enumerate() {
            samples.push((line, written(document, None)));
            node("", &line.json, &line.donors, document.depth(), &mut |_, _, value| {
                count += 1;
                if count % STEP == 0 {
                    samples.push((line, written(document, Some((index, &value)))));
                }
            });
        }
    }
    samples
}

#[test]
fn a_verdict_is_always_the_same() {
    let world = World::new();
    let documents = documents(&world);
    let samples = samples(&documents);
    let judged = || -> Vec<String> {
        let outcomes = samples
            .iter()
            .map(|(line, written)| outcome(line, written, &world.roots));
        outcomes.map(|outcome| format!("{outcome:?}")).collect()
    };
    let first = judged();
    let accepted = first.iter().filter(|whole| whole.contains("(Ok(")).count();
    assert!(accepted >= documents.len() && first.len() - accepted > 100);
    for _ in 1..TIMES {
        assert_eq!(judged(), first);
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(judged)).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), first);
        }
    });
}

#[test]
fn two_worlds_of_the_same_seed_hold_the_same_documents() {
    let (one, other) = (World::new(), World::new());
    let (documents, others) = (documents(&one), documents(&other));
    for (document, other) in documents.iter().zip(&others) {
        assert_eq!(written(document, None), written(other, None), "{}", document.name);
    }
}

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// What must not hang on the order.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Accepted { level: u8, format: &'static str },
    Refused(Vec<Code>),
}

fn verdict(result: &Result<Verified, Vec<slsa_pip_verify::Refusal>>) -> Verdict {
    match result {
        Ok(verified) => {
            let attested = attested(verified);
            Verdict::Accepted {
                level: attested.build_level,
                format: attested.format,
            }
        }
        Err(refusals) => Verdict::Refused(refusals.iter().map(|refusal| refusal.code).collect()),
    }
}

#[test]
fn the_order_of_evidence_does_not_matter() {
    let world = World::new();
    let documents = documents(&world);
    let of = |name: &str| -> Evidence {
        let document = documents.iter().find(|document| document.name == name).unwrap();
        evidence(&written(document, None)).remove(0)
    };
    let of_other_file = || {
        let lines = documents.iter().find(|document| document.name == "json-lines").unwrap();
        evidence(&written(lines, None)).remove(1)
    };
    let without_log = |name: &str| Evidence {
        log_answers: Vec::new(),
        ..of(name)
    };
    let line = &documents[0].lines[0];
    let (generator, published) = (of("bundle-v0.3 dsse-0.0.1"), of("pep740-attestation"));
    let (own, of_google) = (of("own-workflow"), of("pep740-provenance Google"));
    let unlogged = without_log("classic-with-certificate dsse-0.0.1");
    let good = Verdict::Accepted {
        level: 3,
        format: "Sigstore bundle",
    };
    let own_level = Verdict::Accepted {
        level: 2,
        format: "Sigstore bundle",
    };
    for (evidence, expected) in [
        ([&generator, &published, &own], good),
        ([&published, &unlogged, &own], own_level),
        (
            [&published, &unlogged, &of_other_file()],
            Verdict::Accepted {
                level: 0,
                format: "PEP 740 attestation",
            },
        ),
        (
            [&unlogged, &of_google, &of_other_file()],
            Verdict::Refused(vec![
                Code::RepositoryMismatch,
                Code::LogEntryMissing,
                Code::DigestMismatch,
            ]),
        ),
    ] {
        for order in ORDERS {
            let ordered = order.map(|index| evidence[index].clone());
            let result = judge(&line.file, &ordered, &pinned("acme/foo"), &world.roots);
            assert_eq!(verdict(&result), expected, "{order:?}");
        }
    }
}
