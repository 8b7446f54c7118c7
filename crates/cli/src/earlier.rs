//! The releases before one: what they were made by says what is usual of a project.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use slsa_pip_distribution::{DistributionFilename, Version};
use slsa_pip_pypi_client::IndexFile;

use crate::resolution::{self, Package};

/// Earlier releases that are looked at: one that has lost its attestations by mistake hides nothing, and no index is asked for much.
const RELEASES: usize = 3;

/// One wheel of each of the newest releases before this one, of those files that `counts` takes. A pre-release is often made in
/// another way, and says nothing of finished ones.
pub(crate) fn wheels(files: &[Arc<IndexFile>], package: &Package, counts: impl Fn(&IndexFile) -> bool) -> Vec<Package> {
    let mut releases: BTreeMap<Reverse<&Version>, &Arc<IndexFile>> = BTreeMap::new();
    for file in files {
        let DistributionFilename::Wheel(wheel) = &file.filename else {
            continue;
        };
        let is_earlier = wheel.version < package.version
            && (!wheel.version.any_prerelease() || package.version.any_prerelease())
            && !wheel.version.is_local();
        if !is_earlier || file.sha256.is_none() || !counts(file) {
            continue;
        }
        let best = releases.entry(Reverse(&wheel.version)).or_insert(file);
        // One whose provenance is announced hides behind none that has not got any.
        if best.provenance.is_none() && file.provenance.is_some() {
            *best = file;
        }
    }
    let newest = releases.into_values().take(RELEASES);
    newest.map(|file| resolution::unchosen(Arc::clone(file))).collect()
}
