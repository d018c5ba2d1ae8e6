//! The password that a person already has. Pasting and password managers always work.

use leptos::prelude::*;

use super::{
    Form,
    field::{FieldFrame, described_by},
};
use crate::{i18n::say, problem::Field, visit::use_visit};

/// A password, with the button that shows what was typed.
#[component]
pub(crate) fn PasswordField(
    /// The form it belongs to.
    form: Form,
) -> impl IntoView {
    const FIELD: Field = Field::Password;
    let visit = use_visit();
    let shown = RwSignal::new(false);
    // Hidden again while it is sent, so that password managers see a password.
    Effect::new(move |_| {
        if form.busy() {
            shown.set(false);
        }
    });
    view! {
        <FieldFrame field=FIELD form label=say(|t| t.field.password) hint=say(|t| t.field.required)>
            <div class="with-button">
                <input
                    id=FIELD.id()
                    name="password"
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete="current-password"
                    autocapitalize="none"
                    spellcheck="false"
                    required
                    aria-invalid=move || form.problem_at(FIELD).map(|_| "true")
                    aria-describedby=move || described_by(FIELD, form)
                />
                <button
                    type="button"
                    class="quiet"
                    aria-pressed=move || if shown.get() { "true" } else { "false" }
                    aria-controls=FIELD.id()
                    disabled=move || !visit.ready.get()
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    {say(|t| t.field.show)}
                </button>
            </div>
        </FieldFrame>
    }
    .into_any()
}
