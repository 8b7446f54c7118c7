//! A Sigstore of our own: certificate authority, CT log and transparency log under keys from a seed.
//!
//! [`TestSigstore::github_internal`] is an instance like GitHub's own: timestamps in place of SCT and log.
//!
//! Not there: Rekor v2, TUF repository.

pub(crate) mod body;
mod certificate;
mod faults;
mod key;
mod log;
mod merkle;
mod signed;
mod tsa;

pub use faults::Faults;
pub use key::Key;
pub use signed::{BUNDLE_V01, BUNDLE_V02, BUNDLE_V03, Signed, provenance_object};

use crate::encoding::{base64, pem, sha256_hex};
use crate::identity::Identity;
use crate::statement::PAYLOAD_TYPE;
use body::Recorded;
use certificate::{Authority, AuthorityNames};
use log::Log;
use serde_json::{Value, json};
use signed::{Content, classic_envelope};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tsa::TimestampAuthority;

/// 2025-06-01T12:00:00Z: when things are signed unless a test says otherwise.
pub const DEFAULT_SIGNING_TIME: i64 = 1_748_779_200;

/// Seconds from the certificate's issue to the log's integration of the entry.
const ISSUE_TO_LOG_SECONDS: i64 = 2;

/// Start of every validity window in the trusted root.
const TRUSTED_SINCE: &str = "2020-01-01T00:00:00Z";

/// Kind of log entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogKind {
    /// `dsse` 0.0.1: slsa-github-generator v2, PEP 740, actions/attest.
    #[default]
    Dsse,
    /// `intoto` 0.0.1: slsa-github-generator before v2. Bundles cannot hold it in a form that sigstore-verify reads.
    IntotoV001,
    /// `intoto` 0.0.2: npm and early bundles.
    IntotoV002,
    /// `hashedrekord` 0.0.1: a signature over a file; with an envelope it records the payload's hash.
    HashedRekord,
}

impl LogKind {
    /// The entry's `kind`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Dsse => "dsse",
            Self::IntotoV001 | Self::IntotoV002 => "intoto",
            Self::HashedRekord => "hashedrekord",
        }
    }

    /// The entry's `apiVersion`.
    pub fn version(self) -> &'static str {
        match self {
            Self::Dsse | Self::IntotoV001 | Self::HashedRekord => "0.0.1",
            Self::IntotoV002 => "0.0.2",
        }
    }
}

/// How to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningOptions {
    /// When the log integrates the entry, seconds since 1970; the certificate is issued two seconds before.
    pub time: i64,
    /// Kind of log entry.
    pub kind: LogKind,
    /// Deliberate defects.
    pub faults: Faults,
    /// Upload the envelope to the log without the certificate inside, as generators before v1.2 did. The classic envelope with certificate is then not found.
    pub log_without_certificate: bool,
    /// Put an RFC 3161 timestamp of [`SigningOptions::time`] into bundles. Always there on GitHub's own instance.
    pub timestamp: bool,
}

impl Default for SigningOptions {
    fn default() -> Self {
        Self {
            time: DEFAULT_SIGNING_TIME,
            kind: LogKind::default(),
            faults: Faults::default(),
            log_without_certificate: false,
            timestamp: false,
        }
    }
}

impl SigningOptions {
    /// The default with these defects.
    pub fn with_faults(faults: Faults) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// The default with this kind of log entry.
    pub fn with_kind(kind: LogKind) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }
}

/// A whole Sigstore instance. Clones share the log.
#[derive(Clone)]
pub struct TestSigstore {
    inner: Arc<Inner>,
}

struct Inner {
    seed: u64,
    /// Like GitHub's own instance: neither SCT nor log, but timestamps.
    github_internal: bool,
    authority: Authority,
    other_authority: Authority,
    tsa: TimestampAuthority,
    other_tsa: TimestampAuthority,
    log: Mutex<Log>,
    serial: AtomicU64,
    timestamp_serial: AtomicU64,
}

impl TestSigstore {
    /// The instance of `seed`, like the public-good one. The same seed and the same calls in the same order give the same bytes.
    pub fn new(seed: u64) -> Self {
        Self::with_names(seed, &AuthorityNames::PUBLIC, false)
    }

    /// An instance of `seed` like GitHub's own for private repositories: issued by `O=GitHub, Inc.`, without SCT and log, with timestamps.
    pub fn github_internal(seed: u64) -> Self {
        Self::with_names(seed, &AuthorityNames::GITHUB, true)
    }

    fn with_names(seed: u64, names: &AuthorityNames, github_internal: bool) -> Self {
        let (ours, other) = if github_internal {
            ("github", "no github")
        } else {
            ("ours", "other")
        };
        let inner = Inner {
            seed,
            github_internal,
            authority: Authority::new(seed, ours, names),
            other_authority: Authority::new(seed, other, names),
            tsa: TimestampAuthority::new(seed, ours, names),
            other_tsa: TimestampAuthority::new(seed, other, names),
            log: Mutex::new(Log::new(seed)),
            serial: AtomicU64::new(1),
            timestamp_serial: AtomicU64::new(1),
        };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.inner.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The `trusted_root.json` to give to a verifier.
    pub fn trusted_root_json(&self) -> String {
        let log_entry = |url: &str, key: &Key| {
            json!({
                "baseUrl": url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": base64(&key.spki()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": TRUSTED_SINCE},
                },
                "logId": {"keyId": base64(&key.id())},
            })
        };
        let authority = |uri: &str, subject: Value, chain: [Vec<u8>; 2]| {
            let certificates: Vec<_> = chain.iter().map(|der| json!({"rawBytes": base64(der)})).collect();
            json!({
                "subject": subject,
                "uri": uri,
                "certChain": {"certificates": certificates},
                "validFor": {"start": TRUSTED_SINCE},
            })
        };
        let inner = &self.inner;
        let organization = if inner.github_internal {
            "GitHub, Inc."
        } else {
            "sigstore.test"
        };
        let subject = |name: &str| json!({"organization": organization, "commonName": name});
        let mut tlogs = vec![log_entry("https://rekor.test", self.log().key())];
        let mut ctlogs = vec![log_entry("https://ctfe.test", inner.authority.ct_key())];
        if inner.github_internal {
            tlogs.clear();
            ctlogs.clear();
        }
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": tlogs,
            "certificateAuthorities": [authority("https://fulcio.test", subject("sigstore"), inner.authority.chain())],
            "ctlogs": ctlogs,
            "timestampAuthorities": [authority("https://timestamp.test", subject("sigstore-tsa"), inner.tsa.chain())],
        });
        serde_json::to_string_pretty(&root).expect("JSON values serialise")
    }

    /// Signs a statement as `identity` and registers the entry in the log.
    pub fn sign_statement(&self, identity: &Identity, statement: &Value, options: SigningOptions) -> Signed {
        self.sign_payload(identity, statement.to_string().as_bytes(), PAYLOAD_TYPE, options)
    }

    /// Signs any bytes as an envelope's payload.
    pub fn sign_payload(
        &self,
        identity: &Identity,
        payload: &[u8],
        payload_type: &str,
        options: SigningOptions,
    ) -> Signed {
        let content = Content::Envelope {
            payload_type: payload_type.to_owned(),
        };
        self.sign(identity, payload, &pae(payload_type, payload), content, options)
    }

    /// Signs a file's bytes (a `hashedrekord` entry and a bundle with a message signature).
    pub fn sign_artifact(&self, identity: &Identity, artifact: &[u8], options: SigningOptions) -> Signed {
        let options = SigningOptions {
            kind: LogKind::HashedRekord,
            ..options
        };
        self.sign(identity, artifact, artifact, Content::Artifact, options)
    }

    fn sign(
        &self,
        identity: &Identity,
        payload: &[u8],
        message: &[u8],
        content: Content,
        options: SigningOptions,
    ) -> Signed {
        let faults = options.faults;
        let leaf = self.leaf(identity, options);
        let signature = if faults.wrong_signature {
            leaf.key.sign(&[message, b" "].concat())
        } else {
            leaf.key.sign(message)
        };
        let entry = (!self.inner.github_internal).then(|| {
            let body = self.body(payload, &signature, &leaf, &content, options);
            let digests = index_digests(payload, &leaf.certificate_pem());
            let mut log = self.log();
            let index = log.append(body, options.time, digests, faults);
            log.prove(index)
        });
        let timestamp = (options.timestamp || self.inner.github_internal).then(|| self.timestamp(&signature, options));
        Signed {
            content,
            payload: payload.to_vec(),
            signature,
            certificate: leaf.certificate,
            kind: options.kind,
            entry,
            timestamp,
            identity: identity.clone(),
        }
    }

    /// An RFC 3161 answer over the signature.
    fn timestamp(&self, signature: &[u8], options: SigningOptions) -> Vec<u8> {
        let tsa = if options.faults.other_tsa {
            &self.inner.other_tsa
        } else {
            &self.inner.tsa
        };
        let serial = self.inner.timestamp_serial.fetch_add(1, Ordering::Relaxed);
        let signature = if options.faults.wrong_timestamp {
            b"another signature"
        } else {
            signature
        };
        tsa.answer(signature, options.time, serial)
    }

    /// A fresh key with its certificate.
    fn leaf(&self, identity: &Identity, options: SigningOptions) -> Leaf {
        /// Both clock faults miss the certificate's ten minutes by this much.
        const HOUR: i64 = 3600;
        let faults = options.faults;
        let serial = self.inner.serial.fetch_add(1, Ordering::Relaxed);
        let key = Key::derive(self.inner.seed, &format!("leaf {serial}"));
        let mut not_before = options.time - ISSUE_TO_LOG_SECONDS;
        if faults.expired_certificate {
            not_before -= HOUR;
        }
        if faults.not_yet_valid_certificate {
            not_before += HOUR;
        }
        let authority = if faults.other_ca {
            &self.inner.other_authority
        } else {
            &self.inner.authority
        };
        let sct = !faults.omit_sct && !self.inner.github_internal;
        let certificate = authority.issue(&key, identity, not_before, serial, sct, faults);
        Leaf { key, certificate }
    }

    /// The entry's body, with the defects that are asked for.
    fn body(
        &self,
        payload: &[u8],
        signature: &[u8],
        leaf: &Leaf,
        content: &Content,
        options: SigningOptions,
    ) -> String {
        let faults = options.faults;
        let other_payload = [payload, b" "].concat();
        let other_signature = leaf.key.sign(&other_payload);
        let other_certificate = if faults.logged_other_certificate {
            let identity = Identity::github("someone/else");
            self.leaf(&identity, SigningOptions::default()).certificate_pem()
        } else {
            leaf.certificate_pem()
        };
        let payload = if faults.logged_other_payload {
            &other_payload
        } else {
            payload
        };
        let signature = if faults.logged_other_signature {
            &other_signature
        } else {
            signature
        };
        match content {
            Content::Artifact => body::of_artifact(payload, signature, &other_certificate),
            Content::Envelope { payload_type } => {
                let inside = (!options.log_without_certificate).then_some(other_certificate.as_str());
                let envelope = classic_envelope(payload_type, payload, signature, inside);
                let recorded = Recorded {
                    envelope: &envelope,
                    payload,
                    payload_type,
                    signature,
                    certificate_pem: &other_certificate,
                };
                body::of_envelope(options.kind, &recorded)
            }
        }
    }
}

/// A signing key and its certificate in DER.
struct Leaf {
    key: Key,
    certificate: Vec<u8>,
}

impl Leaf {
    fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }
}

/// DSSE's pre-authentication encoding.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

/// Hex SHA-256 values that the log's index finds an entry by: payload, verifier, and the statement's subjects.
fn index_digests(payload: &[u8], certificate_pem: &str) -> Vec<String> {
    let statement: Value = serde_json::from_slice(payload).unwrap_or_default();
    let subjects = statement.get("subject").and_then(Value::as_array).into_iter().flatten();
    let mut digests: Vec<_> = subjects
        .filter_map(|subject| {
            subject
                .pointer("/digest/sha256")
                .and_then(Value::as_str)
                .map(ToOwned::to_owned)
        })
        .collect();
    digests.push(sha256_hex(payload));
    digests.push(sha256_hex(certificate_pem.as_bytes()));
    digests
}
