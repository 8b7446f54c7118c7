//! What a wheel of a million files costs in memory. One test alone in its process, so that its peak is its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test panics")]

use slsa_pip_http::{Client, Settings};
use slsa_pip_pypi_client::IndexClient;

/// Most that a run may take, in KiB.
const MOST: u64 = 100 * 1024;

/// The largest memory so far, in KiB; starts anew.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn no_wheel_takes_more_memory_than_its_limit() {
    let wheels = tempfile::tempdir().unwrap();
    std::fs::write(wheels.path().join("foo-1.0-py3-none-any.whl"), archive(1_000_000)).unwrap();
    let places = [wheels.path().to_str().unwrap().to_owned()];
    let client = IndexClient::new(Client::new(Settings::default()).unwrap(), vec![], &places).unwrap();
    let project = client.project(&"foo".parse().unwrap()).await.unwrap();
    peak();
    assert!(client.metadata(&project.files[0]).await.is_err());
    let peak = peak();
    assert!(peak < MOST, "many files: {peak} KiB");
}

/// The directory of an archive of so many files (APPNOTE 4.3.12, 4.3.14 to 4.3.16), and nothing else of it.
fn archive(files: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..files {
        bytes.extend_from_slice(b"PK\x01\x02");
        bytes.extend_from_slice(&[0; 24]);
        bytes.extend_from_slice(&5_u16.to_le_bytes());
        bytes.extend_from_slice(&[0; 16]);
        bytes.extend_from_slice(format!("{number:05x}").as_bytes());
    }
    let length = bytes.len() as u64;
    bytes.extend_from_slice(b"PK\x06\x06");
    bytes.extend_from_slice(&44_u64.to_le_bytes());
    bytes.extend_from_slice(&[0; 12]);
    for number in [files, files, length, 0] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&1_u32.to_le_bytes());
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&[0xff; 12]);
    bytes.extend_from_slice(&[0; 2]);
    bytes
}
