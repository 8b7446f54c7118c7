//! Any bytes as a document: nothing is accepted that is not one of the good ones, in all parts that matter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_fuzz::good::{WORLD, read_answers};
use slsa_pip_fuzz::verdict::{Question, check};

fuzz_target!(|data: &[u8]| {
    let answers: Vec<_> = WORLD
        .documents
        .iter()
        .flat_map(|good| read_answers(&good.answers))
        .collect();
    // One document of each file.
    for good in [&WORLD.documents[0], &WORLD.documents[2], &WORLD.documents[3]] {
        for repository in [good.repository.as_deref(), None] {
            let question = Question {
                file: &good.file,
                repository,
                now: WORLD.now,
            };
            check(data, &answers, &question);
        }
    }
});
