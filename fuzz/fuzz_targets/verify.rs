//! Good signed documents with their structure changed: nothing is accepted that is not a good one, about its own file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_fuzz::edit::edit;
use slsa_pip_fuzz::good::{WORLD, read_answers};
use slsa_pip_fuzz::input::Input;
use slsa_pip_fuzz::verdict::{Question, check};

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let documents = &WORLD.documents;
    let good = &documents[input.below(documents.len())];
    let twist = input.byte();
    let other = &documents[input.below(documents.len())];
    let edited = edit(good, &mut input);
    let answers = read_answers(&edited.answers);
    let year = if twist & 0x10 == 0x10 {
        "2025-01-01T00:00:00Z".parse().unwrap()
    } else {
        WORLD.now
    };
    let question = Question {
        file: if twist & 0x03 == 0x03 { &other.file } else { &good.file },
        repository: if twist & 0x0c == 0x0c {
            other.repository.as_deref()
        } else {
            good.repository.as_deref()
        },
        now: year,
    };
    check(&edited.document, &answers, &question);
});
