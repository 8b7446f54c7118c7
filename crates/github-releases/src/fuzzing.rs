//! What the fuzz targets reach: the reading of answers, without the asking. No part of the public interface.

use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;

use crate::{attestations, bundle, link, releases};

/// The bundles of a page of the attestations API, and the URLs of those that lie elsewhere; `None` if it is unreadable.
#[must_use]
pub fn bundles(body: &[u8], page: &Url) -> Option<(Vec<Value>, Vec<Url>)> {
    let (bundles, elsewhere) = attestations::bundles(body, page).ok()?;
    let bundles = bundles
        .iter()
        .filter_map(|bundle| serde_json::from_str::<Value>(bundle.get()).ok());
    Some((bundles.map(|bundle| json!({"bundle": bundle})).collect(), elsewhere))
}

/// The assets of a release that would be fetched for a file; `None` if the answer is unreadable.
#[must_use]
pub fn assets(body: &[u8], filename: &str) -> Option<Vec<String>> {
    let names = releases::asset_names(body).ok()?;
    Some(releases::chosen(&names, filename).map(str::to_owned).collect())
}

/// The JSON of a bundle that lies elsewhere; `None` if it cannot be decoded within the limit.
#[must_use]
pub fn bundle(body: &Bytes) -> Option<Bytes> {
    bundle::decode(body, None).ok()
}

/// The target of the next page.
#[must_use]
pub fn next_page(header: &str) -> Option<&str> {
    link::next(header)
}
