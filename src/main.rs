//! `slsa-pip`.
fn main() {}
