//! Integration tests: the real binary, as a user runs it.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the functions that tests share fail like the tests"
)]

mod support;

// `--help`, `--version`, usage errors and exit codes.
mod command_line;
// Help texts, completions and manual pages.
mod generated;
// `slsa-pip verify` on real files and real provenance.
mod verify;
// `slsa-pip verify` in slsa-verifier's language, on provenance signed here.
mod verify_flags;
// What `slsa-pip verify` is given: files, digests, pipes; and what it prints.
mod verify_artifacts;
// The log's answers beside the provenance and in the cache: what they save, and what they cannot do.
mod sidecars;
// `slsa-pip check-release`: what a maintainer is told before anything is published.
mod check_release;
// `slsa-pip inspect` on real and on hostile documents.
mod inspect;
// Whole pages of `slsa-pip inspect`, and the provenance that it finds beside a file.
mod inspect_pages;
// `slsa-pip verify-bundle` on bundles signed here and on sigstore-conformance's cases.
mod verify_bundle;
// The cases of fixtures/verify, each with the verdict that its folder names.
mod fixtures;
// `slsa-pip install` and `download` against the embedded world on 127.0.0.1.
mod install_world;
// What is asked for, in pip's grammar and with pip's options, and where each file came from.
mod install_requirements;
// Which index, page or folder a file is taken from, and which are never asked.
mod indexes;
// What is installed already: left alone, upgraded, or verified as well.
mod install_satisfied;
// Where pip installs, and what it writes there.
mod install_places;
// pip's installation report (`--report`).
mod install_report;
// The composite GitHub Action, and what workflows may hold.
#[cfg(unix)]
mod github_action;
// The report for other programs: SARIF, verification summaries, GitHub's job summary.
mod exports;
// What goes on side by side, and what that may not change.
mod install_pipeline;
// Where provenance is looked for, in which order, and what the report says of it.
mod evidence_sources;
// Documents that the user names by path or URL (`--provenance`).
mod evidence_named;
// `slsa-pip.lock.toml`: who may follow whom, and how that is changed.
mod continuity;
// That file itself: when it is written, by whom it is changed, and what becomes of hostile ones.
mod continuity_lock;
// Which repository is asked, and what it means that metadata names another one than the certificate.
mod evidence_repository;
// GitHub's token, limits and other addresses.
#[cfg(unix)]
mod evidence_github;
// Logins of netrc files: where they go.
#[cfg(unix)]
mod evidence_logins;
// `slsa-pip download` here, `slsa-pip install --offline` there (docs/offline.md).
mod evidence_offline;
// What is kept between runs, what that spares, and `slsa-pip cache`.
#[cfg(unix)]
mod evidence_cache;
// Hundreds of packages in one run: memory stays bounded (times and growth: bench/).
#[cfg(target_os = "linux")]
mod growth;
// `slsa-pip policy init` and `add`: what is written, what is said, and what stays as it is.
#[cfg(unix)]
mod policy_commands;
// `slsa-pip policy check`, `explain`, `prune`, `diff`, and docs/adopt.md as it stands.
#[cfg(unix)]
mod policy_upkeep;
// `--resolve-policy`, cooldown and allowed indexes: which release is taken, from where, and what no attacker can make of it.
mod resolve_policy;
// How old a release must be, and where files may come from.
mod resolve_places;
// Which policy files hold: found upwards, named, user-wide, imported.
#[cfg(unix)]
mod policy_file;
// `slsa-pip resolve`: what it says, what it writes, and that it verifies nothing.
mod resolve;
// `slsa-pip lock`, and lock files as input of `install`: poisoned ones, and what policy says.
mod pylock;
// Lock files of other tools and for other tools, and what lock files may name.
mod pylock_tools;
// `slsa-pip diff`: what a reviewer is told of two lock files.
mod lock_diff;
// What a run takes in memory, whatever its servers answer.
#[cfg(target_os = "linux")]
mod evidence_memory;
// Certificates and proxies of the commands that start no interpreter.
mod evidence_network;
// When a search for provenance ends, and what is asked for once more.
mod evidence_search;
// What real projects have done with tags, releases, names and repositories.
mod scenarios_projects;
// Servers that never end, change their minds, or answer with something else: what a run does, and what it leaves.
#[cfg(unix)]
mod scenarios_hostile;
// Processes that are killed at random points, and what the next one finds.
#[cfg(unix)]
mod scenarios_killed;
// The trusted root from TUF, its cache, and `slsa-pip trust-root`.
mod trust_root;
// What the documents show is what the program does.
mod docs;
// docs/slsa-verifier.md: each of its lines is run.
mod other_tools;
// Bad input of every kind: clear errors, exit code 2, nothing left behind.
mod bad_input;
// Hostile indexes, working directories, environments and folders.
#[cfg(unix)]
mod attacks;
#[cfg(unix)]
mod attacks_local;
// Somebody wants other code installed under a trusted name (docs/attack-stories.md).
mod attack_stories;
// What `mode = "warn"` lets pass, and what every report says of exemptions and standings.
mod policy_reports;
// What only newer pips know, with the newest that the configured index has (feature `index-tests`).
#[cfg(feature = "index-tests")]
mod install_newest;
// `slsa-pip install` on the configured index, with real provenance (feature `index-tests`).
#[cfg(feature = "index-tests")]
mod install_index;
// `slsa-pip resolve` and pip on the configured index: the same answers (docs/parity.md; feature `index-tests`).
#[cfg(all(unix, feature = "index-tests"))]
mod parity;
// Wheels that are not what they seem: refused whatever their proof, and shown by `slsa-pip inspect`.
mod wheel_inspection;
// pip's own commands that install nothing, and its options.
mod pip_commands;
