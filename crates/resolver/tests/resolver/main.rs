//! The resolver on an index in memory.

mod brute_force;
mod budgets;
mod rules;
mod world;
