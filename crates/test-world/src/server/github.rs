//! GitHub: release downloads on the web site; releases by tag and attestations by digest in the API.

use super::answer::{Answer, Asked};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Releases and attestations of all repositories. Owner and repository are kept in lower case: GitHub compares them so.
#[derive(Default)]
pub(crate) struct GitHub {
    /// (`owner/name`, tag) to assets by name.
    releases: BTreeMap<(String, String), BTreeMap<String, Vec<u8>>>,
    /// (`owner/name`, hex SHA-256) to bundles.
    attestations: BTreeMap<(String, String), Vec<Value>>,
}

impl GitHub {
    /// Appends a line to an asset, making release and asset as needed.
    pub(crate) fn add_line(&mut self, repository: &str, tag: &str, asset: &str, line: &str) {
        let release = self
            .releases
            .entry((repository.to_lowercase(), tag.to_owned()))
            .or_default();
        let content = release.entry(asset.to_owned()).or_default();
        content.extend_from_slice(line.as_bytes());
        content.push(b'\n');
    }

    pub(crate) fn add_attestation(&mut self, repository: &str, sha256: &str, bundle: Value) {
        self.attestations
            .entry((repository.to_lowercase(), sha256.to_owned()))
            .or_default()
            .push(bundle);
    }

    fn asset(&self, owner: &str, name: &str, tag: &str, asset: &str) -> Option<&Vec<u8>> {
        self.releases
            .get(&(format!("{owner}/{name}").to_lowercase(), tag.to_owned()))?
            .get(asset)
    }

    /// `/{o}/{r}/releases/download/{tag}/{asset}`: a redirect to the storage host, as on the real site.
    pub(crate) fn web(&self, asked: &Asked, base: &str) -> Answer {
        match asked.path.splitn(6, '/').collect::<Vec<_>>().as_slice() {
            [owner, name, "releases", "download", tag, asset] if self.asset(owner, name, tag, asset).is_some() => {
                Answer::redirect(format!("{base}/github-objects/{owner}/{name}/{tag}/{asset}"))
            }
            _ => Answer::not_found(),
        }
    }

    /// `/{o}/{r}/{tag}/{asset}` on the storage host.
    pub(crate) fn object(&self, asked: &Asked) -> Answer {
        let parts: Vec<_> = asked.path.splitn(4, '/').collect();
        let [owner, name, tag, asset] = parts.as_slice() else {
            return Answer::not_found();
        };
        self.asset(owner, name, tag, asset)
            .map_or_else(Answer::not_found, |bytes| {
                Answer::file(bytes, "application/octet-stream", asked.range)
            })
    }

    /// `/repos/{o}/{r}/releases/tags/{tag}` and `/repos/{o}/{r}/attestations/sha256:{hex}`.
    pub(crate) fn api(&self, asked: &Asked, base: &str) -> Answer {
        let answer = match asked.path.splitn(6, '/').collect::<Vec<_>>().as_slice() {
            ["repos", owner, name, "releases", "tags", tag] => self.release(owner, name, tag, base),
            ["repos", owner, name, "attestations", digest] => self.attestation_list(owner, name, digest),
            _ => None,
        };
        answer.map_or_else(
            || Answer::json(404, &json!({"message": "Not Found", "status": "404"})),
            |value| Answer::json(200, &value).header("x-ratelimit-remaining", "59"),
        )
    }

    fn release(&self, owner: &str, name: &str, tag: &str, base: &str) -> Option<Value> {
        let assets = self
            .releases
            .get(&(format!("{owner}/{name}").to_lowercase(), tag.to_owned()))?;
        let assets: Vec<_> = (1..)
            .zip(assets)
            .map(|(id, (asset, content)): (u32, _)| {
                json!({
                    "id": id,
                    "name": asset,
                    "state": "uploaded",
                    "content_type": "application/octet-stream",
                    "size": content.len(),
                    "url": format!("{base}/github-api/repos/{owner}/{name}/releases/assets/{id}"),
                    "browser_download_url": format!("{base}/github/{owner}/{name}/releases/download/{tag}/{asset}"),
                })
            })
            .collect();
        Some(json!({
            "id": 1,
            "tag_name": tag,
            "target_commitish": "main",
            "name": tag,
            "draft": false,
            "prerelease": false,
            "assets": assets,
        }))
    }

    fn attestation_list(&self, owner: &str, name: &str, digest: &str) -> Option<Value> {
        let hex = digest.strip_prefix("sha256:")?;
        let bundles = self
            .attestations
            .get(&(format!("{owner}/{name}").to_lowercase(), hex.to_owned()))?;
        let list: Vec<_> = bundles
            .iter()
            .map(|bundle| json!({"bundle": bundle, "repository_id": 1}))
            .collect();
        Some(json!({"attestations": list}))
    }
}
