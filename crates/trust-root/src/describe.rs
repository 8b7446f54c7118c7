//! What a trusted root holds, for people and for machines.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;
use sigstore_tuf::trusted::TrustedMetadataSet;
use sigstore_verify::crypto::sha256;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::trust_root::trusted_root::{CertChain, CertificateSubject, PublicKey};
use sigstore_verify::types::{LogId, TimeRange};
use slsa_pip_verify::{Instance, RootError};

use crate::error::LoadError;
use crate::origin::Origin;

/// Version and end of validity of a TUF role's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RoleState {
    /// `root`, `timestamp`, `snapshot` or `targets`.
    pub role: &'static str,
    /// Its version.
    pub version: u64,
    /// When it expires.
    pub expires: Timestamp,
}

/// The authorities and logs of a trusted root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Contents {
    /// Fulcio: who may issue signing certificates.
    pub certificate_authorities: Vec<Authority>,
    /// Rekor: where signatures are logged.
    pub transparency_logs: Vec<Key>,
    /// Where certificates are logged.
    pub certificate_logs: Vec<Key>,
    /// RFC 3161: who may say when something was signed.
    pub timestamp_authorities: Vec<Authority>,
}

/// An authority with a chain of certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Authority {
    /// Organisation and name, as the trusted root says.
    pub name: String,
    /// Its address, where there is one.
    pub url: Option<String>,
    /// SHA-256 of each certificate of the chain, in its order, hexadecimal.
    pub certificates: Vec<String>,
    /// Since when it may vouch; `None`: no limit.
    pub from: Option<Timestamp>,
    /// Until when; `None`: no limit.
    pub until: Option<Timestamp>,
}

/// A log's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Key {
    /// The log's address.
    pub url: String,
    /// The log's id, hexadecimal.
    pub id: String,
    /// The algorithm, in the words of Sigstore's specification.
    pub algorithm: String,
    /// Since when it may vouch; `None`: no limit.
    pub from: Option<Timestamp>,
    /// Until when; `None`: no limit.
    pub until: Option<Timestamp>,
}

impl Contents {
    pub(crate) fn read(json: &str, origin: &Origin) -> Result<Self, LoadError> {
        let root = TrustedRoot::from_json(json).map_err(|source| LoadError::Unusable {
            origin: origin.clone(),
            source: RootError::Unreadable {
                instance: Instance::Custom,
                source,
            },
        })?;
        let authorities = root.certificate_authorities.iter();
        let stampers = root.timestamp_authorities.iter();
        let logs = root.tlogs.iter();
        let certificate_logs = root.ctlogs.iter();
        Ok(Self {
            certificate_authorities: authorities
                .map(|found| {
                    authority(
                        &found.subject,
                        Some(found.uri.clone()),
                        &found.cert_chain,
                        found.valid_for,
                    )
                })
                .collect(),
            transparency_logs: logs
                .map(|log| key(&log.base_url, &log.log_id, &log.public_key))
                .collect(),
            certificate_logs: certificate_logs
                .map(|log| key(&log.base_url, &log.log_id, &log.public_key))
                .collect(),
            timestamp_authorities: stampers
                .map(|found| authority(&found.subject, found.uri.clone(), &found.cert_chain, found.valid_for))
                .collect(),
        })
    }
}

/// The four top-level roles, those that are there.
pub(crate) fn roles(set: &TrustedMetadataSet) -> Vec<RoleState> {
    let state = |role, version, expires| RoleState { role, version, expires };
    let mut found = vec![state("root", set.root().version, set.root().expires)];
    found.extend(
        set.timestamp()
            .map(|role| state("timestamp", role.version, role.expires)),
    );
    found.extend(set.snapshot().map(|role| state("snapshot", role.version, role.expires)));
    found.extend(
        set.targets_role("targets")
            .map(|role| state("targets", role.version, role.expires)),
    );
    found
}

fn authority(
    subject: &CertificateSubject,
    url: Option<String>,
    chain: &CertChain,
    valid: Option<TimeRange>,
) -> Authority {
    let names = [subject.organization.as_deref(), subject.common_name.as_deref()];
    let name: Vec<&str> = names.into_iter().flatten().collect();
    Authority {
        name: name.join(" "),
        url,
        certificates: chain
            .certificates
            .iter()
            .map(|certificate| sha256(certificate.raw_bytes.as_bytes()).to_hex())
            .collect(),
        from: valid.map(|range| range.start),
        until: valid.and_then(|range| range.end),
    }
}

fn key(url: &str, id: &LogId, key: &PublicKey) -> Key {
    let valid = key.valid_for;
    let mut hex = String::new();
    for byte in id.key_id.as_bytes() {
        let _ = write!(hex, "{byte:02x}");
    }
    Key {
        url: url.to_owned(),
        id: hex,
        algorithm: key.key_details.to_string(),
        from: valid.map(|range| range.start),
        until: valid.and_then(|range| range.end),
    }
}
