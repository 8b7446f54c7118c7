//! What earlier releases show: which ref a project builds its releases from, and what has changed since.

use futures_util::future::try_join_all;
use slsa_pip_distribution::Version;
use slsa_pip_policy::Identity;

use crate::earlier;
use crate::failure::Result;
use crate::judge::{Foretold, Judge};
use crate::resolution::Package;
use crate::session::Session;

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
    // What is yanked says little about a custom.
    let candidates = earlier::wheels(&project.files, package, |file| {
        file.yanked.is_none() && !file.is_local()
    });
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
