//! pip's `--require-hashes`.

use std::collections::BTreeMap;

use slsa_pip_distribution::PackageName;
use slsa_pip_distribution::specifier::pins;

use crate::error::ResolveError;
use crate::request::Request;
use crate::solution::Reasons;
use crate::store::Store;

/// Every project that is to be fetched needs a digest and an exact pin of the user's. A file that the user has named by
/// its URL is pinned, and the URL may hold the digest; what is installed already is left alone.
pub(crate) fn check<'a, F: Clone>(
    request: &Request,
    store: &Store<F>,
    reasons: &BTreeMap<&PackageName, Reasons<'_>>,
    to_fetch: impl Iterator<Item = &'a PackageName>,
) -> Result<(), ResolveError> {
    if !request.require_hashes && request.hashes.is_empty() {
        return Ok(());
    }
    let own = |name: &PackageName| {
        let written = request.requirements.iter().chain(&request.constraints);
        let name = name.clone();
        written.filter(move |it| *it.name() == name && it.applies(&request.env, None))
    };
    let (mut hashless, mut unpinned) = (Vec::new(), Vec::new());
    for name in to_fetch.filter(|name| reasons.contains_key(name)) {
        let listed = request.hashes.get(name).is_some_and(|digests| !digests.is_empty());
        if !listed && !store.linked_with_digest(name) {
            hashless.push(name.clone());
        }
        if !own(name).any(|requirement| requirement.url().is_some() || pins(requirement.specifiers())) {
            unpinned.push(name.clone());
        }
    }
    if !hashless.is_empty() {
        return Err(ResolveError::HashMissing { names: hashless });
    }
    if !unpinned.is_empty() {
        return Err(ResolveError::NotPinned { names: unpinned });
    }
    Ok(())
}
