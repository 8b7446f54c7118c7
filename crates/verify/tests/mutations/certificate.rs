//! Certificates, decoded, changed and encoded again.

use x509_cert::der::asn1::{OctetString, PrintableString, Utf8StringRef};
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Any, Decode, Encode, Tag};
use x509_cert::{Certificate, TbsCertificate};

use super::Doc;

const SCT_LIST: &str = "1.3.6.1.4.1.11129.2.4.2";

fn edit(doc: &mut Doc, edit: impl FnOnce(&mut TbsCertificate) -> Option<()>) -> Option<()> {
    let mut certificate = Certificate::from_der(&doc.certificate()?).unwrap();
    edit(&mut certificate.tbs_certificate)?;
    doc.set_certificate(&certificate.to_der().unwrap())
}

fn value<'t>(tbs: &'t mut TbsCertificate, oid: &str) -> Option<&'t mut OctetString> {
    let oid = ObjectIdentifier::new(oid).unwrap();
    let extensions = tbs.extensions.as_mut()?;
    extensions
        .iter_mut()
        .find(|extension| extension.extn_id == oid)
        .map(|extension| &mut extension.extn_value)
}

pub fn without_sct(doc: &mut Doc) -> Option<()> {
    edit(doc, |tbs| {
        value(tbs, SCT_LIST)?;
        let oid = ObjectIdentifier::new(SCT_LIST).unwrap();
        tbs.extensions.as_mut()?.retain(|extension| extension.extn_id != oid);
        Some(())
    })
}

/// Changes the timestamp within the SCT.
pub fn with_other_sct(doc: &mut Doc) -> Option<()> {
    edit(doc, |tbs| {
        let value = value(tbs, SCT_LIST)?;
        let mut bytes = value.as_bytes().to_vec();
        // Octet string header, two lengths, version and log id come before the timestamp.
        *bytes.get_mut(2 + 4 + 33 + 7)? ^= 1;
        *value = OctetString::new(bytes).unwrap();
        Some(())
    })
}

/// Replaces a claim's text.
pub fn with_claim(doc: &mut Doc, number: u32, text: &str) -> Option<()> {
    edit(doc, |tbs| {
        let value = value(tbs, &format!("1.3.6.1.4.1.57264.1.{number}"))?;
        let der = if number < 8 {
            text.as_bytes().to_vec()
        } else {
            Utf8StringRef::new(text).unwrap().to_der().unwrap()
        };
        *value = OctetString::new(der).unwrap();
        Some(())
    })
}

pub fn with_duplicate_extension(doc: &mut Doc) -> Option<()> {
    edit(doc, |tbs| {
        let extensions = tbs.extensions.as_mut()?;
        let again = extensions.last()?.clone();
        extensions.push(again);
        Some(())
    })
}

/// Names another organization as issuer.
pub fn with_issuer_organization(doc: &mut Doc, name: &str) -> Option<()> {
    edit(doc, |tbs| {
        let organization = ObjectIdentifier::new("2.5.4.10").unwrap();
        let attribute = tbs
            .issuer
            .0
            .iter()
            .flat_map(|rdn| rdn.0.iter())
            .find(|attribute| attribute.oid == organization)?
            .clone();
        let text = PrintableString::new(name).unwrap();
        let mut changed = attribute;
        changed.value = Any::new(Tag::PrintableString, text.as_bytes()).unwrap();
        let mut issuer = tbs.issuer.clone();
        issuer.0 = issuer
            .0
            .into_iter()
            .map(|rdn| {
                let attributes = rdn.0.iter().map(|known| {
                    if known.oid == organization {
                        changed.clone()
                    } else {
                        known.clone()
                    }
                });
                x509_cert::name::RelativeDistinguishedName(
                    x509_cert::der::asn1::SetOfVec::from_iter(attributes).unwrap(),
                )
            })
            .collect();
        tbs.issuer = issuer;
        Some(())
    })
}

/// Lets the certificate be valid a year longer.
pub fn with_longer_validity(doc: &mut Doc) -> Option<()> {
    edit(doc, |tbs| {
        let later = tbs.validity.not_after.to_unix_duration() + std::time::Duration::from_hours(365 * 24);
        tbs.validity.not_after =
            x509_cert::time::Time::UtcTime(x509_cert::der::asn1::UtcTime::from_unix_duration(later).unwrap());
        Some(())
    })
}
