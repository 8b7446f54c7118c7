//! Signature, certificate, transparency log and time: rules B1 to B8. The only place that touches `sigstore-verify`.
//!
//! Every format ends as a [`Signed`]: a statement whose signature, certificate chain, SCT, log entry and time are proven. Who
//! signed, and whether that is good enough, is decided elsewhere.

mod answers;
mod binding;
mod bundle;
mod claimed;
mod classic;
mod dsse_v002;
mod failure;
mod intoto_v001;
mod pep740;
mod precheck;
mod sct;

pub use claimed::{ClaimedCertificate, certificate_claims};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;
use sigstore_verify::types::TransparencyLogEntry;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_provenance::{Attestation, Evidence, Statement};

use crate::basis::Instance;
use crate::claims::{CIRCLECI_ISSUER, Claims, GITHUB_ISSUER, GITLAB_ISSUER, GOOGLE_ISSUER};
use crate::code::Code;
use crate::refusal::{Failure, printable};
use crate::roots::TrustRoots;

/// The payload type of in-toto statements (B1).
pub(crate) const IN_TOTO: &str = "application/vnd.in-toto+json";

/// Issuers whose claims we know how to read (D1).
const ISSUERS: [&str; 4] = [GITHUB_ISSUER, GITLAB_ISSUER, GOOGLE_ISSUER, CIRCLECI_ISSUER];

/// What the cryptography proves.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) claims: Claims,
    pub(crate) instance: Instance,
    pub(crate) time: Timestamp,
    pub(crate) log_index: Option<u64>,
    pub(crate) log_id: Option<String>,
}

impl Signed {
    fn new(claims: Claims, instance: Instance, time: Timestamp, entry: Option<&TransparencyLogEntry>) -> Self {
        Self {
            claims,
            instance,
            time,
            log_index: entry.map(|entry| entry.log_index.get()),
            log_id: entry.map(|entry| binding::hex(entry.log_id.key_id.as_bytes())),
        }
    }
}

/// Verifies the signature of one piece of evidence (B1–B8). That its payload speaks of `digest` is checked as well, by
/// `sigstore-verify`; what else it says is not looked at.
pub(crate) fn verify_signature(
    evidence: &Evidence,
    digest: &Sha256Digest,
    roots: &TrustRoots,
    now: Timestamp,
) -> Result<Signed, Failure> {
    let check = bundle::Check {
        roots,
        digest,
        now,
        payload: evidence.attestation.payload(),
        identity: None,
    };
    match evidence.attestation.as_ref() {
        Attestation::Classic(envelope) => classic::verify(envelope, &evidence.log_answers, &check),
        Attestation::Bundle(bundle) => {
            if bundle.payload.is_none() {
                return Err(Failure::new(
                    Code::NotAStatement,
                    "the bundle signs a plain message: it says nothing about a build or a publication",
                ));
            }
            bundle::verify_json(&bundle.json, &check)
        }
        Attestation::Pep740(attestation) => bundle::verify_json(&pep740::to_bundle(attestation), &check),
    }
}

/// What the signature of a bundle proves; see [`verify_signature_bundle`].
#[derive(Debug, Clone)]
pub struct SignedBundle {
    /// The proven signing time.
    pub signed_at: Timestamp,
    /// The instance whose root vouches for it.
    pub instance: Instance,
    /// The certificate's claims, by name.
    pub claims: Vec<(&'static str, String)>,
}

/// Verifies one Sigstore bundle, a message signature or DSSE envelope, against an exact identity and issuer: rules B1 to B8 alone.
///
/// For conformance tests and for looking at bundles. *Not checked*: subject names, predicate, builder, repository; the result is
/// no [`crate::Verified`] and nothing may be installed on its strength.
///
/// # Errors
/// The code of the rule that failed, and a sentence.
pub fn verify_signature_bundle(
    bundle: &Value,
    digest: &Sha256Digest,
    identity: &str,
    issuer: &str,
    roots: &TrustRoots,
    now: Timestamp,
) -> Result<SignedBundle, (Code, String)> {
    let check = bundle::Check {
        roots,
        digest,
        now,
        payload: None,
        identity: Some((identity, issuer)),
    };
    let signed = bundle::verify_json(bundle, &check).map_err(|failure| match failure.code {
        // The library has one error for both; with evidence the subjects are compared before, here only to tell which it is.
        Code::LogEntryMismatch if speaks_of_others(bundle, digest) => (
            Code::DigestMismatch,
            "no subject of the signed statement has the file's digest".to_owned(),
        ),
        code => (code, printable(&failure.summary)),
    })?;
    Ok(SignedBundle {
        signed_at: signed.time,
        instance: signed.instance,
        claims: signed.claims.named(),
    })
}

/// Whether a bundle holds a statement, and none of its subjects has the digest.
fn speaks_of_others(bundle: &Value, digest: &Sha256Digest) -> bool {
    let payload = bundle.pointer("/dsseEnvelope/payload").and_then(Value::as_str);
    let payload = payload.and_then(|text| STANDARD.decode(text).ok());
    let statement = payload.and_then(|payload| Statement::parse(&payload).ok());
    statement.is_some_and(|it| !it.subjects.iter().any(|subject| subject.sha256() == Some(*digest)))
}

/// The issuer that the certificate claims, if it is one that we know (D1).
fn known_issuer(claims: &Claims) -> Result<&'static str, Failure> {
    let claimed = claims.issuer();
    ISSUERS
        .into_iter()
        .find(|known| claimed == Some(*known))
        .ok_or_else(|| {
            Failure::new(
                Code::IssuerUnexpected,
                "the certificate was issued to an identity of another provider",
            )
            .expected(ISSUERS.join(" or "))
            .found(claimed.unwrap_or("no issuer claim"))
        })
}
