//! Statements with every value changed before they are signed: what a repository's own workflow writes is forgeable, so every field
//! that says where a file comes from must equal its claim (D5).

use serde_json::Value;
use slsa_pip_test_world::statement::{publish, slsa_v1};

use crate::documents::{GOOD, World};
use crate::harmless::Harmless;
use crate::walk::{Depth, node};

/// Changes that each statement must at least stand.
const LEAST: usize = 100;

#[test]
fn a_signature_does_not_make_a_changed_statement_true() {
    let world = World::new();
    let identity = GOOD.own();
    let statements: [(&str, Value); 2] = [
        ("signed slsa-v1", slsa_v1(&identity, &GOOD.subjects())),
        ("signed publish-v1", publish(&GOOD.subjects())),
    ];
    let harmless = Harmless::read(include_str!("../leaves.harmless"));
    let mut wrong = Vec::new();
    for (name, statement) in &statements {
        assert_eq!(world.signed(statement), None, "{name}");
        let mut count = 0;
        let depth = Depth { stride: 1, thin: true };
        node("", statement, &Vec::new(), depth, &mut |place, change, value| {
            count += 1;
            if world.signed(&value).is_none() && !harmless.lists(name, place, change) {
                wrong.push(format!("{name} | {place} | {change}"));
            }
        });
        assert!(count >= LEAST, "{name}: only {count}");
        eprintln!("{name}: {count} changes");
    }
    assert!(wrong.is_empty(), "accepted:\n{}", wrong.join("\n"));
    let unused = harmless.unused().into_iter();
    let unused: Vec<_> = unused.filter(|line| line.starts_with("signed ")).collect();
    assert_eq!(unused, Vec::<&str>::new(), "entries without use");
}
