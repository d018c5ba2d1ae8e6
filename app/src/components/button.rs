//! Buttons that ask the server for something. Until the browser's half is there they are disabled,
//! so that a form is never sent by the browser itself; while a request is under way they keep the
//! focus and do nothing.

use leptos::prelude::*;

use super::Form;
use crate::{i18n::use_texts, visit::use_visit};

/// Sends the form it stands in.
#[component]
pub(crate) fn SubmitButton(
    /// The form it sends.
    form: Form,
    /// What it says.
    #[prop(into)]
    label: TextProp,
    /// Classes beyond the plain button.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let visit = use_visit();
    view! {
        <button
            type="submit"
            class=class
            disabled=move || !visit.ready.get()
            aria-disabled=move || form.busy().then_some("true")
            aria-busy=move || form.busy().then_some("true")
        >
            {move || label.get()}
        </button>
        <Wait form/>
    }
    .into_any()
}

/// Does something when pressed, unless a request of `form` is under way.
#[component]
pub(crate) fn ActionButton(
    /// The form whose requests it starts or waits for.
    form: Form,
    /// What it says.
    #[prop(into)]
    label: TextProp,
    /// What it is about, where what it says is not enough to tell it from its neighbours: for who hears
    /// it without seeing where it stands.
    #[prop(optional, into)]
    about: Option<TextProp>,
    /// Classes beyond the plain button.
    #[prop(optional)]
    class: &'static str,
    /// What it does.
    on_press: impl Fn() + 'static,
) -> impl IntoView {
    action_button(form, label, about, class, Box::new(on_press))
}

/// Apart from the component, which is compiled once for each handler.
fn action_button(
    form: Form,
    label: TextProp,
    about: Option<TextProp>,
    class: &'static str,
    on_press: Box<dyn Fn()>,
) -> AnyView {
    let visit = use_visit();
    let pressed = RwSignal::new(false);
    let busy = move || form.busy() && pressed.get();
    // Another button may start the next request.
    Effect::new(move |_| {
        if !form.busy() {
            pressed.set(false);
        }
    });
    let press = move |_| {
        if form.idle() {
            pressed.set(true);
            on_press();
            // Whoever went on to another step has taken the button off the page.
            let _ = pressed.try_set(!form.idle());
        }
    };
    view! {
        <button
            type="button"
            class=class
            disabled=move || !visit.ready.get()
            aria-disabled=move || form.busy().then_some("true")
            aria-busy=move || busy().then_some("true")
            on:click=press
        >
            {move || label.get()}
            {about.map(|about| view! { <span class="unseen">" " {move || about.get()}</span> })}
        </button>
    }
    .into_any()
}

/// Says that something is under way.
#[component]
fn Wait(form: Form) -> impl IntoView {
    let t = use_texts();
    view! { <span class="unseen" role="status">{move || form.busy().then(|| t().frame.wait)}</span> }
}
