//! Every byte of what is kept: a change is refused with its code, or changes nothing that is used.

use slsa_pip_test_world::TufRole;
use slsa_pip_trust_root::{Code, open};

use crate::scene::Scene;

/// Most changes tried of a file. Each costs a verification; `SLSA_PIP_MUTATE_ALL` tries all.
const TRIED: usize = 300;

/// What a run would use: the roots and where they come from, but for the time of the last request, which nobody has signed.
fn used(scene: &Scene) -> Result<String, Code> {
    let loaded = open(scene.source(), scene.now)
        .and_then(slsa_pip_trust_root::Opened::locally)
        .map_err(|error| error.code())?;
    let part = &loaded.parts[0];
    Ok(format!(
        "{:?} {:?} {:?}",
        part.contents().unwrap(),
        part.roles,
        part.url
    ))
}

/// A flipped bit of each kind, a byte left out, a byte too many, the end of the file.
fn mutations(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).flat_map(|at| {
        let flipped = [0x01, 0x02, 0x10, 0x20, 0x80].map(|bit| {
            let mut changed = bytes.to_vec();
            changed[at] ^= bit;
            changed
        });
        let mut without = bytes.to_vec();
        without.remove(at);
        let mut more = bytes.to_vec();
        more.insert(at, bytes[at]);
        flipped.into_iter().chain([without, more, bytes[..at].to_vec()])
    })
}

#[track_caller]
fn every_change(file: &str) {
    let mut scene = Scene::new();
    scene.repository.rotate(&[TufRole::Timestamp]);
    scene.load().unwrap();
    scene.offline = true;
    let before = used(&scene).unwrap();
    let path = scene.folder().join(file);
    let bytes = std::fs::read(&path).unwrap();
    let all = std::env::var_os("SLSA_PIP_MUTATE_ALL").is_some();
    // A prime, so that every kind of change has its turn.
    let step = if all { 1 } else { (bytes.len() * 8 / TRIED) | 1 };
    let (mut refused, mut harmless) = (0, 0);
    for changed in mutations(&bytes).step_by(step) {
        std::fs::write(&path, &changed).unwrap();
        match used(&scene) {
            Err(Code::CacheRefused | Code::CacheRollback) => refused += 1,
            other => {
                let text = String::from_utf8_lossy(&changed);
                assert_eq!(other.as_ref(), Ok(&before), "{text}");
                harmless += 1;
            }
        }
    }
    assert!(refused > 3 * harmless, "{file}: {refused} refused, {harmless} harmless");
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(used(&scene).unwrap(), before);
}

#[test]
fn of_the_copy() {
    every_change("copy.json");
}

#[test]
fn of_the_versions() {
    every_change("versions.json");
}
