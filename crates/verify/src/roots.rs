//! Trusted roots, parsed and prepared once.

use sigstore_verify::Verifier;
use sigstore_verify::crypto::{Keyring, SigningScheme};
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::TimeRange;

use crate::basis::Instance;

/// Why a trusted root cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// The document is no `trusted_root.json`.
    #[error("the {instance} trusted root cannot be read")]
    Unreadable {
        /// Which one.
        instance: Instance,
        /// What is wrong.
        #[source]
        source: sigstore_verify::trust_root::Error,
    },
    /// A key or certificate in it cannot be used.
    #[error("the {instance} trusted root holds a key or certificate that cannot be used")]
    Unusable {
        /// Which one.
        instance: Instance,
        /// What is wrong.
        #[source]
        source: Box<sigstore_verify::Error>,
    },
    /// It lacks certificate authorities, or the logs that its rules need.
    #[error("the {instance} trusted root has no {missing}")]
    Incomplete {
        /// Which one.
        instance: Instance,
        /// What is missing.
        missing: &'static str,
    },
}

/// The trusted roots, with everything in them parsed once.
pub struct TrustRoots {
    pub(crate) main: PreparedRoot,
    pub(crate) github: Option<PreparedRoot>,
}

/// One trusted root and its verifier.
pub(crate) struct PreparedRoot {
    pub(crate) instance: Instance,
    pub(crate) verifier: Verifier,
    pub(crate) rekor_keys: Keyring,
    /// Keys of the certificate transparency logs that sign with ECDSA P-256, as all logs in use do.
    pub(crate) ct_keys: Keyring,
    /// Certificates of the authorities, DER, each with the window in which it may vouch.
    pub(crate) authorities: Vec<(Vec<u8>, Option<TimeRange>)>,
}

impl TrustRoots {
    /// The public-good root and, for attestations of private repositories, GitHub's own.
    ///
    /// # Errors
    /// If a document cannot be read or lacks what its rules need.
    pub fn new(public_good_json: &str, github_json: Option<&str>) -> Result<Self, RootError> {
        Ok(Self {
            main: PreparedRoot::new(public_good_json, Instance::PublicGood)?,
            github: github_json
                .map(|json| PreparedRoot::new(json, Instance::Github))
                .transpose()?,
        })
    }

    /// A root that the user names. It replaces the others, and the rules of the public-good instance hold for it.
    ///
    /// # Errors
    /// If the document cannot be read or lacks what the rules need.
    pub fn custom(json: &str) -> Result<Self, RootError> {
        Ok(Self {
            main: PreparedRoot::new(json, Instance::Custom)?,
            github: None,
        })
    }
}

impl PreparedRoot {
    fn new(json: &str, instance: Instance) -> Result<Self, RootError> {
        let root = TrustedRoot::from_json(json).map_err(|source| RootError::Unreadable { instance, source })?;
        let incomplete = |missing| RootError::Incomplete { instance, missing };
        if root.certificate_authorities.is_empty() {
            return Err(incomplete("certificate authority"));
        }
        if instance == Instance::Github {
            if root.timestamp_authorities.is_empty() {
                return Err(incomplete("timestamp authority"));
            }
        } else if root.tlogs.is_empty() {
            return Err(incomplete("transparency log"));
        } else if root.ctlogs.is_empty() {
            return Err(incomplete("certificate transparency log"));
        }
        let verifier = Verifier::new(&root).map_err(|source| RootError::Unusable {
            instance,
            source: Box::new(source),
        })?;
        let unreadable = |source| RootError::Unreadable { instance, source };
        let authorities = root.certificate_authorities.iter().flat_map(|authority| {
            let certificates = authority.cert_chain.certificates.iter();
            certificates.map(|certificate| (certificate.raw_bytes.as_bytes().to_vec(), authority.valid_for))
        });
        Ok(Self {
            instance,
            verifier,
            rekor_keys: root.rekor_keys().map_err(unreadable)?,
            ct_keys: root.ctfe_keys(SigningScheme::EcdsaP256Sha256).map_err(unreadable)?,
            authorities: authorities.collect(),
        })
    }
}

impl std::fmt::Debug for TrustRoots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrustRoots")
            .field("main", &self.main.instance)
            .field("github", &self.github.is_some())
            .finish()
    }
}
