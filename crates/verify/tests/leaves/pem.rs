//! Changes of a certificate's PEM text, and of the DER within.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::der;
use crate::walk::{Depth, Emit};

fn decode(text: &str) -> Option<Vec<u8>> {
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).ok()
}

fn encode(bytes: &[u8], width: usize, line_end: &str) -> String {
    let text = STANDARD.encode(bytes);
    let mut out = format!("-----BEGIN CERTIFICATE-----{line_end}");
    for line in text.as_bytes().chunks(width) {
        out.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        out.push_str(line_end);
    }
    out + "-----END CERTIFICATE-----" + line_end
}

/// Emits every change of PEM.
pub fn walk(at: &str, text: &str, donors: &[(&'static str, String)], depth: Depth, emit: Emit<'_>) {
    let Some(bytes) = decode(text) else { return };
    let at = format!("{at}:pem");
    for (mutation, changed) in [
        ("other line length", encode(&bytes, 76, "\n")),
        ("in one line", encode(&bytes, usize::MAX, "\n")),
        ("carriage returns", encode(&bytes, 64, "\r\n")),
        ("twice", text.repeat(2)),
        ("words before", format!("subject=somebody\n{text}")),
        ("words after", format!("{text}subject=somebody\n")),
        ("another label", text.replace("CERTIFICATE", "PUBLIC KEY")),
        ("without its end", text.replace("-----END CERTIFICATE-----", "")),
        ("lower case", text.replace("CERTIFICATE", "certificate")),
        ("headers", text.replacen('\n', "\nProc-Type: 4,ENCRYPTED\n\n", 1)),
    ] {
        if changed != text {
            emit(&at, mutation, changed.into());
        }
    }
    let donors: Vec<_> = donors
        .iter()
        .filter_map(|(name, donor)| Some((*name, decode(donor)?)))
        .collect();
    der::walk(&at, &bytes, &donors, depth, &mut |pointer, mutation, changed| {
        emit(pointer, mutation, encode(changed, 64, "\n").into());
    });
}
