//! The resolver on an index in memory.

mod brute_force;
mod budgets;
mod direct;
mod installed;
mod latency;
mod options;
mod rules;
mod rulings;
mod world;
