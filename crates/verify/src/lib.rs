//! The verification core: signature, log, identity, statement, expectation; gives a Verified or refusals. Pure.
