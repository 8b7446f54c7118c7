//! Archives that readers read differently, or that hold more than they show.

use super::raw::{Entry, crc, deflate};
use super::{Case, Parts};

const AMBIGUOUS: &[&str] = &["wheel-archive-ambiguous"];
const MALFORMED: &[&str] = &["wheel-archive-malformed"];
const HEADER: &[&str] = &["wheel-header-mismatch"];
const HIDDEN: &[&str] = &["wheel-hidden-data"];
const METHOD: &[&str] = &["wheel-method-unsupported"];
const DAMAGED: &[&str] = &["wheel-content-damaged"];
const BUDGET: &[&str] = &["wheel-over-budget"];

pub(super) fn cases() -> Vec<Case> {
    let plain = Parts::new();
    let mut cases = vec![
        plain.changed("bytes before the first file", HIDDEN, |archive| {
            archive.before = b"#!/bin/sh\n".to_vec();
        }),
        plain.changed(
            "bytes before the first file, which offsets do not count",
            HIDDEN,
            |archive| {
                archive.before = b"#!/bin/sh\n".to_vec();
                archive.directory_shift = -10;
                for entry in &mut archive.entries {
                    entry.central.shift = -10;
                }
            },
        ),
        plain.changed("bytes between two files", HIDDEN, |archive| {
            archive.entries[0].after = vec![0; 4];
        }),
        plain.changed("a file that the directory does not list", HIDDEN, |archive| {
            let mut entry = Entry::new("acme/hidden.py", b"import os\n");
            entry.listed = false;
            archive.entries.insert(1, entry);
        }),
        plain.changed("bytes before the directory", HIDDEN, |archive| {
            archive.before_directory = vec![0; 4];
        }),
        plain.changed("bytes after the directory", HIDDEN, |archive| {
            archive.after_directory = vec![0; 4];
        }),
        plain.changed("a comment of the archive", HIDDEN, |archive| {
            archive.comment = b"hello".to_vec();
        }),
        plain.changed("bytes after the end", HIDDEN, |archive| archive.after = vec![0; 4]),
        plain.changed("a second archive in the comment", HIDDEN, |archive| {
            archive.comment = Parts::new().with("acme/other.py", "x").archive().bytes();
        }),
        plain.changed("a comment of a file", HIDDEN, |archive| {
            archive.entries[0].central.comment = b"hello".to_vec();
        }),
        plain.changed("bytes in a folder", HIDDEN, |archive| {
            archive.entries.push(Entry::stored("acme/sub/", b"import os\n"));
        }),
        plain.changed("an unknown extra field", AMBIGUOUS, |archive| {
            archive.entries[0].central.extra = b"\x34\x12\x02\0ab".to_vec();
        }),
        plain.changed("an extra field that ends too early", AMBIGUOUS, |archive| {
            archive.entries[0].local.extra = b"UT\x09\0\x01".to_vec();
        }),
        plain.changed("an extra field with another name", AMBIGUOUS, |archive| {
            let entry = &mut archive.entries[0];
            let sum = crc(&entry.central.name).to_le_bytes();
            let value = [&[1][..], &sum, b"acme/__main__.py"].concat();
            let length = u16::try_from(value.len()).expect("short").to_le_bytes();
            entry.central.extra = [&b"\x75\x70"[..], &length, &value].concat();
        }),
        plain.changed("an end of another number of files", AMBIGUOUS, |archive| {
            archive.more_entries = 1;
        }),
        plain.changed("an end of too few files", AMBIGUOUS, |archive| {
            archive.entries.push(Entry::new("acme/last.py", b""));
            archive.more_entries = u16::MAX;
        }),
        plain.changed("two ends that differ", AMBIGUOUS, |archive| archive.long_end = Some(1)),
        plain.changed("an end that refers to a missing one", AMBIGUOUS, |archive| {
            archive.markers = true;
        }),
        plain.changed("a long size that nothing asks for", AMBIGUOUS, |archive| {
            archive.entries[0].central.extra = [&[1, 0, 8, 0][..], &[9; 8]].concat();
        }),
        plain.changed("a name in the code page of the first PCs", AMBIGUOUS, |archive| {
            archive.entries.push(Entry::new("acme/\u{fc}.py", b""));
            archive.entries.last_mut().expect("one").both(|header| header.flags = 0);
        }),
        plain.changed("a name that is no UTF-8", AMBIGUOUS, |archive| {
            archive.entries[0].both(|header| (header.flags, header.name) = (1 << 11, b"acme/\xff.py".to_vec()));
        }),
        plain.changed("flags that nobody needs", AMBIGUOUS, |archive| {
            archive.entries[0].both(|header| header.flags = 1 << 5);
        }),
        plain.changed("a file on another disk", AMBIGUOUS, |archive| {
            archive.entries[0].central.disk = 1;
        }),
        plain.changed("a file that lies over the next one", AMBIGUOUS, |archive| {
            let more = u32::try_from(archive.entries[1].data.len()).expect("short") + 60;
            archive.entries[0].both(|header| {
                (header.method, header.packed, header.size) = (0, header.packed + more, header.packed + more);
            });
        }),
        plain.changed("a stored file with two sizes", AMBIGUOUS, |archive| {
            archive.entries[0].both(|header| header.method = 0);
        }),
        plain.changed(
            "a file that the directory lists twice",
            &["wheel-archive-ambiguous", "wheel-hidden-data", "wheel-name-collision"],
            |archive| {
                let entry = archive.entries[0].clone();
                archive.entries.insert(0, entry);
                // Both entries refer to the second one.
                let length = 30 + archive.entries[0].local.name.len() + archive.entries[0].data.len();
                archive.entries[0].central.shift = i64::try_from(length).expect("short");
            },
        ),
        plain.changed("another name in front of the file", HEADER, |archive| {
            archive.entries[0].local.name = b"acme/__main__.py".to_vec();
        }),
        plain.changed("another size in front of the file", HEADER, |archive| {
            archive.entries[0].local.size += 1;
        }),
        plain.changed("another packed size in front of the file", HEADER, |archive| {
            archive.entries[0].local.packed += 1;
        }),
        plain.changed("another checksum in front of the file", HEADER, |archive| {
            archive.entries[0].local.crc ^= 1;
        }),
        plain.changed("other flags in front of the file", HEADER, |archive| {
            archive.entries[0].local.flags = 1 << 11;
        }),
        plain.changed("encryption in front of the file only", HEADER, |archive| {
            archive.entries[0].local.flags = 1;
        }),
        plain.changed("another method in front of the file", HEADER, |archive| {
            archive.entries[0].local.method = 0;
        }),
        plain.changed(
            "an offset where no file begins",
            &["wheel-header-mismatch", "wheel-hidden-data"],
            |archive| archive.entries[1].central.shift = 1,
        ),
        plain.changed("another size behind the file", HEADER, |archive| {
            archive.entries[0].follow(true, false);
            *archive.entries[0].after.last_mut().expect("bytes") = 1;
        }),
        plain.changed("an encrypted file", METHOD, |archive| {
            archive.entries[0].both(|header| header.flags = 1);
        }),
        plain.changed("a method that few know", METHOD, |archive| {
            archive.entries[0].both(|header| header.method = 12);
        }),
        plain.changed("a format that few know", METHOD, |archive| {
            archive.entries[0].both(|header| header.version = 63);
        }),
        plain.changed("a wrong checksum", DAMAGED, |archive| {
            archive.entries[0].both(|header| header.crc ^= 1);
        }),
        plain.changed("damaged compressed data", DAMAGED, |archive| {
            archive.entries[0].data[0] = 0xff;
        }),
        plain.changed("compressed data that end too early", DAMAGED, |archive| {
            archive.entries[0].data.pop();
            archive.entries[0].both(|header| header.packed -= 1);
        }),
        plain.changed("bytes behind compressed data", DAMAGED, |archive| {
            archive.entries[0].data.extend(b"import os");
            archive.entries[0].both(|header| header.packed += 9);
        }),
        plain.changed("a file that is longer than it says", DAMAGED, |archive| {
            let content = b"__version__ = '1.0'\nimport os\n";
            let data = deflate(content);
            let packed = u32::try_from(data.len()).expect("short");
            archive.entries[0].both(|header| header.packed = packed);
            archive.entries[0].data = data;
        }),
        plain.changed("a file that is shorter than it says", DAMAGED, |archive| {
            archive.entries[0].both(|header| header.size += 1);
        }),
        plain.changed("a file that would be larger than any", BUDGET, |archive| {
            archive.entries[0].both(|header| header.size = u32::MAX - 1);
        }),
        plain.changed("a name that is too long", BUDGET, |archive| {
            archive.entries.push(Entry::new(&"long/".repeat(300), b""));
        }),
        plain.changed("too many extra fields", BUDGET, |archive| {
            archive.entries[0].central.extra = b"\xfe\xca\0\0".repeat(1100);
        }),
        plain.changed(
            "a list that is too large",
            &["wheel-over-budget", "wheel-file-unlisted"],
            |archive| {
                let rows = "x".repeat(33 * 1024 * 1024);
                *archive.entries.last_mut().expect("the list") =
                    Entry::new("acme-1.0.dist-info/RECORD", rows.as_bytes());
            },
        ),
    ];
    cases.extend(cut(&plain));
    cases
}

/// Files that are no whole archive.
fn cut(plain: &Parts) -> [Case; 4] {
    let with = |name, bytes: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let mut case = plain.case(name, MALFORMED);
        case.bytes = bytes(case.bytes);
        case
    };
    [
        with("an empty file", &|_| Vec::new()),
        with("no archive", &|_| vec![b'x'; 4096]),
        with("an archive without its last byte", &|mut bytes| {
            bytes.pop();
            bytes
        }),
        with("an archive of two disks", &|mut bytes| {
            let at = bytes.len() - 18;
            bytes[at] = 1;
            bytes
        }),
    ]
}
