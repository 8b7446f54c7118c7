//! What the fuzz targets reach: the reading of answers, without the asking. No part of the public interface.

use serde_json::Value;
use url::Url;

use crate::{attestations, releases};

/// The bundles of a page of the attestations API, and the URLs of those that lie elsewhere; `None` if it is unreadable.
#[must_use]
pub fn bundles(body: &[u8], page: &Url) -> Option<(Vec<Value>, Vec<Url>)> {
    attestations::bundles(body, page).ok()
}

/// The assets of a release that would be fetched for a file; `None` if the answer is unreadable.
#[must_use]
pub fn assets(body: &[u8], filename: &str) -> Option<Vec<String>> {
    let names = releases::asset_names(body).ok()?;
    Some(releases::chosen(&names, filename).map(str::to_owned).collect())
}
