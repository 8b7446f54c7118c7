//! Single wheels that a requirement names by URL or path.

use std::path::Path;

use slsa_pip_distribution::{DistributionFilename, PackageName, Sha256Digest};
use slsa_pip_http::redact;
use url::Url;

use crate::client::IndexClient;
use crate::error::IndexError;
use crate::find_links::{entry, last_segment, local_path};
use crate::page::is_archive;
use crate::types::IndexFile;

/// Keys of fragments that are hashes, other than `sha256`.
const OTHER_HASHES: [&str; 12] = [
    "md5",
    "sha1",
    "sha224",
    "sha384",
    "sha512",
    "sha3_224",
    "sha3_256",
    "sha3_384",
    "sha3_512",
    "blake2b",
    "blake2s",
    "blake2b_256",
];

impl IndexClient {
    /// The wheel that a requirement names directly: `https://….whl#sha256=HEX`, `file:///….whl`, or a path. Project and version
    /// are those of its file name; `name` is the project that the requirement names, where it names one. Extras are not read
    /// here. A login in the URL is used for its origin only and shown nowhere.
    ///
    /// Nothing is fetched or opened. [`IndexFile::sha256`] is the digest of the fragment, which the download then must have;
    /// [`IndexFile::index_url`] is the URL of the file itself, beside which no provenance is looked for.
    ///
    /// # Errors
    /// [`IndexError::Direct`] for anything but a wheel, for another project's wheel, and for hashes other than sha256.
    pub fn direct(&self, link: &str, name: Option<&PackageName>) -> Result<IndexFile, IndexError> {
        let refuse = |shown: &str, reason: &str| IndexError::Direct {
            link: shown.to_owned(),
            reason: reason.to_owned(),
        };
        let mut url = match Url::parse(link) {
            // One letter is a drive, not a scheme.
            Ok(url) if url.scheme().len() > 1 => url,
            _ => from_path(link).ok_or_else(|| refuse(link, "it is neither a URL nor a path"))?,
        };
        // Both are shown without their fragment, whose hash may be the mistake that is named.
        let shown = if url.scheme() == "file" {
            link.split('#').next().unwrap_or_default().to_owned()
        } else {
            redact(&url)
        };
        let refuse = |reason: &str| refuse(&shown, reason);
        match url.scheme() {
            "http" | "https" => self.http().remember_credentials(&url),
            "file" if local_path(&url).is_some() => {}
            "file" => return Err(refuse("it is no file of this machine")),
            scheme if scheme.contains('+') => {
                return Err(refuse("it is under version control; only wheels can be verified"));
            }
            _ => return Err(refuse("it is neither a path nor a file, http or https URL")),
        }
        let file = last_segment(&url).ok_or_else(|| refuse("its file name is not text"))?;
        if !is_archive(&file) {
            return Err(refuse("it is no wheel (`.whl`); sources are not built"));
        }
        let filename: DistributionFilename = file
            .parse()
            .map_err(|error: slsa_pip_distribution::filename::InvalidFilename| refuse(error.why))?;
        if matches!(filename, DistributionFilename::Sdist(_)) {
            return Err(refuse("it is an sdist, not a wheel; sources are not built"));
        }
        if name.is_some_and(|name| name != filename.name()) {
            return Err(refuse(
                "its file name is that of another project than the requirement's",
            ));
        }
        let sha256 = digest(url.fragment().unwrap_or_default(), filename.name()).map_err(|reason| refuse(&reason))?;
        url.set_fragment(None);
        if url.scheme() == "file" {
            url.set_query(None);
        } else {
            let cleared = url.set_username("").is_ok() && url.set_password(None).is_ok();
            if !cleared {
                return Err(refuse("it names no host"));
            }
        }
        let mut file = entry(filename, &url, &url);
        file.sha256 = sha256;
        Ok(file)
    }
}

/// The `file:` URL of a path, which is relative to the working directory.
fn from_path(link: &str) -> Option<Url> {
    let path = Some(link).filter(|link| !link.is_empty()).map(Path::new)?;
    Url::from_file_path(std::path::absolute(path).ok()?).ok()
}

/// The sha256 of a fragment, of which only the hashes and `egg` (an old way to name the project) mean anything for a wheel.
fn digest(fragment: &str, name: &PackageName) -> Result<Option<Sha256Digest>, String> {
    let mut found: Option<Sha256Digest> = None;
    for part in fragment.split('&') {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let key = key.to_ascii_lowercase();
        if OTHER_HASHES.contains(&key.as_str()) {
            return Err(format!("its hash is a {key} hash; only `#sha256=…` is accepted"));
        }
        if key == "egg" {
            let egg = value.split('[').next().unwrap_or_default();
            if egg.parse::<PackageName>().is_ok_and(|egg| egg != *name) {
                return Err("its `egg` names another project than its file name".to_owned());
            }
        }
        if key != "sha256" {
            continue;
        }
        let digest = value.parse().map_err(|_| "its sha256 is not valid".to_owned())?;
        if *found.get_or_insert(digest) != digest {
            return Err("it names two different sha256".to_owned());
        }
    }
    Ok(found)
}
