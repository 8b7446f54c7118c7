//! Wheels that are wrong in one way each are refused for that, and odd ones that are right pass.

#![allow(
    clippy::expect_used,
    reason = "names that are no wheel's would be a mistake of the cases"
)]

use std::io::Cursor;

use slsa_pip_test_world::malformed::{self, Case};
use slsa_pip_wheel::{Defect, DefectKind, Inspection, NoteKind, inspect};

fn look(case: &Case) -> Result<Inspection, Vec<Defect>> {
    let filename = case.filename.parse().expect("a wheel's name");
    inspect(Cursor::new(&case.bytes), &filename)
}

fn codes(defects: &[Defect]) -> Vec<&'static str> {
    let mut codes: Vec<_> = defects.iter().map(|defect| defect.kind.as_str()).collect();
    codes.dedup();
    codes
}

#[test]
fn every_defect_is_found_and_no_other() {
    let cases = malformed::bad();
    let mut wrong = Vec::new();
    for case in &cases {
        match look(case) {
            Ok(_) => wrong.push(format!("{}: passes", case.name)),
            Err(defects) if codes(&defects) == case.codes => {}
            Err(defects) => {
                let list: Vec<String> = defects.iter().map(ToString::to_string).collect();
                wrong.push(format!(
                    "{}: {} instead of {:?}",
                    case.name,
                    list.join("; "),
                    case.codes
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() >= 100, "{}", cases.len());
}

#[test]
fn every_kind_of_defect_has_a_case() {
    let cases = malformed::bad();
    for kind in DefectKind::ALL {
        assert!(cases.iter().any(|case| case.codes.contains(&kind.as_str())), "{kind}");
    }
}

#[test]
fn what_real_tools_write_passes() {
    for case in malformed::good() {
        let inspection = look(&case).unwrap_or_else(|defects| panic!("{}: {defects:?}", case.name));
        let mut archive = zip::ZipArchive::new(Cursor::new(&case.bytes)).expect(case.name);
        let mut unpacked = 0;
        for position in 0..archive.len() {
            let mut file = archive.by_index(position).expect(case.name);
            unpacked += std::io::copy(&mut file, &mut std::io::sink()).expect(case.name);
        }
        assert_eq!(inspection.unpacked, unpacked, "{}", case.name);
    }
}

#[test]
fn what_is_unusual_is_told() {
    let told = |name: &str| -> Vec<NoteKind> {
        let case = malformed::good()
            .into_iter()
            .find(|case| case.name == name)
            .expect(name);
        let inspection = look(&case).expect(name);
        inspection.notes.iter().map(|note| note.kind).collect()
    };
    assert_eq!(told("a file that Python runs at its start"), [NoteKind::PthFile]);
    assert_eq!(told("entry points"), [NoteKind::Script]);
    let places = [
        NoteKind::OtherModule,
        NoteKind::Script,
        NoteKind::DataFile,
        NoteKind::Header,
    ];
    assert_eq!(told("all places"), places);
    assert!(told("as most tools write it").is_empty());
}

#[test]
fn any_byte_that_is_changed_is_noticed_or_means_nothing() {
    let case = malformed::good().into_iter().next().expect("a wheel");
    let good = look(&case).expect("it is good");
    for position in 0..case.bytes.len() {
        let mut changed = case.clone();
        changed.bytes[position] ^= 0x41;
        if let Ok(inspection) = look(&changed) {
            assert_eq!(inspection, good, "byte {position}");
        }
    }
    for length in 0..case.bytes.len() {
        let mut cut = case.clone();
        cut.bytes.truncate(length);
        assert!(look(&cut).is_err(), "{length} bytes");
    }
}
