//! Reads evidence: JSON Lines, DSSE envelopes, Sigstore bundles, PEP 740 objects, in-toto statements, SLSA predicates. Pure.
