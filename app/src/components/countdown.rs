//! How long a step or a session stays open, in words: whole minutes on the page, and a polite
//! announcement when little is left.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    browser,
    i18n::{Texts, use_texts},
};

/// How often the clock is looked at. The text changes once a minute at most.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Minutes left at which a person is told.
const TELL_AT: [u32; 3] = [5, 2, 1];
/// Minutes from which on the text warns.
const WARN_FROM: u32 = 2;

/// Minutes left from which on a session's end is worth a word.
const SESSION_FROM: u32 = 5;

/// What is said of the minutes left; 0 is the end. `None` while it is too early.
type Words = fn(&'static Texts, u32) -> Option<String>;

/// The time left for a step of the path; nothing where it is unknown.
#[component]
pub(crate) fn StepCountdown(
    /// When the step closes, in milliseconds by the reader's clock.
    deadline: RwSignal<Option<f64>>,
) -> impl IntoView {
    countdown(deadline, |t, minutes| {
        Some(match minutes {
            0 => t.enrolment.lapsed.to_owned(),
            _ => (t.enrolment.time_left)(minutes),
        })
    })
}

/// The end of a session, once it is near.
#[component]
pub(crate) fn SessionCountdown(
    /// When the session closes, in milliseconds by the reader's clock.
    deadline: RwSignal<Option<f64>>,
    /// Whether using it puts that off.
    extends: bool,
) -> impl IntoView {
    let words: Words = if extends {
        |t, minutes| session(minutes, t.account.session_over, t.account.session_idle_left)
    } else {
        |t, minutes| session(minutes, t.account.session_over, t.account.session_left)
    };
    countdown(deadline, words)
}

fn session(minutes: u32, over: &str, left: fn(u32) -> String) -> Option<String> {
    match minutes {
        0 => Some(over.to_owned()),
        1..=SESSION_FROM => Some(left(minutes)),
        _ => None,
    }
}

fn countdown(deadline: RwSignal<Option<f64>>, words: Words) -> AnyView {
    let t = use_texts();
    let now = RwSignal::new(0.0);
    Effect::new(move |_| {
        // A new deadline is measured from now, not from the last look at the clock.
        deadline.track();
        now.set(browser::now_ms());
        if let Ok(clock) = set_interval_with_handle(move || now.set(browser::now_ms()), LOOK_EVERY) {
            on_cleanup(move || clock.clear());
        }
    });
    let left = Memo::new(move |_| {
        let (deadline, now) = (deadline.get()?, now.get());
        (now > 0.0).then(|| minutes_left(deadline - now))
    });
    let text = move || left.get().and_then(|minutes| words(t(), minutes));
    let urgent = move || left.get().is_some_and(|minutes| minutes <= WARN_FROM);
    let told = move || left.get().filter(|m| *m == 0 || TELL_AT.contains(m)).and_then(|_| text());
    view! {
        <p class="countdown" class:urgent=urgent>{text}</p>
        <p class="unseen" role="status">{told}</p>
    }
    .into_any()
}

/// Whole minutes begun, 0 when the time is up.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn minutes_left(ms: f64) -> u32 {
    (ms / 60_000.0).ceil().clamp(0.0, 1_000_000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_begun_counts_and_none_is_negative() {
        assert_eq!(minutes_left(600_000.0), 10);
        assert_eq!(minutes_left(540_001.0), 10);
        assert_eq!(minutes_left(1.0), 1);
        assert_eq!(minutes_left(0.0), 0);
        assert_eq!(minutes_left(-5.0), 0);
        assert_eq!(minutes_left(f64::NAN), 0);
    }
}
