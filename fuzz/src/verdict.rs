//! What may be accepted: nothing but the good documents, in whatever spelling, for their own files.

use jiff::Timestamp;
use slsa_pip_provenance::{Evidence, RekorAnswer};
use slsa_pip_verify::StagedFile;

use crate::good::{WORLD, comparable, evidence};
use crate::proof::Proof;

/// Most attestations of one document that are judged each on its own, so that a run stays quick.
const MOST: usize = 8;

/// A question to the verifier.
pub struct Question<'a> {
    /// The file that is to be judged.
    pub file: &'a StagedFile,
    /// The repository that is pinned.
    pub repository: Option<&'a str>,
    /// The time of the run.
    pub now: Timestamp,
}

/// Judges a document.
///
/// # Panics
/// If it is accepted and is not a good one in all parts that matter, about this file, with the verdict that the good one gets.
/// This is the bug that fuzzing looks for.
pub fn check(document: &[u8], answers: &[RekorAnswer], question: &Question<'_>) {
    for evidence in evidence(document, answers).iter().take(MOST) {
        check_one(evidence, question);
    }
}

fn check_one(evidence: &Evidence, question: &Question<'_>) {
    let one = std::slice::from_ref(evidence);
    let Some(verified) = WORLD.judge(question.file, one, question.repository, question.now) else {
        return;
    };
    let (proof, verdict) = (Proof::of(evidence), comparable(&verified));
    let good = WORLD.documents.iter().find(|good| {
        proof.is_of(&good.proof)
            && good.file.sha256() == question.file.sha256()
            && (question.repository.is_none() || question.repository == good.repository.as_deref())
    });
    let Some(good) = good else {
        let nearest = WORLD
            .documents
            .iter()
            .map(|good| (&good.name, proof.differences(&good.proof)));
        let nearest = nearest.min_by_key(|(_, differences)| differences.len());
        panic!("accepted, though it is no good document about this file; nearest: {nearest:#?}");
    };
    assert!(
        question.now >= WORLD.now,
        "accepted before it was signed: {}",
        good.name
    );
    assert_eq!(
        verdict["basis"], good.verdict["basis"],
        "another verdict than that of {}",
        good.name
    );
}
