//! The username.

use leptos::prelude::*;

use super::{
    Form,
    field::{FieldFrame, described_by},
};
use crate::{i18n::say, problem::Field};

/// A username, with its rule where one is being chosen.
#[component]
pub(crate) fn UsernameField(
    /// The form it belongs to.
    form: Form,
    /// Whether the person is choosing a name rather than giving theirs.
    #[prop(optional)]
    choosing: bool,
) -> impl IntoView {
    const FIELD: Field = Field::Username;
    // A form of one field need not say that the field has to be filled; one of several must.
    let hint = if choosing { say(|t| t.field.username_rule) } else { say(|t| t.field.required) };
    view! {
        <FieldFrame field=FIELD form label=say(|t| t.field.username) hint>
            <input
                id=FIELD.id()
                name="username"
                type="text"
                autocomplete="username"
                autocapitalize="none"
                spellcheck="false"
                maxlength="128"
                required
                aria-invalid=move || form.problem_at(FIELD).map(|_| "true")
                aria-describedby=move || described_by(FIELD, form)
            />
        </FieldFrame>
    }
    .into_any()
}
