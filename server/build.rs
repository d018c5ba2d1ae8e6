//! The migrations are embedded by a macro, and a macro cannot say that a new file matters.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
