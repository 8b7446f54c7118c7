//! The parts of a `trusted_root.json`.

use super::key::Key;
use super::tile_log::TileLog;
use crate::encoding::base64;
use serde_json::{Value, json};

/// Start of every validity window.
const TRUSTED_SINCE: &str = "2020-01-01T00:00:00Z";

fn window(end: Option<&str>) -> Value {
    match end {
        Some(end) => json!({"start": TRUSTED_SINCE, "end": end}),
        None => json!({"start": TRUSTED_SINCE}),
    }
}

/// A log of a trusted root, by its ECDSA key.
pub(super) fn ecdsa_log(url: &str, key: &Key) -> Value {
    json!({
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": base64(&key.spki()),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": window(None),
        },
        "logId": {"keyId": base64(&key.id())},
    })
}

/// A log of Rekor v2.
pub(super) fn tile_log(log: &TileLog, end: Option<&str>) -> Value {
    json!({
        "baseUrl": format!("https://{}", log.origin()),
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": base64(&log.key().spki()),
            "keyDetails": log.key().details(),
            "validFor": window(end),
        },
        "logId": {"keyId": base64(&log.id())},
    })
}

/// A certificate or timestamp authority of a trusted root.
pub(super) fn authority(uri: &str, subject: &Value, chain: &[Vec<u8>; 2], end: Option<&str>) -> Value {
    let certificates: Vec<_> = chain.iter().map(|der| json!({"rawBytes": base64(der)})).collect();
    json!({
        "subject": subject,
        "uri": uri,
        "certChain": {"certificates": certificates},
        "validFor": window(end),
    })
}
