//! A Sigstore of our own: certificate authority, CT log and transparency log under keys from a seed.
//!
//! [`TestSigstore::github_internal`] is an instance like GitHub's own: timestamps in place of SCT and log.
//!
//! Not there: TUF repository.

pub(crate) mod body;
mod certificate;
mod faults;
mod key;
mod log;
mod merkle;
mod signed;
mod tile_log;
mod trusted_root;
mod tsa;

pub use faults::{Faults, LogLie};
pub use key::Key;
pub use signed::{BUNDLE_V01, BUNDLE_V02, BUNDLE_V03, Signed, provenance_object};

use crate::encoding::{canonical_json, pem, sha256_hex};
use crate::identity::Identity;
use crate::statement::PAYLOAD_TYPE;
use body::Recorded;
use certificate::{Authority, AuthorityNames};
pub(crate) use log::{Log, Proven};
use serde_json::{Value, json};
use signed::{Content, classic_envelope};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tile_log::{AnyKey, TileLog};
use tsa::TimestampAuthority;

/// 2025-06-01T12:00:00Z: when things are signed unless a test says otherwise.
pub const DEFAULT_SIGNING_TIME: i64 = 1_748_779_200;

/// Seconds from the certificate's issue to the log's integration of the entry.
const ISSUE_TO_LOG_SECONDS: i64 = 2;

/// Faults of time miss the certificate's ten minutes by this much, in seconds.
const HOUR: i64 = 3600;

/// End of the windows of retired logs and authorities, and of an expired certificate: 2025-01-01T00:00:00Z.
const RETIRED: i64 = 1_735_689_600;
const RETIRED_TEXT: &str = "2025-01-01T00:00:00Z";

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
    /// `dsse` 0.0.2, of Rekor v2: no time and no SET in the entry, an RFC 3161 timestamp beside it.
    DsseV002,
    /// `hashedrekord` 0.0.2, of Rekor v2: with an envelope it records the hash of what was signed, the PAE.
    HashedRekordV002,
}

impl LogKind {
    /// The entry's `kind`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Dsse | Self::DsseV002 => "dsse",
            Self::IntotoV001 | Self::IntotoV002 => "intoto",
            Self::HashedRekord | Self::HashedRekordV002 => "hashedrekord",
        }
    }

    /// The entry's `apiVersion`.
    pub fn version(self) -> &'static str {
        match self {
            Self::Dsse | Self::IntotoV001 | Self::HashedRekord => "0.0.1",
            Self::IntotoV002 | Self::DsseV002 | Self::HashedRekordV002 => "0.0.2",
        }
    }

    /// Whether Rekor v2 holds entries of this kind.
    pub fn is_rekor_v2(self) -> bool {
        matches!(self, Self::DsseV002 | Self::HashedRekordV002)
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
    /// Put an RFC 3161 timestamp of [`SigningOptions::time`] into bundles. Always there with Rekor v2 and on GitHub's own instance.
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
    retired_tsa: TimestampAuthority,
    expired_tsa: TimestampAuthority,
    log: Mutex<Log>,
    tile_logs: Mutex<TileLogs>,
    serial: AtomicU64,
    timestamp_serial: AtomicU64,
}

/// The logs of Rekor v2.
struct TileLogs {
    active: TileLog,
    retired: TileLog,
    unknown: TileLog,
}

impl TileLogs {
    fn append(&mut self, body: String, faults: Faults) -> Proven {
        if faults.unknown_log {
            self.unknown.append(body, faults, &self.active)
        } else if faults.retired_log {
            self.retired.append(body, faults, &self.active)
        } else {
            self.active.append(body, faults, &self.retired)
        }
    }
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
            tsa: TimestampAuthority::new(seed, ours, names, None),
            other_tsa: TimestampAuthority::new(seed, other, names, None),
            retired_tsa: TimestampAuthority::new(seed, &format!("{ours} retired"), names, None),
            expired_tsa: TimestampAuthority::new(seed, &format!("{ours} expired"), names, Some(RETIRED)),
            log: Mutex::new(Log::new(seed)),
            tile_logs: Mutex::new(TileLogs {
                active: TileLog::active(seed),
                retired: TileLog::retired(seed),
                unknown: TileLog::unknown(seed),
            }),
            serial: AtomicU64::new(1),
            timestamp_serial: AtomicU64::new(1),
        };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.inner.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the log's server mislead whoever asks it; `None` ends that.
    pub fn mislead(&self, lie: Option<LogLie>) {
        self.log().lie = lie;
    }

    /// Logs `count` entries of nobody in particular, which the index finds by `digest` (hex SHA-256): about other payloads, or
    /// about `payload`.
    pub fn log_strangers(&self, count: usize, digest: &str, payload: Option<&[u8]>) {
        for number in 0..count {
            let other = format!("a stranger's payload {number}");
            let payload = payload.unwrap_or(other.as_bytes());
            let recorded = Recorded {
                envelope: &other,
                payload,
                payload_type: PAYLOAD_TYPE,
                signature: other.as_bytes(),
                certificate_pem: "no certificate",
                certificate: &[],
            };
            let body = body::of_envelope(LogKind::Dsse, &recorded);
            self.log()
                .append_one(body, DEFAULT_SIGNING_TIME, vec![digest.to_owned()]);
        }
    }

    fn tile_logs(&self) -> MutexGuard<'_, TileLogs> {
        self.inner.tile_logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The `trusted_root.json` to give to a verifier.
    pub fn trusted_root_json(&self) -> String {
        let inner = &self.inner;
        let organization = if inner.github_internal {
            "GitHub, Inc."
        } else {
            "sigstore.test"
        };
        let subject = |name: &str| json!({"organization": organization, "commonName": name});
        let tsa = |authority: &TimestampAuthority, end| {
            let uri = "https://timestamp.test";
            trusted_root::authority(uri, &subject("sigstore-tsa"), &authority.chain(), end)
        };
        let mut tlogs = Vec::new();
        let mut ctlogs = Vec::new();
        let mut tsas = vec![tsa(&inner.tsa, None)];
        if !inner.github_internal {
            tlogs.push(trusted_root::ecdsa_log("https://rekor.test", self.log().key()));
            let logs = self.tile_logs();
            tlogs.push(trusted_root::tile_log(&logs.active, None));
            tlogs.push(trusted_root::tile_log(&logs.retired, Some(RETIRED_TEXT)));
            ctlogs.push(trusted_root::ecdsa_log("https://ctfe.test", inner.authority.ct_key()));
            tsas.push(tsa(&inner.retired_tsa, Some(RETIRED_TEXT)));
            tsas.push(tsa(&inner.expired_tsa, None));
        }
        let fulcio = trusted_root::authority(
            "https://fulcio.test",
            &subject("sigstore"),
            &inner.authority.chain(),
            None,
        );
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": tlogs,
            "certificateAuthorities": [fulcio],
            "ctlogs": ctlogs,
            "timestampAuthorities": tsas,
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
        self.sign_payload_logged_as(identity, payload, payload_type, options, |_| ())
    }

    /// Signs any bytes as an envelope's payload, and has the log record a changed body: a log that can be made to record what it should refuse.
    pub fn sign_payload_logged_as(
        &self,
        identity: &Identity,
        payload: &[u8],
        payload_type: &str,
        options: SigningOptions,
        change: impl FnOnce(&mut Value),
    ) -> Signed {
        let content = Content::Envelope {
            payload_type: payload_type.to_owned(),
        };
        let message = pae(payload_type, payload);
        self.sign(identity, payload, &message, content, options, change)
    }

    /// Signs a file's bytes: a bundle with a message signature, and a `hashedrekord` entry of the log version of `options`.
    pub fn sign_artifact(&self, identity: &Identity, artifact: &[u8], options: SigningOptions) -> Signed {
        let kind = if options.kind.is_rekor_v2() {
            LogKind::HashedRekordV002
        } else {
            LogKind::HashedRekord
        };
        let options = SigningOptions { kind, ..options };
        self.sign(identity, artifact, artifact, Content::Artifact, options, |_| ())
    }

    fn sign(
        &self,
        identity: &Identity,
        payload: &[u8],
        message: &[u8],
        content: Content,
        options: SigningOptions,
        change: impl FnOnce(&mut Value),
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
            let mut body = serde_json::from_str(&body).expect("a body is JSON");
            change(&mut body);
            let body = canonical_json(&body);
            if options.kind.is_rekor_v2() {
                return self.tile_logs().append(body, faults);
            }
            let digests = index_digests(payload, &leaf.certificate_pem());
            let mut log = self.log();
            let index = log.append(body, options.time, digests, faults);
            log.prove(index)
        });
        let needs_timestamp = options.kind.is_rekor_v2() || self.inner.github_internal;
        let timestamp = (!faults.omit_timestamp && (options.timestamp || needs_timestamp))
            .then(|| self.timestamp(&signature, options));
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
        let faults = options.faults;
        let tsa = match faults {
            Faults { other_tsa: true, .. } => &self.inner.other_tsa,
            Faults { retired_tsa: true, .. } => &self.inner.retired_tsa,
            Faults { expired_tsa: true, .. } => &self.inner.expired_tsa,
            _ => &self.inner.tsa,
        };
        let time = match faults {
            Faults {
                late_timestamp: true, ..
            } => options.time + HOUR,
            Faults {
                early_timestamp: true, ..
            } => options.time - HOUR,
            _ => options.time,
        };
        let signature = if faults.wrong_timestamp {
            b"another signature"
        } else {
            signature
        };
        let serial = self.inner.timestamp_serial.fetch_add(1, Ordering::Relaxed);
        let mut answer = tsa.answer(signature, time, serial);
        if faults.tampered_timestamp
            && let Some(last) = answer.last_mut()
        {
            // The signature stands at the end.
            *last ^= 1;
        }
        answer
    }

    /// An RFC 3161 answer of the trusted authority over any bytes at any time, as everybody can have one.
    pub fn timestamp_of(&self, bytes: &[u8], time: i64) -> Vec<u8> {
        let serial = self.inner.timestamp_serial.fetch_add(1, Ordering::Relaxed);
        self.inner.tsa.answer(bytes, time, serial)
    }

    /// A fresh key with its certificate.
    fn leaf(&self, identity: &Identity, options: SigningOptions) -> Leaf {
        let faults = options.faults;
        let serial = self.inner.serial.fetch_add(1, Ordering::Relaxed);
        let label = format!("leaf {serial}");
        let key = if faults.ed25519_key {
            AnyKey::ed25519(self.inner.seed, &label)
        } else {
            AnyKey::Ecdsa(Key::derive(self.inner.seed, &label))
        };
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
        let certificate = authority.issue(&key.spki(), identity, not_before, serial, sct, faults);
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
        let certificate = if faults.logged_other_certificate {
            let identity = Identity::github("someone/else");
            self.leaf(&identity, SigningOptions::default()).certificate
        } else {
            leaf.certificate.clone()
        };
        let certificate_pem = pem("CERTIFICATE", &certificate);
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
            Content::Artifact if options.kind.is_rekor_v2() => body::of_artifact_v002(payload, signature, &certificate),
            Content::Artifact => body::of_artifact(payload, signature, &certificate_pem),
            Content::Envelope { payload_type } => {
                let inside = (!options.log_without_certificate).then_some(certificate_pem.as_str());
                let envelope = classic_envelope(payload_type, payload, signature, inside);
                let recorded = Recorded {
                    envelope: &envelope,
                    payload,
                    payload_type,
                    signature,
                    certificate_pem: &certificate_pem,
                    certificate: &certificate,
                };
                body::of_envelope(options.kind, &recorded)
            }
        }
    }
}

/// A signing key and its certificate in DER.
struct Leaf {
    key: AnyKey,
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
