//! What the three shapes share: the tests, which are those of `tests/http`, and the world they run in.

/// Declares tests of the shape at hand from functions that take a `TestApp`.
macro_rules! life {
    ($($name:ident),* $(,)?) => {
        mod whole {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::app::run(concat!(module_path!(), "::", stringify!($name)), super::$name).await;
            })*
        }
    };
}

#[path = "../http/answer.rs"]
pub(crate) mod answer;
#[path = "app.rs"]
pub(crate) mod app;
#[macro_use]
#[expect(dead_code, unused_macros, reason = "the store contract uses the rest")]
#[path = "../store/database.rs"]
pub(crate) mod database;
#[path = "fake_clock.rs"]
pub(crate) mod fake_clock;
#[path = "ingress.rs"]
pub(crate) mod ingress;
#[path = "../http/life.rs"]
mod life;
#[path = "../http/person.rs"]
pub(crate) mod person;
#[allow(dead_code, reason = "the tests of the program use the rest")]
#[path = "../binary/process.rs"]
pub(crate) mod process;

/// How the service is run.
#[allow(dead_code, reason = "each test program runs one shape")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    OneBinary,
    Functions,
    Gateway,
}
