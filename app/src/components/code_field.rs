//! The six digits: one plain text field, because autofill, pasting and screen readers all know
//! what to do with one. Spaces and hyphens are welcome.

use leptos::prelude::*;

use super::{
    Form,
    field::{FieldFrame, described_by},
};
use crate::{i18n::say, problem::Field};

/// A code from the authenticator.
#[component]
pub(crate) fn CodeField(
    /// The form it belongs to.
    form: Form,
    /// What to know before typing.
    #[prop(into)]
    hint: TextProp,
) -> impl IntoView {
    const FIELD: Field = Field::Code;
    view! {
        <FieldFrame field=FIELD form label=say(|t| t.field.code) hint>
            <input
                id=FIELD.id()
                class="code"
                name="code"
                type="text"
                inputmode="numeric"
                autocomplete="one-time-code"
                autocapitalize="none"
                spellcheck="false"
                maxlength="16"
                aria-invalid=move || form.problem_at(FIELD).map(|_| "true")
                aria-describedby=move || described_by(FIELD, form)
            />
        </FieldFrame>
    }
    .into_any()
}
