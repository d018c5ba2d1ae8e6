//! The real program: what it prints, what it refuses, how it stops.

mod commands;
mod process;
mod refusals;
mod serving;
