//! Hostile sizes end in a typed error, soon and without a deep stack.
#![expect(clippy::format_collect, reason = "worlds are written as text")]

use slsa_pip_resolver::{MAX_METADATA_FETCHES, MAX_PROJECTS, ResolveError};

use crate::world::{chosen, request, run, world};

#[tokio::test]
async fn too_many_projects() {
    let names: Vec<String> = (0..MAX_PROJECTS).map(|n| format!("p{n}")).collect();
    let index = world(&format!("a 1 -> {}", names.join(" | ")));
    let error = run(&index, &request(&["a"])).await.unwrap_err();
    assert!(
        matches!(error, ResolveError::Budget { what: "projects", .. }),
        "{error}"
    );
}

#[tokio::test]
async fn too_many_metadata_files() {
    let index: String = (0..=MAX_METADATA_FETCHES)
        .map(|n| format!("a {n} claims=b\n"))
        .collect();
    let error = run(&world(&index), &request(&["a"])).await.unwrap_err();
    assert!(
        matches!(
            error,
            ResolveError::Budget {
                what: "metadata files",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_long_derivation_is_cut_and_needs_no_deep_stack() {
    let index: String = (0..600)
        .map(|n| format!("a {n} -> b=={n}\n b {n} -> c=={n}\n"))
        .collect();
    let error = chosen(&world(&format!("{index} c 700")), &request(&["a"])).await;
    assert!(
        error.contains("your requirements cannot all be met") || error.contains("more steps"),
        "{error}"
    );
    assert!(error.lines().count() < 70, "{}", error.lines().count());
}
