//! Lock files: read, or refused with a place; what is read is written and read again as the same, chosen from and compared.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slsa_pip_fuzz::input::text;
use slsa_pip_pylock::diff::{Snapshot, compare};
use slsa_pip_pylock::{Place, Source, read, write};

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    match read(text, "pylock.toml") {
        Ok(it) => {
            for package in &it.lock.packages {
                for file in package.files() {
                    assert!(!file.name.contains(['/', '\\']), "{:?}", file.name);
                    match &file.place {
                        Place::Path(path) => {
                            assert!(
                                !path.starts_with('/') && path.split('/').all(|part| part != ".." && !part.is_empty())
                            );
                        }
                        Place::Url(url) => {
                            assert!(matches!(url.scheme(), "http" | "https"), "{url}");
                            assert!(url.username().is_empty() && url.password().is_none(), "{url}");
                        }
                    }
                }
                if let Source::Files { wheels, .. } = &package.source {
                    assert!(wheels.iter().all(|(wheel, _)| wheel.name == package.name));
                }
            }
            // Sorted where it is written, so that only what was written is the same.
            let once = write(&it.lock);
            let again = read(&once, "pylock.toml").expect("what is written is read").lock;
            assert_eq!(write(&again), once);
            let snapshot = Snapshot::from(&again);
            assert!(compare(&snapshot, &snapshot).is_empty(), "a lock differs from itself");
        }
        Err(errors) => {
            let shown = errors.to_string();
            assert!(!shown.is_empty() && !shown.contains('\u{1b}'), "{shown:?}");
        }
    }
});
