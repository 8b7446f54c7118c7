//! Bundles: pre-check, choice of the instance, `sigstore-verify`, and the checks it leaves to us.

use jiff::Timestamp;
use serde_json::Value;
use sigstore_verify::types::{Artifact, Bundle, Sha256Hash, SignatureContent};
use sigstore_verify::{VerificationPolicy, VerificationResult};
use slsa_pip_distribution::Sha256Digest;

use super::precheck::{self, Log};
use super::{Signed, binding, failure, known_issuer};
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
    let bundle = Bundle::from_json(&json.to_string())
        .map_err(|error| Failure::new(Code::BundleMalformed, format!("the bundle is malformed: {error}")))?;
    verify(&bundle, check)
}

/// Verifies a bundle whose raw form was checked or which was composed here.
pub(super) fn verify(bundle: &Bundle, check: &Check<'_>) -> Result<Signed, Failure> {
    let der = bundle
        .signing_certificate()
        .ok_or_else(|| Failure::new(Code::CertificateMissing, "the bundle has no signing certificate"))?;
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
    let artifact = Artifact::from(Sha256Hash::from(*check.digest.as_bytes()));
    let result = root
        .verifier
        .verify(artifact, bundle, &policy)
        .map_err(|error| failure::from_sigstore(&error, bundle))?;
    assert_checked(&result, log)?;
    binding::algorithm_is_expected(&result)?;
    for entry in &bundle.verification_material.tlog_entries {
        binding::checkpoint_is_of_this_log(entry, root)?;
        binding::certificate_is_logged(entry, der.as_bytes())?;
    }
    let signed_at = signing_time(&result, check.now)?;
    let entry = bundle.verification_material.tlog_entries.first();
    Ok(Signed {
        claims,
        instance: root.instance,
        time: signed_at,
        log_index: entry.map(|entry| entry.log_index.get()),
        log_id: entry.map(|entry| binding::hex(entry.log_id.key_id.as_bytes())),
    })
}

/// The reader has decoded the payload once and the library does it again; what is judged must be what is signed.
fn same_payload(bundle: &Bundle, check: &Check<'_>) -> Result<(), Failure> {
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

fn policy(check: &Check<'_>, claims: &Claims, log: Log) -> Result<VerificationPolicy, Failure> {
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

/// Every check that we rely on must have been made; a later version of the library might make one optional.
fn assert_checked(result: &VerificationResult, log: Log) -> Result<(), Failure> {
    let checks = [
        ("certificate", result.certificate_verified()),
        (
            "signed certificate timestamp",
            result.sct_verified() || log == Log::Absent,
        ),
        ("transparency log", result.tlog_verified() || log == Log::Absent),
        ("identity", result.identity_policy_checked()),
    ];
    match checks.iter().find(|(_, made)| !made) {
        None => Ok(()),
        Some((name, _)) => Err(Failure::new(
            Code::CheckNotPerformed,
            format!("the {name} was not checked"),
        )),
    }
}

/// B4: the earliest proven time; none may lie in the future.
fn signing_time(result: &VerificationResult, now: Timestamp) -> Result<Timestamp, Failure> {
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
