//! Test Sigstore, wheel builder, index, GitHub and Rekor servers; the demo. Development only.
