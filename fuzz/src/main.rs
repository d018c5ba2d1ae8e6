//! libFuzzer around one target, which `SESAME_FUZZ_TARGET` names: `make fuzz` (scripts/fuzz).

#![no_main]
#![allow(clippy::expect_used, reason = "scripts/fuzz names a target that there is")]

use std::sync::LazyLock;

use fuzz::Target;

static CHOSEN: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = std::env::var("SESAME_FUZZ_TARGET").expect("SESAME_FUZZ_TARGET names a target");
    fuzz::target(&name).expect("SESAME_FUZZ_TARGET names a target of fuzz/src/targets")
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| (CHOSEN.run)(data));
