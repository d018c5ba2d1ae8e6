//! What went wrong, at the top of the form: it takes the focus, and leads to each field to mend.

use leptos::prelude::*;

use super::Form;
use crate::{
    browser,
    i18n::{Told, use_texts},
    problem::Problem,
};

/// The summary's id; one stands on a page.
pub(crate) const SUMMARY: &str = "resume-erreurs";

/// The form's problems, or nothing.
#[component]
pub(crate) fn ErrorSummary(
    /// The form it speaks for.
    form: Form,
) -> impl IntoView {
    view! {
        {move || {
            form.failed()
                .then(|| {
                    let lines = form.problems().iter().map(line).collect_view();
                    view! {
                        <div class="notice bad" id=SUMMARY role="alert" tabindex="-1">
                            {lines}
                        </div>
                    }
                })
        }}
    }
    .into_any()
}

/// One problem. A button, not a link to a fragment: the fragment may hold a ticket.
fn line(problem: &Problem) -> impl IntoView + use<> {
    let t = use_texts();
    let Told { what, advice } = t().tell(problem, browser::local);
    let what = match problem.field() {
        None => view! { <strong>{what}</strong> }.into_any(),
        Some(field) => {
            let focus = move |_| browser::focus_soon(field.id());
            view! { <button type="button" class="jump" on:click=focus>{what}</button> }.into_any()
        }
    };
    view! { <p>{what} " " {advice}</p> }
}
