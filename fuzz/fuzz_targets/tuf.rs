//! TUF metadata of a good repository with its structure changed: nothing verifies whose signed parts or target differ.
#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use slsa_pip_fuzz::edit::change;
use slsa_pip_fuzz::input::Input;
use slsa_pip_trust_root::fuzzing::verifies;

/// Most changes of one repository.
const MOST: usize = 12;

/// The start root, and then all other files in order: roots, timestamp, snapshot, targets, target.
static GOOD: LazyLock<(String, Vec<String>)> = LazyLock::new(|| {
    let json: Value = serde_json::from_str(include_str!("../good/tuf.json")).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut files: Vec<String> = json["roots"].as_array().expect("a list").iter().map(text).collect();
    files.extend(["timestamp", "snapshot", "targets", "target"].map(|role| text(&json[role])));
    let good = (text(&json["start"]), files);
    assert!(verifies(good.0.as_bytes(), good.1.clone(), at("2025-12-03T00:00:00Z")));
    good
});

fn at(time: &str) -> Timestamp {
    time.parse().expect("a time")
}

fn signed(file: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(file).ok()?;
    value.get("signed").cloned()
}

fuzz_target!(|data: &[u8]| {
    let (start, good) = &*GOOD;
    let mut input = Input::new(data);
    let mut files = good.clone();
    let twist = input.byte();
    for _ in 0..MOST {
        if input.is_empty() {
            break;
        }
        let (place, other) = (input.below(files.len()), input.below(files.len()));
        match input.byte() % 8 {
            0 => files.swap(place, other),
            1 => {
                let copy = files[other].clone();
                files[place] = copy;
            }
            2 => files[place] = input.text(),
            3 => files.insert(place, start.clone()),
            _ => {
                if let Ok(mut json) = serde_json::from_str(&files[place]) {
                    change(&mut json, &mut input);
                    files[place] = json.to_string().replace("\\u0001", "");
                }
            }
        }
    }
    let expired = twist & 3 == 3;
    let now = at(if expired {
        "2025-12-30T00:00:00Z"
    } else {
        "2025-12-03T00:00:00Z"
    });
    if verifies(start.as_bytes(), files.clone(), now) {
        assert!(!expired, "accepted though the timestamp has expired");
        assert_eq!(files.len(), good.len(), "accepted with more or fewer files");
        assert_eq!(files.last(), good.last(), "another target was accepted");
        for (file, good) in files.iter().zip(good).rev().skip(1) {
            assert_eq!(signed(file), signed(good), "other metadata was accepted");
        }
    }
});
