//! What is asked, and in which order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use slsa_pip_distribution::Sha256Digest;
use slsa_pip_http::{Bytes, Client, redact};
use slsa_pip_provenance::{ClassicEnvelope, RekorAnswer};
use url::Url;

use crate::answer::{self, Unusable};
use crate::error::LookupError;
use crate::{MAX_ANSWER_BYTES, MAX_ENTRIES, MAX_IDS, MAX_IDS_PER_REQUEST, MAX_REQUESTS_AT_ONCE};

/// Asks the log at `rekor_url` for the entries of an envelope; `digest` is that of the file the envelope is about.
///
/// With a certificate in the envelope, `entries/retrieve` is asked for the entries that would be made of it now, as
/// `intoto` 0.0.1 and as `dsse` 0.0.1. Without one, or if that finds nothing (old entries lack a hash that
/// the server now adds), or if the server does not accept the proposals, the index is asked for the file's digest and
/// the entries it names are fetched.
///
/// No entry is an empty list. Of the entries that the index names, only those that name the payload are kept, so that what
/// strangers have logged about a file does not hide its own entry: of a flood the oldest and the newest are looked at, up to
/// [`MAX_IDS`]. That each entry's id is the hash of its body is checked, and that it was asked for. Nothing else is verified:
/// entries may be of any kind, about anything, signed by anyone.
///
/// # Errors
/// If the log cannot be asked, answers with an error status, or its answer cannot be read; if there are more entries than are
/// looked at, and none of these names the payload.
pub async fn lookup(
    http: &Client,
    rekor_url: &Url,
    envelope: &ClassicEnvelope,
    digest: &Sha256Digest,
) -> Result<Vec<RekorAnswer>, LookupError> {
    let entries_url = endpoint(rekor_url, &["log", "entries", "retrieve"])?;
    if let Some(certificate) = certificate(envelope) {
        let proposals = proposals(envelope, certificate);
        match retrieve(http, &entries_url, &proposals).await {
            Ok(answers) if answers.is_empty() => {}
            Err(LookupError::Status { status: 400 | 422, .. }) => {}
            other => return other,
        }
    }
    let index_url = endpoint(rekor_url, &["index", "retrieve"])?;
    let body = post(http, &index_url, &json!({"hash": format!("sha256:{digest}")})).await?;
    let named = answer::ids(&body).map_err(|unusable| error(&index_url, unusable))?;
    let payload = slsa_pip_http::sha256(&envelope.payload).to_hex();
    let mut requests = Vec::new();
    for ids in named.ids.chunks(MAX_IDS_PER_REQUEST) {
        requests.push(by_ids(http, &entries_url, ids));
    }
    let mut batches = stream::iter(requests).buffered(MAX_REQUESTS_AT_ONCE);
    let mut answers = Vec::new();
    while let Some(batch) = batches.next().await {
        let own = |answer: &RekorAnswer| answer::payload_digest(answer).as_deref() == Some(payload.as_str());
        answers.extend(batch?.into_iter().filter(own));
    }
    if answers.is_empty() && named.found > named.ids.len() {
        return Err(LookupError::TooManyEntries {
            url: redact(&index_url),
            found: named.found,
            limit: MAX_IDS,
        });
    }
    Ok(answer::ends(answers, MAX_ENTRIES))
}

/// The entries of these ids, and no others.
async fn by_ids(http: &Client, url: &Url, ids: &[String]) -> Result<Vec<RekorAnswer>, LookupError> {
    let answers = retrieve(http, url, &json!({"entryUUIDs": ids})).await?;
    let is_asked = |answer: &&RekorAnswer| ids.iter().any(|id| answer::same_entry(id, &answer.uuid));
    match answers.iter().find(|answer| !is_asked(answer)) {
        None => Ok(answers),
        Some(other) => Err(LookupError::Unreadable {
            url: redact(url),
            why: format!("it holds the entry `{}`, which was not asked for", other.uuid),
        }),
    }
}

/// The certificate of the only signature, PEM. With several signatures a proposal would need all certificates.
fn certificate(envelope: &ClassicEnvelope) -> Option<&str> {
    match envelope.signatures.as_slice() {
        [signature] => signature.cert_pem.as_deref(),
        _ => None,
    }
}

/// The entries that the generators have made, as the server wants them proposed: it computes the leaf hash of each and
/// looks for it. An entry holds the hash of the envelope's text, so the text must be the one that was logged, byte for
/// byte: the file's own, and for a file that was reformatted, the generators'.
fn proposals(envelope: &ClassicEnvelope, certificate: &str) -> Value {
    let verifier = STANDARD.encode(certificate);
    let mut texts = vec![envelope.text.clone(), generators_text(envelope)];
    texts.dedup();
    let of_text = |text: &String| {
        [
            json!({
                "apiVersion": "0.0.1",
                "kind": "intoto",
                "spec": {"content": {"envelope": text}, "publicKey": verifier},
            }),
            json!({
                "apiVersion": "0.0.1",
                "kind": "dsse",
                "spec": {"proposedContent": {"envelope": text, "verifiers": [verifier]}},
            }),
        ]
    };
    json!({"entries": texts.iter().flat_map(of_text).collect::<Vec<_>>()})
}

/// The envelope as slsa-github-generator writes it: no white space, the fields in the order of its structures.
fn generators_text(envelope: &ClassicEnvelope) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let signatures = envelope.signatures.iter().map(|signature| {
        let (keyid, sig) = (quoted(&signature.keyid), quoted(&signature.sig_base64));
        let cert = signature
            .cert_pem
            .as_deref()
            .map(|pem| format!(",\"cert\":{}", quoted(pem)));
        format!("{{\"keyid\":{keyid},\"sig\":{sig}{}}}", cert.unwrap_or_default())
    });
    format!(
        "{{\"payloadType\":{},\"payload\":{},\"signatures\":[{}]}}",
        quoted(&envelope.payload_type),
        quoted(&STANDARD.encode(&envelope.payload)),
        signatures.collect::<Vec<_>>().join(",")
    )
}

async fn retrieve(http: &Client, url: &Url, query: &Value) -> Result<Vec<RekorAnswer>, LookupError> {
    let body = post(http, url, query).await?;
    answer::entries(&body).map_err(|unusable| error(url, unusable))
}

async fn post(http: &Client, url: &Url, query: &Value) -> Result<Bytes, LookupError> {
    let response = http.post_json(url, query, MAX_ANSWER_BYTES).await?;
    if !response.is_success() {
        return Err(LookupError::Status {
            url: redact(url),
            status: response.status,
            message: answer::message(&response.body),
        });
    }
    Ok(response.body)
}

fn error(url: &Url, Unusable(why): Unusable) -> LookupError {
    LookupError::Unreadable { url: redact(url), why }
}

/// `{rekor_url}/api/v1/…`, below the path that the log's URL may have.
fn endpoint(rekor_url: &Url, path: &[&str]) -> Result<Url, LookupError> {
    let mut url = rekor_url.clone();
    url.set_query(None);
    url.set_fragment(None);
    match url.path_segments_mut() {
        Ok(mut segments) => {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        Err(()) => return Err(LookupError::BadUrl { url: redact(rekor_url) }),
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_lie_below_the_logs_url() {
        for (base, expected) in [
            ("https://rekor.example", "https://rekor.example/api/v1/index/retrieve"),
            (
                "https://rekor.example/a/b/",
                "https://rekor.example/a/b/api/v1/index/retrieve",
            ),
            (
                "https://rekor.example/a?x#y",
                "https://rekor.example/a/api/v1/index/retrieve",
            ),
        ] {
            let url = endpoint(&base.parse().unwrap(), &["index", "retrieve"]).unwrap();
            assert_eq!(url.as_str(), expected);
        }
        let error = endpoint(&"data:x".parse().unwrap(), &["x"]).unwrap_err();
        assert_eq!(error.code(), "log-bad-url");
    }
}
