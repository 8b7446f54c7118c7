//! The nearest known word to a mistyped one.

/// Longest word that is compared; a longer one is no typing mistake.
const MAX_WORD: usize = 64;

/// The candidate that is near enough to `given` to be meant, if there is one.
pub(crate) fn nearest<'c>(given: &str, candidates: &[&'c str]) -> Option<&'c str> {
    if given.len() > MAX_WORD {
        return None;
    }
    let folded = fold(given);
    candidates
        .iter()
        .map(|candidate| (distance(&folded, &fold(candidate)), *candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> Vec<char> {
    word.to_ascii_lowercase().replace('_', "-").chars().collect()
}

/// Levenshtein's distance, a swap of neighbours counted as one edit.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&last, j) + usize::from(x != y))
                .min(at(&last, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_within_reason() {
        let known = ["repository", "repository-id", "ref", "workflow", "builder"];
        for (given, expected) in [
            ("repositry", Some("repository")),
            ("repository_id", Some("repository-id")),
            ("Workflow", Some("workflow")),
            ("rfe", Some("ref")),
            ("sha256", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, &known), expected, "{given}");
        }
        assert_eq!(nearest(&"r".repeat(MAX_WORD + 1), &known), None);
    }
}
