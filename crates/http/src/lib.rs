//! One HTTP client for all: limits, retries, redaction, offline.
