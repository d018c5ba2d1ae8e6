//! The two steps of the path, and which one this is.

use leptos::prelude::*;

use crate::i18n::say;

/// The path; `current` is 1 or 2, or 0 where it is not known yet.
#[component]
pub(crate) fn Steps(
    /// The present step.
    current: u8,
) -> impl IntoView {
    view! {
        <ol class="steps" aria-label=say(|t| t.enrolment.steps)>
            <li data-state=(current > 1).then_some("done") aria-current=(current == 1).then_some("step")>
                {say(|t| t.enrolment.step_password)}
            </li>
            <li aria-current=(current == 2).then_some("step")>{say(|t| t.enrolment.step_authenticator)}</li>
        </ol>
    }
}
