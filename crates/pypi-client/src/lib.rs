//! The package index: simple pages, metadata, integrity API, downloads.
