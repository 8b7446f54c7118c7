//! The interpreter probe and the hand-off to pip; accepts only Verified.
