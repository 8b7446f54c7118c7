//! `slsa-pip verify-bundle`: one Sigstore bundle against an exact identity, as sigstore-conformance asks for it.

use jiff::Timestamp;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_provenance::budget::MAX_DOCUMENT_BYTES;
use slsa_pip_provenance::json as strict_json;
use slsa_pip_verify::{Code, SignedBundle, TrustRoots, verify_signature_bundle};

use crate::args::{Format, VerifyBundleArgs};
use crate::artifact::{Artifact, read_document};
use crate::commands::{EXIT_REFUSED, EXIT_VERIFIED};
use crate::failure::{Failure, Result};
use crate::network::standalone_client;
use crate::printer::Printer;
use crate::report::json;
use crate::report::signature::{self, SignatureReport, Subject};
use crate::settings::{root_failure, root_source};

/// Runs the command.
pub(crate) async fn run(args: &VerifyBundleArgs, printer: &Printer) -> Result<u8> {
    let now = Timestamp::now();
    let http = standalone_client(args.root.offline, &args.network)?;
    let opened = slsa_pip_trust_root::open(root_source(&args.root)?, now).map_err(|error| root_failure(&error))?;
    let root = opened.finish(&http).await.map_err(|error| root_failure(&error))?;
    for note in &root.notes {
        printer.progress(&format!("{} {}", printer.note("note:"), printer.plain_line(note)));
    }
    let sha256 = *Artifact::read(&args.artifact)?.staged.sha256();
    let bundle = read_document(&args.bundle).map_err(|error| {
        Failure::new(format!("The bundle `{}` cannot be read", args.bundle.display()))
            .caused_by(&error)
            .hint("Name an existing file: `--bundle FILE`")
    })?;
    let outcome = judge(&bundle, &sha256, args, &root.roots);
    let exit = if outcome.is_ok() { EXIT_VERIFIED } else { EXIT_REFUSED };
    let subject = Subject {
        file: args.artifact.display().to_string(),
        sha256,
        bundle: args.bundle.display().to_string(),
        identity: args.certificate_identity.clone(),
        issuer: args.certificate_oidc_issuer.clone(),
        trusted_root: root.describe(now),
    };
    let report = SignatureReport::new(subject, outcome);
    if args.format == Format::Json {
        printer.document(&json::document(&report));
    } else {
        signature::print(&report, printer);
    }
    Ok(exit)
}

fn judge(
    bundle: &[u8],
    sha256: &Sha256Digest,
    args: &VerifyBundleArgs,
    roots: &TrustRoots,
) -> std::result::Result<SignedBundle, (Code, String)> {
    if bundle.len() > MAX_DOCUMENT_BYTES {
        let summary = format!("the bundle has more than {MAX_DOCUMENT_BYTES} bytes");
        return Err((Code::OverBudget, summary));
    }
    let bundle = strict_json::parse(bundle)
        .map_err(|error| (Code::BundleMalformed, format!("the bundle is malformed: {error}")))?;
    verify_signature_bundle(
        &bundle,
        sha256,
        &args.certificate_identity,
        &args.certificate_oidc_issuer,
        roots,
        Timestamp::now(),
    )
}
