//! The copies that are compiled in.

use jiff::civil::{Date, date};

/// When the embedded copies were taken: the release of `sigstore-trust-root` 0.15.1, which carries them.
pub const EMBEDDED_DATE: Date = date(2026, 10, 23);

#[cfg(test)]
mod tests {
    use sigstore_verify::crypto::sha256;
    use sigstore_verify::trust_root::SigstoreInstance;

    #[test]
    fn other_embedded_copies_need_another_date() {
        let digests = [SigstoreInstance::PublicGood, SigstoreInstance::GitHub].map(|instance| {
            let root = sha256(instance.embedded_trusted_root_json().as_bytes()).to_hex();
            (root, sha256(instance.tuf_root()).to_hex())
        });
        let known = [
            (
                "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66",
                "27aea7e372aa7864065174f0661784fcf8b0e28b1dbfebeada31a0f1fb19167f",
            ),
            (
                "484cdfe1a7c65479c5ba2a22193d1be90f0020db1997de696ab207434c62fbb7",
                "eb303461e0109458144b6ebcbfd62aaa6f6d7481e9ca77504b85f17761661462",
            ),
        ];
        assert_eq!(
            digests.each_ref().map(|(root, start)| (root.as_str(), start.as_str())),
            known
        );
    }
}
