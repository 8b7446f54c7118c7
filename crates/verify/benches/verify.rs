//! Verification, reading, hashing and set-up, each alone on one core: `cargo bench -p slsa-pip-verify --bench verify`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark of something that does not verify must fail"
)]

mod documents;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use documents::{named, names};
use slsa_pip_verify::TrustRoots;

fn main() {
    divan::main();
}

/// The verdict on a document that was read before: signature, log, identity, statement, expectation.
#[divan::bench(args = names())]
fn verify(bencher: Bencher<'_, '_>, name: &str) {
    let read = named(name).read();
    bencher.bench_local(|| assert!(black_box(&read).verify()));
}

/// From bytes to evidence, nothing verified.
#[divan::bench(args = names())]
fn parse(bencher: Bencher<'_, '_>, name: &str) {
    let document = named(name);
    bencher
        .counter(BytesCount::new(document.text.len()))
        .bench_local(|| black_box(document).parse());
}

/// A file's digest, as it is computed while downloading.
#[divan::bench(args = [1 << 10, 1 << 20, 16 << 20])]
fn hash(bencher: Bencher<'_, '_>, bytes: usize) {
    let file = vec![0x5a; bytes];
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, black_box(&file)));
}

/// Trusted roots from JSON to ready verifiers.
mod set_up {
    use super::{Bencher, TrustRoots, black_box};
    use sigstore_verify::trust_root::{SIGSTORE_GITHUB_TRUSTED_ROOT, SIGSTORE_PRODUCTION_TRUSTED_ROOT};

    #[divan::bench]
    fn public_good_and_github(bencher: Bencher<'_, '_>) {
        bencher.bench_local(|| {
            TrustRoots::new(
                black_box(SIGSTORE_PRODUCTION_TRUSTED_ROOT),
                Some(black_box(SIGSTORE_GITHUB_TRUSTED_ROOT)),
            )
            .expect("the embedded roots are sound")
        });
    }

    #[divan::bench]
    fn public_good(bencher: Bencher<'_, '_>) {
        bencher.bench_local(|| {
            TrustRoots::new(black_box(SIGSTORE_PRODUCTION_TRUSTED_ROOT), None).expect("the embedded root is sound")
        });
    }
}
