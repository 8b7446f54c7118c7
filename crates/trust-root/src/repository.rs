//! A TUF repository, and the root metadata that everything from it must descend from.

use std::borrow::Cow;
use std::sync::OnceLock;

use sigstore_tuf::trusted::TrustedMetadataSet;
use sigstore_verify::crypto::sha256;
use sigstore_verify::trust_root::SigstoreInstance;
use url::Url;

use crate::error::LoadError;
use crate::metadata;
use crate::problem::Problem;

/// The target that is the trusted root, in every Sigstore repository.
pub(crate) const TARGET: &str = "trusted_root.json";

/// A TUF repository and its start root.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(crate) name: &'static str,
    pub(crate) url: Url,
    start: Cow<'static, [u8]>,
    /// The start root after its verification, which is the same each time.
    verified: OnceLock<TrustedMetadataSet>,
    /// The copy of its target that is compiled in.
    pub(crate) embedded: Option<&'static str>,
}

impl Repository {
    /// Sigstore's public-good instance, with the embedded start root.
    ///
    /// # Errors
    /// Never with the embedded data.
    pub fn public_good() -> Result<Self, LoadError> {
        Self::known("public-good", SigstoreInstance::PublicGood)
    }

    /// GitHub's own instance, with the embedded start root.
    ///
    /// # Errors
    /// Never with the embedded data.
    pub fn github() -> Result<Self, LoadError> {
        Self::known("github", SigstoreInstance::GitHub)
    }

    fn known(name: &'static str, instance: SigstoreInstance) -> Result<Self, LoadError> {
        Ok(Self {
            name,
            url: base(instance.tuf_url())?,
            start: Cow::Borrowed(instance.tuf_root()),
            verified: OnceLock::new(),
            embedded: Some(instance.embedded_trusted_root_json()),
        })
    }

    /// A repository of the user's, whose start root the user vouches for. It has no embedded copy to fall back on.
    ///
    /// # Errors
    /// If the start root is no TUF root metadata signed by its own keys.
    pub fn custom(url: &Url, start: Vec<u8>) -> Result<Self, LoadError> {
        Self {
            name: "custom",
            url: url.clone(),
            start: Cow::Borrowed(&[]),
            verified: OnceLock::new(),
            embedded: None,
        }
        .moved(url, start)
    }

    /// This repository at another address, with another start root; for mirrors and tests of the well-known ones.
    ///
    /// # Errors
    /// If the start root is no TUF root metadata signed by its own keys.
    pub fn moved(self, url: &Url, start: Vec<u8>) -> Result<Self, LoadError> {
        let moved = Self {
            url: base(url.as_str())?,
            start: Cow::Owned(start),
            verified: OnceLock::new(),
            ..self
        };
        match moved.verified_start() {
            Ok(_) => Ok(moved),
            Err(problem) => Err(LoadError::StartRoot { problem }),
        }
    }

    /// Its short name: `public-good`, `github` or `custom`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The start root, which must be signed by its own keys; verified once.
    pub(crate) fn verified_start(&self) -> Result<TrustedMetadataSet, Problem> {
        if let Some(verified) = self.verified.get() {
            return Ok(verified.clone());
        }
        let verified = metadata::start(&self.start)?;
        Ok(self.verified.get_or_init(|| verified).clone())
    }

    /// Its address without login and query, which may be secrets and do not say what is there.
    pub(crate) fn address(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        // Both setters fail only for URLs that cannot hold a login at all.
        let _ = url.set_password(None);
        let _ = url.set_username("");
        url.to_string()
    }

    /// The name of its folder in the cache. Another address or another start root has another folder, so that what one
    /// release has kept is never a break in the chain of another.
    pub(crate) fn folder(&self) -> String {
        let mut identity = self.address().into_bytes();
        identity.push(0);
        identity.extend_from_slice(&self.start);
        let digest = sha256(&identity).to_hex();
        format!("{}-{}", self.name, digest.get(..16).unwrap_or(&digest))
    }
}

/// A URL that ends in a slash, so that joining extends it.
fn base(given: &str) -> Result<Url, LoadError> {
    let slash = if given.ends_with('/') { "" } else { "/" };
    Url::parse(&format!("{given}{slash}")).map_err(|source| LoadError::Address { source })
}
