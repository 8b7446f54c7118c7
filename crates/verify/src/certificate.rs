//! The signing certificate, read strictly. Nothing here verifies it.

use std::collections::BTreeMap;

use x509_cert::der::asn1::Utf8StringRef;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::claims::{Claims, Identity};
use crate::code::Code;
use crate::refusal::Failure;

/// Largest certificate, in bytes; Fulcio's have about 2 kB.
const MAX_CERTIFICATE_BYTES: usize = 64 << 10;
/// Most extensions: Fulcio's certificates have about thirty. Each is compared with all others.
const MAX_EXTENSIONS: usize = 64;
/// The arc of Fulcio's extensions.
const FULCIO_ARC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
/// The organization of GitHub's own certificate authority (B8).
const GITHUB_ORGANIZATION: &[u8] = b"GitHub, Inc.";
/// Extensions from 1.8 on are DER `UTF8String`s; the older ones are bare text.
const FIRST_DER_CLAIM: u32 = 8;

/// A parsed certificate.
pub(crate) struct Certificate {
    parsed: x509_cert::Certificate,
}

impl Certificate {
    /// Reads DER.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Failure> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(Failure::new(Code::OverBudget, "the signing certificate is too large")
                .expected(format!("at most {MAX_CERTIFICATE_BYTES} bytes"))
                .found(format!("{} bytes", der.len())));
        }
        let parsed = x509_cert::Certificate::from_der(der).map_err(malformed)?;
        let extensions = parsed.tbs_certificate.extensions.as_ref().map_or(0, Vec::len);
        if extensions > MAX_EXTENSIONS {
            return Err(
                Failure::new(Code::OverBudget, "the signing certificate has too many extensions")
                    .expected(format!("at most {MAX_EXTENSIONS}"))
                    .found(extensions.to_string()),
            );
        }
        Ok(Self { parsed })
    }

    /// Whether its issuer's name says that GitHub's own instance issued it. Which roots may vouch for it follows from this
    /// name, so a forged name only chooses the root that will refuse it.
    pub(crate) fn names_github_as_issuer(&self) -> bool {
        let issuer = &self.parsed.tbs_certificate.issuer;
        issuer
            .0
            .iter()
            .flat_map(|rdn| rdn.0.iter())
            .any(|attribute| attribute.oid == ORGANIZATION && attribute.value.value() == GITHUB_ORGANIZATION)
    }

    /// Unix times, in seconds, between which it is valid.
    pub(crate) fn validity(&self) -> (u64, u64) {
        let validity = &self.parsed.tbs_certificate.validity;
        (
            validity.not_before.to_unix_duration().as_secs(),
            validity.not_after.to_unix_duration().as_secs(),
        )
    }

    /// Its to-be-signed part without the extension `without`, DER, and that extension's value.
    pub(crate) fn tbs_without(&self, without: ObjectIdentifier) -> Result<(Vec<u8>, Option<Vec<u8>>), Failure> {
        let mut tbs = self.parsed.tbs_certificate.clone();
        let mut removed = None;
        if let Some(extensions) = &mut tbs.extensions {
            extensions.retain(|extension| {
                let matches = extension.extn_id == without;
                if matches {
                    removed = Some(extension.extn_value.as_bytes().to_vec());
                }
                !matches
            });
        }
        let der = tbs.to_der().map_err(malformed)?;
        Ok((der, removed))
    }

    /// Its claims: exactly one identity, no extension twice, none malformed.
    pub(crate) fn claims(&self) -> Result<Claims, Failure> {
        let extensions = self.parsed.tbs_certificate.extensions.as_deref().unwrap_or_default();
        let mut values = BTreeMap::new();
        let mut seen = Vec::new();
        for extension in extensions {
            if seen.contains(&extension.extn_id) {
                return Err(malformed(format_args!("extension {} occurs twice", extension.extn_id)));
            }
            seen.push(extension.extn_id);
            if let Some(number) = fulcio_number(&extension.extn_id) {
                let value = claim_text(number, extension.extn_value.as_bytes())
                    .ok_or_else(|| malformed(format_args!("extension 1.{number} holds no text")))?;
                values.insert(number, value);
            }
        }
        Claims::new(self.identity()?, values)
    }

    fn identity(&self) -> Result<Identity, Failure> {
        let names = self.parsed.tbs_certificate.get::<SubjectAltName>().map_err(malformed)?;
        match names.as_ref().map(|(_, names)| names.0.as_slice()) {
            Some([GeneralName::UniformResourceIdentifier(uri)]) => Ok(Identity::Uri(uri.to_string())),
            Some([GeneralName::Rfc822Name(email)]) => Ok(Identity::Email(email.to_string())),
            _ => Err(Failure::new(
                Code::IdentityMalformed,
                "the certificate does not have exactly one identity, a URI or an e-mail address",
            )),
        }
    }
}

fn fulcio_number(oid: &ObjectIdentifier) -> Option<u32> {
    if oid.parent()? != FULCIO_ARC {
        return None;
    }
    oid.arcs().last()
}

fn claim_text(number: u32, value: &[u8]) -> Option<String> {
    if number < FIRST_DER_CLAIM {
        return std::str::from_utf8(value).ok().map(str::to_owned);
    }
    Utf8StringRef::from_der(value).ok().map(|text| text.as_str().to_owned())
}

fn malformed(why: impl std::fmt::Display) -> Failure {
    Failure::new(
        Code::CertificateMalformed,
        format!("the signing certificate cannot be read: {why}"),
    )
}
