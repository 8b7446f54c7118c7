//! Inspects the wheels that are named and says what was found and how long it took, one line each.

#![allow(clippy::print_stdout)]

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use slsa_pip_wheel::inspect;

fn main() {
    let (mut good, mut bad) = (0, 0);
    for path in std::env::args().skip(1) {
        let name = Path::new(&path).file_name().unwrap_or_default().to_string_lossy();
        let name = name.rsplit("__").next().unwrap_or_default();
        let Ok(filename) = name.parse() else {
            println!("{name}: no wheel");
            continue;
        };
        let began = Instant::now();
        match File::open(&path).map(|file| inspect(file, &filename)) {
            Ok(Ok(inspection)) => {
                good += 1;
                let notes: Vec<String> = inspection
                    .notes
                    .iter()
                    .filter(|note| note.kind.is_unusual())
                    .map(|note| format!("{} {}", note.kind.as_str(), note.name))
                    .collect();
                println!(
                    "ok {name}: {} files, {} bytes, {:?} {}",
                    inspection.files,
                    inspection.unpacked,
                    began.elapsed(),
                    notes.join("; ")
                );
            }
            Ok(Err(defects)) => {
                bad += 1;
                println!("BAD {name}");
                for defect in defects {
                    println!("    {defect} expected {:?} found {:?}", defect.expected, defect.found);
                }
            }
            Err(error) => println!("{name}: {error}"),
        }
    }
    println!("{good} good, {bad} with defects");
}
