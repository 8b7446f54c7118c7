//! What `verify-bundle` has found out: who signed, and nothing about a build.

use jiff::Timestamp;
use serde::Serialize;
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_verify::{Code, Instance, SignedBundle};

use crate::printer::Printer;
use crate::report::Fields;
use crate::report::human::Block;

/// The schema's name in every JSON document; docs/report.md describes it.
pub(crate) const SCHEMA: &str = "slsa-pip/verify-bundle/v1";

/// What a good signature proves, and what not.
const SIGNATURE_ONLY: &str = "a check of the signature only: it proves who signed these bytes, not where they come from or how they were built; no provenance was verified";

/// Whether the signature is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    SignatureVerified,
    Refused,
}

/// The result of a run.
#[derive(Debug, Serialize)]
pub(crate) struct SignatureReport {
    /// Always [`SCHEMA`].
    schema: &'static str,
    /// Always `verify-bundle`.
    command: &'static str,
    verdict: Verdict,
    /// Always [`SIGNATURE_ONLY`].
    note: &'static str,
    #[serde(flatten)]
    subject: Subject,
    /// What the signature proves, if it is good.
    signed: Option<Proven>,
    /// Why it is refused, if it is.
    refusal: Option<Refusal>,
}

/// What was asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Subject {
    /// The signed file, or its digest, as it was typed.
    pub(crate) file: String,
    pub(crate) sha256: Sha256Digest,
    pub(crate) bundle: String,
    pub(crate) identity: String,
    pub(crate) issuer: String,
    /// Where the trusted root came from.
    pub(crate) trusted_root: String,
}

#[derive(Debug, Serialize)]
struct Proven {
    /// The proven signing time.
    signed_at: Timestamp,
    instance: Instance,
    /// The certificate's claims.
    claims: Fields,
}

#[derive(Debug, Serialize)]
struct Refusal {
    code: Code,
    rule: &'static str,
    summary: String,
}

impl SignatureReport {
    /// The report of a finished run.
    pub(crate) fn new(subject: Subject, outcome: Result<SignedBundle, (Code, String)>) -> Self {
        let (verdict, signed, refusal) = match outcome {
            Ok(signed) => {
                let signed = Proven {
                    signed_at: signed.signed_at,
                    instance: signed.instance,
                    claims: Fields(signed.claims),
                };
                (Verdict::SignatureVerified, Some(signed), None)
            }
            Err((code, summary)) => {
                let rule = code.rule();
                (Verdict::Refused, None, Some(Refusal { code, rule, summary }))
            }
        };
        Self {
            schema: SCHEMA,
            command: "verify-bundle",
            verdict,
            note: SIGNATURE_ONLY,
            subject,
            signed,
            refusal,
        }
    }
}

/// Prints the verdict for people.
pub(crate) fn print(report: &SignatureReport, printer: &Printer) {
    let subject = &report.subject;
    let mut block = Block::new(printer);
    if report.verdict == Verdict::SignatureVerified {
        block.heading(&printer.good("signature verified"), &subject.file);
    } else {
        block.heading(&printer.bad("error: Refused"), &subject.file);
    }
    block.line("sha256", &subject.sha256.to_hex());
    block.line("bundle", &subject.bundle);
    block.line("identity", &subject.identity);
    block.line("issuer", &subject.issuer);
    if let Some(signed) = &report.signed {
        block.line("signed", &format!("{:.0}", signed.signed_at));
        block.line("instance", signed.instance.as_str());
        if printer.is_verbose() {
            for (name, value) in &signed.claims.0 {
                block.line("claim", &format!("{name} = {value}"));
            }
        }
    }
    if let Some(refusal) = &report.refusal {
        block.caused_by(&refusal.summary, refusal.code);
    }
    block.line("note", report.note);
    if report.signed.is_some() {
        printer.result(&block.finish());
    } else {
        printer.important(&block.finish());
    }
}
