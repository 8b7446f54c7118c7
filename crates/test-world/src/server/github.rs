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

/// Media type of compressed bundles.
const SNAPPY: &str = "application/x-snappy";
/// When everything was released.
const RELEASED: &str = "2025-06-01T12:00:05Z";
/// The id that the API gives with each attestation; nobody has signed it.
const REPOSITORY_ID: u32 = 1;

/// As many attestations on one page as the real API gives unless asked for more, and the most it gives.
const PAGE: usize = 30;
const MAX_PAGE: usize = 100;

/// Where errors of the API point to.
const MANUAL: &str = "https://docs.host.example/rest";
/// What every answer of the API says of its limit.
const LIMITS: [(&str, &str); 5] = [
    ("x-ratelimit-limit", "60"),
    ("x-ratelimit-remaining", "59"),
    ("x-ratelimit-used", "1"),
    ("x-ratelimit-reset", "4102444800"),
    ("x-ratelimit-resource", "core"),
];

/// Releases and attestations of all repositories. Owner and repository are kept in lower case: GitHub compares them so.
#[derive(Default)]
pub(crate) struct GitHub {
    /// (`owner/name`, tag) to assets by name.
    releases: BTreeMap<(String, String), BTreeMap<String, Vec<u8>>>,
    /// (`owner/name`, hex SHA-256) to attestations.
    attestations: BTreeMap<(String, String), Vec<Attestation>>,
    /// Old names in lower case, with new ones. The position is the repository's number in the API.
    renamed: Vec<(String, String)>,
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

    /// From now on `old` is found under `new`.
    pub(crate) fn rename(&mut self, old: &str, new: &str) {
        self.renamed.push((old.to_lowercase(), new.to_owned()));
    }

    /// Where a repository is now: its number in the API and its new name.
    fn moved(&self, owner: &str, name: &str) -> Option<(usize, &str)> {
        let old = format!("{owner}/{name}").to_lowercase();
        let found = self.renamed.iter().position(|(from, _)| *from == old)?;
        self.renamed.get(found).map(|(_, to)| (found, to.as_str()))
    }

    /// `/{o}/{r}/releases/download/{tag}/{asset}`: a redirect to the storage host, as on the real site.
    pub(crate) fn web(&self, asked: &Asked, base: &str) -> Answer {
        let parts: Vec<_> = asked.path.splitn(6, '/').collect();
        if let [owner, name, rest @ ..] = parts.as_slice()
            && let Some((_, to)) = self.moved(owner, name)
        {
            return Answer::moved(format!("{base}/github/{to}/{}", encoded(rest)));
        }
        match parts.as_slice() {
            [owner, name, "releases", "download", tag, asset] if self.asset(owner, name, tag, asset).is_some() => {
                let path = encoded(&[owner, name, tag, asset]);
                Answer::redirect(format!("{base}/github-objects/{path}"))
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
                Answer::file(bytes, "application/octet-stream", asked)
            })
    }

    /// `/repos/{o}/{r}/releases/tags/{tag}`, `/repos/{o}/{r}/attestations/sha256:{hex}`, and both under `/repositories/{id}/`.
    pub(crate) fn api(&self, asked: &Asked, base: &str) -> Answer {
        let parts: Vec<_> = asked.path.splitn(6, '/').collect();
        let answer = match parts.as_slice() {
            ["repositories", id, rest @ ..] => {
                let renamed = id.parse().ok().and_then(|id: usize| self.renamed.get(id));
                renamed
                    .and_then(|(_, to)| to.split_once('/'))
                    .and_then(|(owner, name)| self.below_repository(owner, name, &rest.join("/"), asked, base))
            }
            ["repos", owner, name, rest @ ..] => match self.moved(owner, name) {
                Some((id, _)) => {
                    let to = format!(
                        "{base}/github-api/repositories/{id}/{}{}",
                        encoded(rest),
                        asked.question()
                    );
                    let body = json!({"message": "Moved Permanently", "url": to, "documentation_url": MANUAL});
                    Some(Answer::json(301, &body).header("location", to))
                }
                None => self.below_repository(owner, name, &rest.join("/"), asked, base),
            },
            _ => None,
        };
        let missing = || json!({"message": "Not Found", "documentation_url": MANUAL, "status": "404"});
        let answer = answer.unwrap_or_else(|| Answer::json(404, &missing()));
        LIMITS
            .into_iter()
            .fold(answer, |answer, (name, value)| answer.header(name, value))
    }

    fn below_repository(&self, owner: &str, name: &str, rest: &str, asked: &Asked, base: &str) -> Option<Answer> {
        if let Some(tag) = rest.strip_prefix("releases/tags/") {
            let assets = self
                .releases
                .get(&(format!("{owner}/{name}").to_lowercase(), tag.to_owned()))?;
            return Some(Answer::json(200, &release(owner, name, tag, assets, base)));
        }
        self.attestation_page(owner, name, rest.strip_prefix("attestations/")?, asked, base)
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
                if attestation.delivery == Delivery::Inline {
                    return json!({"bundle": attestation.bundle, "repository_id": REPOSITORY_ID});
                }
                let url = format!("{base}/github-bundles/{owner}/{name}/{hex}/{index}?sig=secret");
                json!({"bundle": null, "bundle_url": url, "repository_id": REPOSITORY_ID})
            })
            .collect();
        let answer = Answer::json(200, &json!({"attestations": page}));
        if end == all.len() {
            return Some(answer);
        }
        let page = format!("{base}/github-api/repos/{owner}/{name}/attestations/{digest}?per_page={size}");
        let links = format!("<{page}&after={end}>; rel=\"next\", <{page}&before={start}>; rel=\"prev\"");
        Some(answer.header("link", links))
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
            }) => Answer::new(200, SNAPPY, snappy(bundle.to_string().as_bytes())),
            Some(Attestation {
                bundle,
                delivery: Delivery::UrlSnappyFramed,
            }) => Answer::new(200, SNAPPY, framed(bundle.to_string().as_bytes())),
            Some(Attestation { bundle, .. }) => Answer::new(200, "application/json", bundle.to_string()),
            None => Answer::not_found(),
        }
    }
}

/// A release as the API describes it.
fn release(owner: &str, name: &str, tag: &str, assets: &BTreeMap<String, Vec<u8>>, base: &str) -> Value {
    let repository = format!("{base}/github-api/repos/{owner}/{name}");
    let site = format!("{base}/github/{owner}/{name}");
    let tag_path = encoded(&[tag]);
    let assets: Vec<_> = (1..)
        .zip(assets)
        .map(|(id, (asset, content)): (u32, _)| {
            json!({
                "url": format!("{repository}/releases/assets/{id}"),
                "id": id,
                "node_id": format!("RA_{id}"),
                "name": asset,
                "label": "",
                "uploader": user(base),
                "content_type": "application/octet-stream",
                "state": "uploaded",
                "size": content.len(),
                "download_count": 42,
                "created_at": RELEASED,
                "updated_at": RELEASED,
                "browser_download_url": format!("{site}/releases/download/{tag_path}/{}", encoded(&[asset])),
            })
        })
        .collect();
    json!({
        "url": format!("{repository}/releases/1"),
        "assets_url": format!("{repository}/releases/1/assets"),
        "upload_url": format!("{repository}/releases/1/assets{{?name,label}}"),
        "html_url": format!("{site}/releases/tag/{tag_path}"),
        "id": 1,
        "author": user(base),
        "node_id": "RE_1",
        "tag_name": tag,
        "target_commitish": "main",
        "name": tag,
        "draft": false,
        "prerelease": false,
        "created_at": RELEASED,
        "published_at": RELEASED,
        "assets": assets,
        "tarball_url": format!("{repository}/tarball/{tag_path}"),
        "zipball_url": format!("{repository}/zipball/{tag_path}"),
        "body": "Description of the release",
    })
}

/// An account as the API describes it.
fn user(base: &str) -> Value {
    let user = format!("{base}/github-api/users/octocat");
    json!({
        "login": "octocat",
        "id": 583_231,
        "node_id": "U_1",
        "avatar_url": format!("{base}/avatars/1"),
        "gravatar_id": "",
        "url": user,
        "html_url": format!("{base}/github/octocat"),
        "followers_url": format!("{user}/followers"),
        "following_url": format!("{user}/following{{/other_user}}"),
        "gists_url": format!("{user}/gists{{/gist_id}}"),
        "starred_url": format!("{user}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{user}/subscriptions"),
        "organizations_url": format!("{user}/orgs"),
        "repos_url": format!("{user}/repos"),
        "events_url": format!("{user}/events{{/privacy}}"),
        "received_events_url": format!("{user}/received_events"),
        "type": "User",
        "site_admin": false,
    })
}

/// Path segments, with what would end or change a path encoded.
fn encoded(segments: &[&str]) -> String {
    let encode = |segment: &&str| {
        segment
            .replace('%', "%25")
            .replace('?', "%3F")
            .replace('#', "%23")
            .replace(' ', "%20")
    };
    segments.iter().map(encode).collect::<Vec<_>>().join("/")
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

/// Snappy's framed format with uncompressed chunks only: each has its length and a masked CRC-32C.
fn framed(bytes: &[u8]) -> Vec<u8> {
    const UNCOMPRESSED: u8 = 1;
    let mut out = b"\xff\x06\x00\x00sNaPpY".to_vec();
    for chunk in bytes.chunks(1 << 16) {
        let length = u32::try_from(chunk.len() + 4).unwrap_or_default().to_le_bytes();
        out.push(UNCOMPRESSED);
        out.extend_from_slice(&length[..3]);
        out.extend_from_slice(&masked_crc(chunk).to_le_bytes());
        out.extend_from_slice(chunk);
    }
    out
}

/// CRC-32C, rotated and moved as the framed format wants it.
fn masked_crc(bytes: &[u8]) -> u32 {
    /// Castagnoli's polynomial, reflected.
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    const DELTA: u32 = 0xa282_ead8;
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ POLYNOMIAL
            } else {
                crc >> 1
            };
        }
    }
    (!crc).rotate_right(15).wrapping_add(DELTA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snappy_frames() {
        // The check value of CRC-32C.
        assert_eq!(
            masked_crc(b"123456789"),
            0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8)
        );
        assert_eq!(framed(&vec![b'x'; 70_000]).len(), 10 + (8 + 65_536) + (8 + 4_464));
    }

    #[test]
    fn snappy_literals() {
        assert_eq!(snappy(b"abc"), [3, 61 << 2, 2, 0, b'a', b'b', b'c']);
        let long = snappy(&vec![b'x'; 70_000]);
        assert_eq!(long[..6], [0xf0, 0xa2, 0x04, 61 << 2, 0xff, 0xff]);
        assert_eq!(long.len(), 3 + 3 + 65_536 + 3 + 4_464);
    }
}
