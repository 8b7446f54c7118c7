//! RFC 6962 Merkle tree over a log's leaves: root and inclusion proof.

use crate::encoding::sha256;

/// Hash of a leaf's content.
pub(crate) fn hash_leaf(body: &[u8]) -> [u8; 32] {
    let mut input = vec![0];
    input.extend_from_slice(body);
    sha256(&input)
}

fn hash_node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut input = vec![1];
    input.extend_from_slice(left);
    input.extend_from_slice(right);
    sha256(&input)
}

/// The largest power of two below `n`, for `n` of two and more.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// The root over leaf hashes.
pub(crate) fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            hash_node(&root(left), &root(right))
        }
    }
}

/// The inclusion proof of leaf `index`, from the leaf's sibling to the root's child.
pub(crate) fn inclusion_proof(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    let (mut path, sibling) = if index < at {
        (inclusion_proof(index, left), root(right))
    } else {
        (inclusion_proof(index - at, right), root(left))
    };
    path.push(sibling);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_is_the_largest_power_of_two_below() {
        for (n, expected) in [
            (2, 1),
            (3, 2),
            (4, 2),
            (5, 4),
            (7, 4),
            (8, 4),
            (9, 8),
            (16, 8),
            (17, 16),
        ] {
            assert_eq!(split(n), expected, "{n}");
        }
    }

    #[test]
    fn every_proof_verifies_with_the_verifiers_own_code() {
        use sigstore_verify::types::Sha256Hash;
        let leaves: Vec<_> = (0u8..21).map(|n| hash_leaf(&[n])).collect();
        for size in 1..=leaves.len() {
            let tree = &leaves[..size];
            for index in 0..size {
                let proof: Vec<_> = inclusion_proof(index, tree).into_iter().map(Sha256Hash::new).collect();
                sigstore_merkle::verify_inclusion_proof(
                    &Sha256Hash::new(tree[index]),
                    index as u64,
                    size as u64,
                    &proof,
                    &Sha256Hash::new(root(tree)),
                )
                .unwrap_or_else(|error| panic!("leaf {index} of {size}: {error}"));
            }
        }
    }
}
