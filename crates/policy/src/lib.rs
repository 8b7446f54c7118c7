//! slsa-pip.toml: pins, exemptions and defaults, and the expectation they give per package. Pure.
