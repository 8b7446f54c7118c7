//! Long backtracking, counted in rounds: how often one answer had to be waited for before the next could be asked for.
#![expect(clippy::format_push_string, reason = "worlds are written as text")]

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::world::{chosen, request, world};

/// Rounds and metadata files of a resolution in which each answer takes `LATENCY`.
async fn measure(index: &str, requirements: &[&str], expected: &str) -> (usize, usize) {
    let mut world = world(index);
    world.latency = LATENCY;
    let found = chosen(&world, &request(requirements)).await;
    assert!(found.contains(expected), "{found}");
    let (rounds, files) = (
        world.rounds.load(Ordering::Relaxed),
        world.metadata_fetches.load(Ordering::Relaxed),
    );
    (rounds, files)
}

const LATENCY: Duration = Duration::from_millis(10);

#[tokio::test]
async fn a_deep_tree_without_conflicts_takes_as_many_rounds_as_it_is_deep() {
    let mut index = String::new();
    for level in 0..10 {
        for place in 0..6 {
            index.push_str(&format!(
                "p{level}x{place} 1 -> p{}x0 | p{}x1 | p{}x{place}\n",
                level + 1,
                level + 1,
                level + 1
            ));
        }
    }
    for place in 0..6 {
        index.push_str(&format!("p10x{place} 1\n"));
    }
    let all = ["p0x0", "p0x1", "p0x2", "p0x3", "p0x4", "p0x5"];
    let (rounds, files) = measure(&index, &all, "p10x5 1").await;
    assert_eq!(files, 66);
    assert!(rounds <= 24, "{rounds}");
}

#[tokio::test]
async fn one_project_of_many_releases_is_gone_through_in_batches() {
    let mut index = String::new();
    for n in 1..=400 {
        index.push_str(&format!("a {n} -> c=={n}\nc {n}\n"));
    }
    let (rounds, files) = measure(&index, &["c<=10", "a"], "a 10, c 10").await;
    assert!(rounds < 40, "{rounds}");
    assert!(files < 420, "{files}");
}

#[tokio::test]
async fn so_is_one_whose_extra_is_in_the_way() {
    let mut index = String::new();
    for n in 1..=300 {
        index.push_str(&format!("a {n} -> c=={n} ; extra == 'x'\nc {n}\n"));
    }
    let (rounds, files) = measure(&index, &["c<=10", "a[x]"], "a 10, c 10").await;
    assert!(rounds < 40, "{rounds}");
    assert!(files < 320, "{files}");
}

#[tokio::test]
async fn of_wheels_that_have_to_be_read_fewer_are_read_ahead() {
    let index = |flag: &str| {
        let mut text = String::new();
        for n in 1..=400 {
            text.push_str(&format!("a {n}{flag} -> c=={n}\nc {n}\n"));
        }
        text
    };
    let (_, served) = measure(&index(""), &["c<=380", "a"], "a 380, c 380").await;
    let (rounds, unserved) = measure(&index(" unserved"), &["c<=380", "a"], "a 380, c 380").await;
    // How much of what is read ahead has arrived when the answer is found hangs on the moment; which of the two reads more does not.
    assert!(served > unserved, "{served} {unserved}");
    assert!(unserved < 45, "{unserved}");
    assert!(rounds < 24, "{rounds}");
}

#[tokio::test]
async fn a_few_steps_back_cost_few_files() {
    let mut index = String::new();
    for n in 1..=400 {
        index.push_str(&format!("a {n} -> c=={n}\nc {n}\n"));
    }
    let (rounds, files) = measure(&index, &["c<=397", "a"], "a 397, c 397").await;
    assert!(rounds < 8, "{rounds}");
    assert!(files < 24, "{files}");
}

#[tokio::test]
async fn projects_that_hold_each_other_back_are_gone_through_in_batches() {
    // Each release of the adapter wants its own range of the core and of the connector, which want others of a base.
    let mut index = String::new();
    for n in 1..=120 {
        index.push_str(&format!("adapter {n} -> core>={n} | core<{} | connector>={n}\n", n + 3));
        index.push_str(&format!("core {n} -> base>={n} | base<{}\n", n + 2));
        index.push_str(&format!("connector {n} -> base<{} | other\n", n / 2));
        index.push_str(&format!("base {n}\n"));
    }
    index.push_str("other 1\nconnector 0\n");
    let (rounds, _) = measure(&index, &["adapter<118"], "adapter 59, base 59").await;
    assert!(rounds < 60, "{rounds}");
}
