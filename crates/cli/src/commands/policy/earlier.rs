//! What earlier releases show: which ref a project builds its releases from, and what has changed since.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::try_join_all;
use slsa_pip_distribution::{DistributionFilename, PackageName, Version};
use slsa_pip_policy::Identity;
use slsa_pip_pypi_client::IndexFile;

use crate::failure::Result;
use crate::judge::{Foretold, Judge};
use crate::resolution::Package;
use crate::session::Session;

/// Earlier releases that are looked at: enough to tell a custom from a coincidence, few enough for any index.
const RELEASES: usize = 3;

/// An earlier release whose provenance would be accepted from the same repository.
pub(crate) struct Earlier {
    /// Its version.
    pub(crate) version: Version,
    /// Who stands behind it.
    pub(crate) identity: Identity,
}

impl Earlier {
    /// What it shows to have changed since, other than its ref.
    pub(crate) fn differences(&self, now: &Identity) -> Vec<String> {
        let then = &self.identity;
        let pairs = [
            ("workflow", &then.workflow, &now.workflow),
            ("environment", &then.environment, &now.environment),
            ("builder", &then.builder, &now.builder),
            ("repository id", &then.repository_id, &now.repository_id),
            ("owner id", &then.owner_id, &now.owner_id),
        ];
        let mut found: Vec<String> = pairs
            .iter()
            .filter(|(_, then, now)| then != now)
            .map(|(what, then, now)| {
                let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
                format!("{} had {what} {}, now {}", self.version, shown(then), shown(now))
            })
            .collect();
        if then.kind > now.kind {
            found.push(format!("{} had {} evidence, now {}", self.version, then.kind, now.kind));
        }
        found
    }
}

/// The attested ones, as far as the places that the session asks have them, of the newest releases before this one, newest first. Nothing of them is downloaded, and nothing passes by
/// what is found: it is about the digests that the index announces.
pub(crate) async fn releases(session: &Session, judge: &Judge<'_>, package: &Package) -> Result<Vec<Earlier>> {
    if package.direct {
        return Ok(Vec::new());
    }
    // What the index does not say about other releases is no reason to fail: then no ref is pinned.
    let Ok(project) = session.index.project(&package.name).await else {
        return Ok(Vec::new());
    };
    let candidates = candidates(&project.files, package);
    let asked = candidates.iter().map(|candidate| judge.reveal(candidate));
    let answers = try_join_all(asked).await?;
    let found = candidates.into_iter().zip(answers);
    Ok(found
        .filter_map(|(candidate, answer)| match answer {
            Some(Foretold::Attested(attested)) => Some(Earlier {
                version: candidate.version,
                identity: attested.origin(),
            }),
            _ => None,
        })
        .collect())
}

/// One wheel of each of the newest releases before this one; what is yanked says little about a custom, and so does a pre-release
/// about that of finished ones.
fn candidates(files: &[Arc<IndexFile>], package: &Package) -> Vec<Package> {
    let mut releases: BTreeMap<Reverse<&Version>, &Arc<IndexFile>> = BTreeMap::new();
    for file in files {
        let DistributionFilename::Wheel(wheel) = &file.filename else {
            continue;
        };
        let earlier = wheel.version < package.version
            && (!wheel.version.any_prerelease() || package.version.any_prerelease())
            && !wheel.version.is_local();
        if !earlier || file.yanked.is_some() || file.sha256.is_none() || file.is_local() {
            continue;
        }
        let best = releases.entry(Reverse(&wheel.version)).or_insert(file);
        // One that says where its provenance is spares a question.
        if best.provenance.is_none() && file.provenance.is_some() {
            *best = file;
        }
    }
    let newest = releases.into_iter().take(RELEASES);
    newest
        .map(|(Reverse(version), file)| chosen(&package.name, version, file))
        .collect()
}

fn chosen(name: &PackageName, version: &Version, file: &Arc<IndexFile>) -> Package {
    Package {
        name: name.clone(),
        version: version.clone(),
        filename: file.filename.clone(),
        file: Arc::clone(file),
        direct: false,
        requested: false,
        extras: Vec::new(),
        required_by: Vec::new(),
        requirement_texts: Vec::new(),
        why: Vec::new(),
        requires: Vec::new(),
    }
}
