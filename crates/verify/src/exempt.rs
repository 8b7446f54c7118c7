//! Acceptance by exemption: nothing is proven, policy names the very bytes.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use slsa_pip_distribution::{PackageName, Version};
use slsa_pip_policy::Exemption;

use crate::basis::{Basis, ExemptBasis};
use crate::code::Code;
use crate::refusal::{Failure, Refusal};
use crate::staged::StagedFile;
use crate::verified::Verified;

/// Accepts a file without evidence because policy exempts exactly these bytes.
///
/// The exemption must name the package, one of its versions and the file's digest, give a reason, and not have run out on the
/// day (UTC) of `now`.
///
/// # Errors
/// The first of these that does not hold.
#[expect(
    clippy::result_large_err,
    reason = "a refusal is rare and is moved once; a box would only burden its readers"
)]
pub fn exempt(
    file: &StagedFile,
    exemption: &Exemption,
    name: &PackageName,
    version: &Version,
    now: Timestamp,
) -> Result<Verified, Refusal> {
    check(file, exemption, name, version, now)
        .map(|basis| Verified::new(file.clone(), Basis::Exempt(basis)))
        .map_err(|failure| failure.into_refusal(file.filename(), Some(name.as_str()), None))
}

fn check(
    file: &StagedFile,
    exemption: &Exemption,
    name: &PackageName,
    version: &Version,
    now: Timestamp,
) -> Result<ExemptBasis, Failure> {
    let at = &exemption.written_at;
    if exemption.package != *name {
        return Err(Failure::new(
            Code::ExemptionPackageMismatch,
            format!("the exemption at {at} is for another package"),
        )
        .expected(name.as_str())
        .found(exemption.package.as_str()));
    }
    if !exemption.versions.contains(version) {
        return Err(Failure::new(
            Code::ExemptionVersionMismatch,
            format!("the exemption at {at} is for other versions"),
        )
        .expected(exemption.versions.to_string())
        .found(version.to_string()));
    }
    if !exemption.sha256.contains(file.sha256()) {
        let listed: Vec<String> = exemption.sha256.iter().map(ToString::to_string).collect();
        return Err(Failure::new(
            Code::ExemptionDigestMismatch,
            format!("the exemption at {at} is for other bytes"),
        )
        .expected(listed.join(" or "))
        .found(file.sha256().to_string())
        .hint(format!(
            "if these bytes were reviewed too, add \"{}\" to its `sha256`",
            file.sha256()
        )));
    }
    if exemption.reason.trim().is_empty() {
        return Err(Failure::new(
            Code::ExemptionReasonMissing,
            format!("the exemption at {at} gives no reason"),
        ));
    }
    let today = now.to_zoned(TimeZone::UTC).date();
    if exemption.expires.is_some_and(|last| today > last) {
        return Err(
            Failure::new(Code::ExemptionExpired, format!("the exemption at {at} has run out"))
                .expected(exemption.expires.map(|last| last.to_string()).unwrap_or_default())
                .found(today.to_string())
                .hint("review the package again and set a later `expires`, or remove it"),
        );
    }
    Ok(ExemptBasis {
        reason: exemption.reason.clone(),
        written_at: at.clone(),
        expires: exemption.expires.map(|last| last.to_string()),
        sha256: *file.sha256(),
    })
}
