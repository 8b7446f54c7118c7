//! When a release may be passed over: only for what is known of it.

use slsa_pip_verify::{Code, Refusal};

use crate::judge::Examined;
use crate::report::Outcome;

/// Whether a refusal could not have become a pass with answers that are missing: every place that was asked has answered, and all
/// that was found could be read, and its signatures checked.
///
/// *Not looked at*: whether those who answered are honest. Who runs the index, or the project, can leave out what he likes, whole
/// releases too.
pub(super) fn is_conclusive(refusals: &[Refusal], found: &Examined) -> bool {
    let harvest = &found.harvest;
    !found.unanswered
        && !harvest.out_of_time
        && harvest.problems.is_empty()
        && harvest.searched.iter().all(|place| has_answered(place.outcome))
        && !refusals.is_empty()
        && refusals.iter().all(|refusal| says_something(refusal.code))
}

/// Whether a place has said all that it will. One that may not be asked, by the user's word, is none that was kept from answering.
const fn has_answered(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Found | Outcome::None | Outcome::Refused | Outcome::NotAsked => true,
        Outcome::Unreadable | Outcome::Forbidden | Outcome::RateLimited | Outcome::TimedOut | Outcome::Failed => false,
    }
}

/// Whether a refusal is about what a proof says, or that there is none. One about form or signature (rules A, B and C1) says nothing
/// of who made the file: anybody could have put that there, and a trusted root that is out of date refuses what is good.
fn says_something(code: Code) -> bool {
    match code {
        // No proof, and documents that are none: a list of parts, say.
        Code::NoEvidence | Code::NotAStatement | Code::PredicateTypeUnknown => true,
        // What could not be found out, and what is about bytes that are not there yet.
        Code::EvidenceUnreadable
        | Code::SearchTimedOut
        | Code::ContinuityUnknown
        | Code::IndexDigestMismatch
        | Code::HashNotAllowed
        | Code::MetadataMismatch => false,
        code => match code.rule().as_bytes() {
            [b'C', b'1', ..] => false,
            [b'C' | b'D' | b'E' | b'F', ..] => true,
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_and_forms_are_no_reason_to_pass_over() {
        for code in Code::ALL {
            let rule = code.rule();
            if rule.starts_with('B') || matches!(rule, "A2" | "A6" | "C1") {
                assert!(!says_something(*code), "{code}");
            }
            if rule.starts_with('D') || rule.starts_with('E') && *code != Code::ContinuityUnknown {
                assert!(says_something(*code), "{code}");
            }
        }
        for (code, expected) in [
            (Code::NoEvidence, true),
            (Code::EvidenceUnreadable, false),
            (Code::SearchTimedOut, false),
            (Code::PublisherUnknown, false),
            (Code::PredicateTypeUnknown, true),
            (Code::LogEntryMissing, false),
            (Code::CertificateUntrusted, false),
            (Code::DigestMismatch, true),
            (Code::IndexDigestMismatch, false),
            (Code::ExemptionExpired, true),
        ] {
            assert_eq!(says_something(code), expected, "{code}");
        }
    }
}
