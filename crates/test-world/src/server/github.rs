//! GitHub: release downloads on the web site; releases by tag and attestations by digest in the API.

use super::answer::{Answer, Asked};
use crate::release::Delivery;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A bundle, and how the API hands it out.
#[derive(Debug, Clone)]
pub(crate) struct Attestation {
    pub(crate) bundle: Value,
    pub(crate) delivery: Delivery,
}

/// As many attestations on one page as the real API gives unless asked for more, and the most it gives.
const PAGE: usize = 30;
const MAX_PAGE: usize = 100;

/// Releases and attestations of all repositories. Owner and repository are kept in lower case: GitHub compares them so.
#[derive(Default)]
pub(crate) struct GitHub {
    /// (`owner/name`, tag) to assets by name.
    releases: BTreeMap<(String, String), BTreeMap<String, Vec<u8>>>,
    /// (`owner/name`, hex SHA-256) to attestations.
    attestations: BTreeMap<(String, String), Vec<Attestation>>,
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

    pub(crate) fn add_attestation(&mut self, repository: &str, sha256: &str, attestation: Attestation) {
        self.attestations
            .entry((repository.to_lowercase(), sha256.to_owned()))
            .or_default()
            .push(attestation);
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
            ["repos", owner, name, "releases", "tags", tag] => self
                .release(owner, name, tag, base)
                .map(|release| Answer::json(200, &release)),
            ["repos", owner, name, "attestations", digest] => self.attestation_page(owner, name, digest, asked, base),
            _ => None,
        };
        answer
            .unwrap_or_else(|| Answer::json(404, &json!({"message": "Not Found", "status": "404"})))
            .header("x-ratelimit-remaining", "59")
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

    fn list(&self, owner: &str, name: &str, hex: &str) -> Option<&Vec<Attestation>> {
        self.attestations
            .get(&(format!("{owner}/{name}").to_lowercase(), hex.to_owned()))
    }

    /// A page of attestations; `Link` leads to the next one by a cursor.
    fn attestation_page(&self, owner: &str, name: &str, digest: &str, asked: &Asked, base: &str) -> Option<Answer> {
        let hex = digest.strip_prefix("sha256:")?;
        let all = self.list(owner, name, hex)?;
        let number = |key| asked.query_value(key).and_then(|value| value.parse::<usize>().ok());
        let size = number("per_page").unwrap_or(PAGE).clamp(1, MAX_PAGE);
        let start = number("after").unwrap_or(0).min(all.len());
        let end = (start + size).min(all.len());
        let page: Vec<_> = (start..end)
            .zip(all.iter().skip(start))
            .map(|(index, attestation)| {
                let inline = attestation.delivery == Delivery::Inline;
                let url = format!("{base}/github-bundles/{owner}/{name}/{hex}/{index}?sig=secret");
                json!({
                    "bundle": if inline { &attestation.bundle } else { &Value::Null },
                    "bundle_url": if inline { Value::Null } else { url.into() },
                    "repository_id": 1,
                })
            })
            .collect();
        let answer = Answer::json(200, &json!({"attestations": page}));
        if end == all.len() {
            return Some(answer);
        }
        let next = format!("{base}/github-api/repos/{owner}/{name}/attestations/{digest}?per_page={size}&after={end}");
        Some(answer.header("link", format!("<{next}>; rel=\"next\"")))
    }

    /// `/{o}/{r}/{hex}/{index}` on the storage host; refused without the URL's signature.
    pub(crate) fn bundle(&self, asked: &Asked) -> Answer {
        let parts: Vec<_> = asked.path.split('/').collect();
        let [owner, name, hex, index] = parts.as_slice() else {
            return Answer::not_found();
        };
        if asked.query_value("sig") != Some("secret") {
            return Answer::new(403, "application/xml", "<Error>AuthenticationFailed</Error>");
        }
        let all = self.list(owner, name, hex).map(Vec::as_slice).unwrap_or_default();
        match index.parse::<usize>().ok().and_then(|index| all.get(index)) {
            Some(Attestation {
                bundle,
                delivery: Delivery::UrlSnappy,
            }) => Answer::new(200, "application/x-snappy", snappy(bundle.to_string().as_bytes())),
            Some(Attestation { bundle, .. }) => Answer::new(200, "application/json", bundle.to_string()),
            None => Answer::not_found(),
        }
    }
}

/// Snappy's block format with literals only: the length as a varint, then chunks of at most 64 KiB.
fn snappy(bytes: &[u8]) -> Vec<u8> {
    /// A literal whose length less one follows in two bytes, little-endian.
    const LITERAL_16: u8 = 61 << 2;
    let mut out = Vec::with_capacity(bytes.len() + 16);
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap_or_default());
    for chunk in bytes.chunks(1 << 16) {
        out.push(LITERAL_16);
        out.extend_from_slice(&u16::try_from(chunk.len() - 1).unwrap_or_default().to_le_bytes());
        out.extend_from_slice(chunk);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snappy_literals() {
        assert_eq!(snappy(b"abc"), [3, 61 << 2, 2, 0, b'a', b'b', b'c']);
        let long = snappy(&vec![b'x'; 70_000]);
        assert_eq!(long[..6], [0xf0, 0xa2, 0x04, 61 << 2, 0xff, 0xff]);
        assert_eq!(long.len(), 3 + 3 + 65_536 + 3 + 4_464);
    }
}
