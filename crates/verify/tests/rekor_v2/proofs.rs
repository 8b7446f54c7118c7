//! Inclusion proofs and checkpoints that someone has changed, or taken from elsewhere.

use super::*;

#[test]
fn no_number_or_hash_of_the_proof_can_be_changed() {
    let world = World::new();
    let add = |pointer: String, by: i64| {
        move |bundle: &mut Value| {
            let value = at(bundle, &pointer);
            let number: i64 = value.as_str().unwrap().parse().unwrap();
            *value = (number + by).to_string().into();
        }
    };
    for kind in KINDS {
        let index = format!("{ENTRY}/logIndex");
        let proof_index = format!("{PROOF}/logIndex");
        let cases: [Case<'_>; 9] = [
            ("index", Code::InclusionProofInvalid, &add(index.clone(), 1)),
            (
                "proof's index",
                Code::InclusionProofInvalid,
                &add(proof_index.clone(), 1),
            ),
            ("both", Code::InclusionProofInvalid, &|bundle| {
                add(index.clone(), -1)(bundle);
                add(proof_index.clone(), -1)(bundle);
            }),
            (
                "beyond the tree",
                Code::InclusionProofInvalid,
                &add(proof_index.clone(), 1000),
            ),
            ("size", Code::CheckpointTreeSize, &add(format!("{PROOF}/treeSize"), 1)),
            ("no hashes", Code::InclusionProofInvalid, &|bundle| {
                *at(bundle, &format!("{PROOF}/hashes")) = json!([]);
            }),
            ("one hash twice", Code::InclusionProofInvalid, &|bundle| {
                let hashes = at(bundle, &format!("{PROOF}/hashes")).as_array_mut().unwrap();
                hashes.push(hashes[0].clone());
            }),
            ("too many hashes", Code::OverBudget, &|bundle| {
                let hashes = at(bundle, &format!("{PROOF}/hashes"));
                *hashes = vec![hashes[0].clone(); 65].into();
            }),
            ("body", Code::InclusionProofInvalid, &|bundle| {
                let body = at(bundle, &format!("{ENTRY}/canonicalizedBody"));
                let text = STANDARD.decode(body.as_str().unwrap()).unwrap();
                *body = STANDARD.encode([&text, b" ".as_slice()].concat()).into();
            }),
        ];
        for (name, expected, change) in cases {
            assert_eq!(world.changed(kind, change), Some(expected), "{kind:?}: {name}");
        }
    }
}

/// The log signs under its own name and key id, over its own tree.
#[test]
fn no_other_checkpoint_will_do() {
    let world = World::new();
    for kind in KINDS {
        let edit = |edit: &dyn Fn(&str) -> String| {
            world.changed(kind, |bundle| {
                let checkpoint = at(bundle, CHECKPOINT);
                *checkpoint = edit(checkpoint.as_str().unwrap()).into();
            })
        };
        let line = |text: &str| text.lines().last().unwrap().to_owned();
        let cases: [(&str, Rewrite<'_>); 6] = [
            ("empty", &|_| String::new()),
            ("another origin", &|text| text.replacen("log2025-1", "log2025-2", 1)),
            ("another origin everywhere", &|text| {
                text.replace("log2025-1", "log2025-2")
            }),
            ("signed under another name", &|text| {
                text.replace(&line(text), &line(text).replace("log2025-1", "log2025-2"))
            }),
            ("signed under another key id", &|text| {
                let (head, signature) = text.trim_end().rsplit_once(' ').unwrap();
                let mut bytes = STANDARD.decode(signature).unwrap();
                bytes[0] ^= 1;
                format!("{head} {}\n", STANDARD.encode(bytes))
            }),
            ("another line in what is signed", &|text| {
                text.replacen("\n\n", "\nx\n\n", 1)
            }),
        ];
        for (name, change) in cases {
            assert_eq!(edit(change), Some(Code::CheckpointInvalid), "{kind:?}: {name}");
        }
        let unsigned = |text: &str| text.replace(&line(text), "");
        assert_eq!(edit(&unsigned), Some(Code::CheckpointInvalid), "{kind:?}: no signature");
        let many = |text: &str| format!("{text}{}", format!("{}\n", line(text)).repeat(40));
        assert_eq!(edit(&many), Some(Code::OverBudget), "{kind:?}: many signatures");

        // A log of the same name under another key, in the trusted log's name.
        let genuine = world.sign(kind, Faults::default()).bundle_v03();
        let id = genuine.pointer(&format!("{ENTRY}/logId")).unwrap();
        let unknown = Faults {
            unknown_log: true,
            ..Faults::default()
        };
        let mut bundle = world.sign(kind, unknown).bundle_v03();
        *at(&mut bundle, &format!("{ENTRY}/logId")) = id.clone();
        assert_eq!(
            world.code(&bundle),
            Some(Code::CheckpointInvalid),
            "{kind:?}: same origin"
        );
        // The entry of one trusted log in the name of another.
        let v1 = world.sign(LogKind::Dsse, Faults::default()).bundle_v03();
        let v1 = v1.pointer(&format!("{ENTRY}/logId")).unwrap();
        let other = |bundle: &mut Value| *at(bundle, &format!("{ENTRY}/logId")) = v1.clone();
        assert_eq!(
            world.changed(kind, other),
            Some(Code::CheckpointInvalid),
            "{kind:?}: v1's id"
        );
        // A genuine checkpoint and proof, of another entry.
        let proof = genuine.pointer(PROOF).unwrap();
        let foreign = |bundle: &mut Value| *at(bundle, PROOF) = proof.clone();
        assert_eq!(
            world.changed(kind, foreign),
            Some(Code::InclusionProofInvalid),
            "{kind:?}: proof"
        );
    }
}
