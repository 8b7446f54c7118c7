//! Bundles: pre-check, choice of the instance, `sigstore-verify`, and the checks it leaves to us.

use jiff::Timestamp;
use serde_json::Value;
use sigstore_verify::types::{Artifact, Bundle, DerCertificate, Sha256Hash, SignatureContent};
use sigstore_verify::{VerificationPolicy, VerificationResult};
use slsa_pip_distribution::Sha256Digest;

use super::precheck::{self, Log};
use super::{Signed, binding, dsse_v002, failure, known_issuer};
use crate::basis::Instance;
use crate::certificate::Certificate;
use crate::claims::Claims;
use crate::code::Code;
use crate::refusal::Failure;
use crate::roots::{PreparedRoot, TrustRoots};

/// What a signature is checked against.
pub(super) struct Check<'a> {
    pub(super) roots: &'a TrustRoots,
    pub(super) digest: &'a Sha256Digest,
    pub(super) now: Timestamp,
    /// The statement that is judged elsewhere: it must be the very payload whose signature is verified here.
    pub(super) payload: Option<&'a [u8]>,
    /// An exact identity and issuer; without it, one of the known issuers.
    pub(super) identity: Option<(&'a str, &'a str)>,
}

/// Verifies a bundle from its JSON document.
pub(super) fn verify_json(json: &Value, check: &Check<'_>) -> Result<Signed, Failure> {
    precheck::raw(json)?;
    match dsse_v002::readable(json) {
        Some(readable) => dsse_v002::verify(parse(&readable)?, check),
        None => verify(&parse(json)?, check),
    }
}

fn parse(json: &Value) -> Result<Bundle, Failure> {
    Bundle::from_json(&json.to_string())
        .map_err(|error| Failure::new(Code::BundleMalformed, format!("the bundle is malformed: {error}")))
}

/// Verifies a bundle whose raw form was checked or which was composed here.
pub(super) fn verify(bundle: &Bundle, check: &Check<'_>) -> Result<Signed, Failure> {
    let der = signing_certificate(bundle)?;
    same_payload(bundle, check)?;
    let certificate = Certificate::parse(der.as_bytes())?;
    let root = choose(check.roots, &certificate)?;
    let log = if root.instance == Instance::Github {
        Log::Absent
    } else {
        Log::Required
    };
    precheck::typed(bundle, log)?;
    let claims = certificate.claims()?;
    let policy = policy(check, &claims, log)?;
    if let [entry] = bundle.verification_material.tlog_entries.as_slice() {
        binding::log_is_known(entry, root)?;
        binding::time_is_plausible(entry, &certificate, check.now)?;
    }
    let result = run(root, bundle, &policy, check)?;
    match log {
        Log::Required => assert_checked(&result, &CHECKS)?,
        Log::Absent => assert_checked(&result, &["certificate", "identity"])?,
    }
    binding::algorithm_is_expected(&result)?;
    for entry in &bundle.verification_material.tlog_entries {
        binding::checkpoint_is_of_this_log(entry, root)?;
        binding::certificate_is_logged(entry, der.as_bytes())?;
    }
    let signed_at = signing_time(&result, check.now)?;
    let entry = bundle.verification_material.tlog_entries.first();
    if let Some(entry) = entry {
        binding::log_key_was_valid(entry, root, signed_at)?;
    }
    Ok(Signed::new(claims, root.instance, signed_at, entry))
}

pub(super) fn signing_certificate(bundle: &Bundle) -> Result<&DerCertificate, Failure> {
    bundle
        .signing_certificate()
        .ok_or_else(|| Failure::new(Code::CertificateMissing, "the bundle has no signing certificate"))
}

/// The library's verification.
pub(super) fn run(
    root: &PreparedRoot,
    bundle: &Bundle,
    policy: &VerificationPolicy,
    check: &Check<'_>,
) -> Result<VerificationResult, Failure> {
    let artifact = Artifact::from(Sha256Hash::from(*check.digest.as_bytes()));
    root.verifier
        .verify(artifact, bundle, policy)
        .map_err(|error| failure::from_sigstore(&error, bundle))
}

/// The reader has decoded the payload once and the library does it again; what is judged must be what is signed.
pub(super) fn same_payload(bundle: &Bundle, check: &Check<'_>) -> Result<(), Failure> {
    let Some(judged) = check.payload else { return Ok(()) };
    match &bundle.content {
        SignatureContent::DsseEnvelope(envelope) if envelope.payload.as_bytes() == judged => Ok(()),
        _ => Err(Failure::new(
            Code::BundleMalformed,
            "the bundle signs another payload than the statement that was read",
        )),
    }
}

/// B8: the instance, chosen once by the certificate's issuer.
pub(super) fn choose<'r>(roots: &'r TrustRoots, certificate: &Certificate) -> Result<&'r PreparedRoot, Failure> {
    if roots.main.instance != Instance::PublicGood || !certificate.names_github_as_issuer() {
        return Ok(&roots.main);
    }
    roots.github.as_ref().ok_or_else(|| {
        Failure::new(
            Code::CertificateUntrusted,
            "the certificate is of GitHub's own instance, whose trusted root is not loaded",
        )
    })
}

pub(super) fn policy(check: &Check<'_>, claims: &Claims, log: Log) -> Result<VerificationPolicy, Failure> {
    let policy = match check.identity {
        Some((identity, issuer)) => VerificationPolicy::new(identity, issuer),
        None => VerificationPolicy::any_identity().require_issuer(known_issuer(claims)?),
    };
    Ok(match log {
        Log::Required => policy,
        // GitHub's own instance has neither log nor certificate transparency; its root vouches for nothing else.
        Log::Absent => policy.skip_tlog_unsafe().skip_sct(),
    })
}

/// The checks of the library, in the order of [`assert_checked`].
const CHECKS: [&str; 4] = [
    "certificate",
    "signed certificate timestamp",
    "transparency log",
    "identity",
];

/// Every check that we rely on must have been made; a later version of the library might make one optional.
pub(super) fn assert_checked(result: &VerificationResult, needed: &[&str]) -> Result<(), Failure> {
    let made = [
        result.certificate_verified(),
        result.sct_verified(),
        result.tlog_verified(),
        result.identity_policy_checked(),
    ];
    let is_made = |needed: &str| CHECKS.iter().zip(made).any(|(name, made)| *name == needed && made);
    match needed.iter().find(|needed| !is_made(needed)) {
        None => Ok(()),
        Some(name) => Err(Failure::new(
            Code::CheckNotPerformed,
            format!("the {name} was not checked"),
        )),
    }
}

/// B4: the earliest proven time; none may lie in the future.
pub(super) fn signing_time(result: &VerificationResult, now: Timestamp) -> Result<Timestamp, Failure> {
    let times = result.verified_timestamps();
    if let Some(future) = times.iter().find(|time| **time > now) {
        return Err(binding::in_future(*future, now));
    }
    times
        .iter()
        .min()
        .copied()
        .ok_or_else(|| Failure::new(Code::SigningTimeUnproven, "there is no proven signing time"))
}
