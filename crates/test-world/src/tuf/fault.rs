//! Ways in which a TUF repository misbehaves. Each is applied to a repository in order and leaves one that is in order but
//! for this: all other versions, pins and signatures are right.

use super::{TARGET, TufRepository, TufRole, rfc3339};
use crate::encoding::sha256_hex;
use serde_json::{Value, json};

/// One way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TufFault {
    /// The role's newest metadata was valid until a day before the repository's time.
    Expired(TufRole),
    /// The role's newest metadata has a lower version than the one before; what names it is new. For root: the file of the
    /// next version holds the present one.
    RolledBack(TufRole),
    /// The timestamp names a new snapshot, in whose place an older one is served.
    MixedUp,
    /// The snapshot names new targets, in whose place older ones are served.
    MixedUpTargets,
    /// A byte of the trusted root differs.
    TamperedTarget,
    /// The trusted root is longer than the targets metadata says.
    LongerTarget,
    /// The targets metadata names no trusted root.
    NoTarget,
    /// The targets metadata names the trusted root with a hash that nobody knows.
    UnknownHash,
    /// The role has one signature less than it needs.
    TooFewSignatures(TufRole),
    /// The role has enough signatures, but all of one key, under the same id.
    RepeatedSignature(TufRole),
    /// A new root names one key under two ids for its own role.
    RepeatedKey,
    /// The role's signatures are those of another message.
    BadSignatures(TufRole),
    /// The file of the next root version holds the version after that.
    SkippedRoot,
    /// A new root with new keys is signed by the new ones only.
    RootWithoutOldKeys,
    /// A new root with new keys is signed by the old ones only.
    RootWithoutNewKeys,
    /// A new root asks for no signature for the role.
    NoThreshold(TufRole),
    /// The role's metadata follows version 2 of the standard.
    SpecVersion(TufRole),
    /// The role's metadata says that it is of another role.
    Type(TufRole),
    /// This many new roots, all in order.
    ManyRoots(u32),
}

pub(super) fn apply(repository: &mut TufRepository, fault: TufFault) {
    let yesterday = rfc3339(repository.time - super::DAY);
    match fault {
        TufFault::Expired(role) => edited(repository, role, |signed| signed["expires"] = json!(yesterday)),
        TufFault::RolledBack(role) => roll_back(repository, role),
        TufFault::MixedUp => {
            let older = repository.file(&repository.path(TufRole::Snapshot)).to_vec();
            repository.publish(TufRole::Snapshot, |_| {});
            repository.store(TufRole::Snapshot, older);
        }
        TufFault::MixedUpTargets => {
            let older = repository.file(&repository.path(TufRole::Targets)).to_vec();
            repository.publish(TufRole::Targets, |_| {});
            repository.store(TufRole::Targets, older);
        }
        TufFault::TamperedTarget => target(repository, |bytes| bytes[0] = b' '),
        TufFault::LongerTarget => target(repository, |bytes| bytes.push(b'\n')),
        TufFault::NoTarget => edited(repository, TufRole::Targets, |signed| signed["targets"] = json!({})),
        TufFault::UnknownHash => edited(repository, TufRole::Targets, |signed| {
            signed["targets"][TARGET]["hashes"] = json!({"md5": "00"});
        }),
        TufFault::TooFewSignatures(role) => resigned(repository, role, |signatures, threshold| {
            signatures.truncate(threshold - 1);
        }),
        TufFault::RepeatedSignature(role) => resigned(repository, role, |signatures, threshold| {
            signatures.truncate(1);
            let copies = vec![signatures[0].clone(); threshold];
            signatures.extend(copies);
        }),
        TufFault::BadSignatures(role) => resigned(repository, role, |signatures, _| {
            for signature in signatures {
                signature["sig"] = json!("3006020101020101");
            }
        }),
        TufFault::RepeatedKey => repository.sign_root(&[], |signed| {
            let first = signed["roles"]["root"]["keyids"][0].clone();
            let key = signed["keys"][first.as_str().expect("an id")].clone();
            signed["keys"]["another-name"] = key;
            let ids = signed["roles"]["root"]["keyids"].as_array_mut().expect("ids");
            ids.push(json!("another-name"));
        }),
        TufFault::SkippedRoot => {
            let next = format!("{}.root.json", repository.version(TufRole::Root) + 1);
            repository.bump(TufRole::Root);
            repository.sign_root(&[], |_| {});
            let skipped = repository.file(&repository.path(TufRole::Root)).to_vec();
            repository.replace_file(&next, skipped);
        }
        TufFault::RootWithoutOldKeys => {
            repository.replace_keys(&[TufRole::Root]);
            repository.sign_root(&[], |_| {});
        }
        TufFault::RootWithoutNewKeys => {
            let old = repository.signers[&TufRole::Root].keys.clone();
            repository.replace_keys(&[TufRole::Root]);
            repository.sign_root(&old, |_| {});
            let count = repository.signers[&TufRole::Root].keys.len();
            tamper(repository, TufRole::Root, |document| {
                let signatures = document["signatures"].as_array_mut().expect("signatures");
                signatures.drain(..count);
            });
        }
        TufFault::NoThreshold(role) => repository.sign_root(&[], |signed| {
            signed["roles"][role.name()]["threshold"] = json!(0);
        }),
        TufFault::SpecVersion(role) => edited(repository, role, |signed| signed["spec_version"] = json!("2.0.0")),
        TufFault::Type(role) => edited(repository, role, |signed| signed["_type"] = json!("mirrors")),
        TufFault::ManyRoots(count) => (0..count).for_each(|_| repository.sign_root(&[], |_| {})),
    }
}

/// The role's next version with a changed content, signed by those who should.
fn edited(repository: &mut TufRepository, role: TufRole, edit: impl FnOnce(&mut Value)) {
    if role == TufRole::Root {
        repository.sign_root(&[], edit);
    } else {
        repository.publish(role, edit);
    }
}

/// The role's next version with changed signatures; what names it is made anew.
fn resigned(repository: &mut TufRepository, role: TufRole, change: impl FnOnce(&mut Vec<Value>, usize)) {
    edited(repository, role, |_| {});
    let threshold = repository.signers[&role].threshold;
    tamper(repository, role, |document| {
        change(document["signatures"].as_array_mut().expect("signatures"), threshold);
    });
    match role {
        TufRole::Targets => repository.publish(TufRole::Snapshot, |_| {}),
        TufRole::Snapshot => repository.publish(TufRole::Timestamp, |_| {}),
        TufRole::Root | TufRole::Timestamp => {}
    }
}

/// The role's newest file with a change after signing.
fn tamper(repository: &mut TufRepository, role: TufRole, change: impl FnOnce(&mut Value)) {
    let bytes = repository.file(&repository.path(role));
    let mut document: Value = serde_json::from_slice(bytes).expect("metadata is JSON");
    change(&mut document);
    repository.store(role, document.to_string().into_bytes());
}

fn roll_back(repository: &mut TufRepository, role: TufRole) {
    match role {
        TufRole::Root => {
            let present = repository.file(&repository.path(TufRole::Root)).to_vec();
            repository.bump(TufRole::Root);
            repository.store(TufRole::Root, present);
        }
        role => {
            let version = repository.version(role);
            assert!(version > 1, "a role in version 1 cannot be rolled back: renew it first");
            // Publishing adds one.
            repository.versions.insert(role, version - 2);
            repository.publish(role, |_| {});
        }
    }
}

/// Another trusted root in the place of the one that the targets metadata names.
fn target(repository: &mut TufRepository, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = repository.target.clone();
    let path = format!("targets/{}.{TARGET}", sha256_hex(&bytes));
    change(&mut bytes);
    repository.replace_file(&path, bytes);
}
