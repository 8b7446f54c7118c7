//! PubGrub over the index.
