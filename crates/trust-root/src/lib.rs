//! The trusted root: from a file or the embedded copy.
