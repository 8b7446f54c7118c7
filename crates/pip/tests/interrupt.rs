//! Interrupts, in a test program of their own: they concern the whole process.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail as tests do"
)]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use slsa_pip_pip::{HandOff, PipOutcome, PipOutput, Probe, install, probe_in};
use support::{World, wheel};

/// A program in the place of the interpreter, which notes the private directory and then does what is asked.
async fn probe_with(world: &World, then: &str) -> Probe {
    let mut probe = probe_in(world.environment(&[]), &world.python, &[]).await.unwrap();
    let noted = world.root().join("noted").display().to_string();
    probe.executable = world.script(
        "stand-in",
        &format!("pwd > '{noted}.part'; mv '{noted}.part' '{noted}'; {then}"),
    );
    probe
}

fn noted(world: &World) -> Option<PathBuf> {
    let text = std::fs::read_to_string(world.root().join("noted")).ok()?;
    Some(text.trim().into())
}

#[tokio::test]
async fn pip_may_finish_after_an_interrupt_and_the_files_go() {
    let world = World::new();
    let files = [world.verified(&wheel("foo", "1.0"))];
    let finished = world.root().join("finished");
    let probe = probe_with(
        &world,
        &format!("sleep 0.3; kill -INT $PPID; sleep 0.5; touch {finished:?}; exit 7"),
    )
    .await;
    let options = HandOff {
        output: PipOutput::Quiet,
        ..HandOff::default()
    };
    let outcome = install(&probe, &files, &options).await.unwrap();
    let expected = PipOutcome {
        code: 130,
        installed: false,
        output: Some(String::new()),
    };
    assert_eq!(outcome, expected);
    assert!(finished.exists(), "pip was not given time");
    assert!(!noted(&world).unwrap().exists());

    // A run that is given up takes pip and the files along.
    std::fs::remove_file(world.root().join("noted")).unwrap();
    let probe = probe_with(&world, "exec sleep 600").await;
    let mut running = Box::pin(install(&probe, &files, &options));
    let staging = loop {
        tokio::select! {
            outcome = &mut running => panic!("{outcome:?}"),
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
        if let Some(staging) = noted(&world) {
            break staging;
        }
    };
    assert!(staging.join("hashes.txt").is_file());
    drop(running);
    assert!(!staging.exists());
}
