//! Rekor look-up for classic envelopes.
