//! What every field has: its label, its hint, its error and how they are tied together.

use leptos::prelude::*;

use super::Form;
use crate::{browser, i18n::use_texts, problem::Field};

/// A label, a hint and an error around an input.
#[component]
pub(crate) fn FieldFrame(
    /// Which field it is.
    field: Field,
    /// The form it belongs to.
    form: Form,
    /// The label.
    #[prop(into)]
    label: TextProp,
    /// What to know before typing.
    #[prop(into)]
    hint: TextProp,
    /// The input.
    children: Children,
) -> impl IntoView {
    let t = use_texts();
    let error = move || form.problem_at(field).map(|problem| t().tell(&problem, browser::local).what);
    view! {
        <div class="field" class:bad=move || form.problem_at(field).is_some()>
            <label for=field.id()>{move || label.get()}</label>
            <span class="hint" id=hint_id(field)>{move || hint.get()}</span>
            <span class="error" id=error_id(field)>{error}</span>
            {children()}
        </div>
    }
    .into_any()
}

/// What describes the field's input, in reading order.
pub(super) fn described_by(field: Field, form: Form) -> String {
    let hint = hint_id(field);
    form.problem_at(field).map_or_else(|| hint.clone(), |_| format!("{} {hint}", error_id(field)))
}

fn hint_id(field: Field) -> String {
    format!("{}-aide", field.id())
}

fn error_id(field: Field) -> String {
    format!("{}-erreur", field.id())
}
