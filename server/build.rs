//! The migrations are embedded by a macro, and a macro cannot say that a new file matters.

#![expect(clippy::print_stdout, reason = "this is how a build script speaks")]

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
