//! Answers of the transparency log, whole; and their entries as the verifier reads them beside a good classic envelope.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_fuzz::good::WORLD;
use slsa_pip_fuzz::verdict::{Question, check};
use slsa_pip_transparency_log::{MAX_ENTRIES_PER_ANSWER, fuzzing};

fuzz_target!(|data: &[u8]| {
    let Some(answers) = fuzzing::answers(data) else { return };
    assert!(answers.len() <= MAX_ENTRIES_PER_ANSWER);
    assert!(
        answers
            .iter()
            .all(|answer| answer.uuid.bytes().all(|byte| byte.is_ascii_hexdigit()))
    );
    for good in WORLD.documents.iter().filter(|good| good.name.starts_with("classic")) {
        let question = Question {
            file: &good.file,
            repository: good.repository.as_deref(),
            now: WORLD.now,
        };
        check(good.text.as_bytes(), &answers, &question);
    }
});
