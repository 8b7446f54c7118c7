//! The inspection of wheels: what it passes, another reader of archives reads to its end and sees alike.
#![no_main]

use std::collections::HashSet;
use std::io::{Cursor, Read as _, sink};

use libfuzzer_sys::fuzz_target;
use zip::ZipArchive;

fuzz_target!(|data: &[u8]| {
    let wheel = "acme-1.0-py3-none-any.whl".parse().expect("a file name");
    match slsa_pip_wheel::inspect(Cursor::new(data), &wheel) {
        Err(defects) => {
            assert!(!defects.is_empty());
            for defect in defects {
                assert!(!defect.to_string().chars().any(char::is_control));
            }
        }
        Ok(inspection) => {
            let mut archive = ZipArchive::new(Cursor::new(data)).expect("another reader opens it");
            assert!(!archive.has_duplicate_names() && archive.comment().is_empty());
            let (mut unpacked, mut names) = (0, HashSet::new());
            for position in 0..archive.len() {
                let mut file = archive.by_index(position).expect("another reader finds each file");
                assert!(file.enclosed_name().is_some() && !file.is_symlink() && !file.encrypted());
                let name = file.name().expect("another reader reads its name").to_lowercase();
                assert!(names.insert(name), "names are unique");
                let limit = inspection.unpacked + 1;
                unpacked += std::io::copy(&mut file.by_ref().take(limit), &mut sink()).expect("its checksum is right");
            }
            assert_eq!(unpacked, inspection.unpacked);
        }
    }
});
