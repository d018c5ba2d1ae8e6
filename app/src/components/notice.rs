//! A sentence that stands out.

use leptos::prelude::*;

/// What a notice is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    /// To be known.
    #[default]
    Plain,
    /// To be careful about.
    Warning,
    /// Something went well.
    Good,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Plain => "notice plain",
            Self::Warning => "notice",
            Self::Good => "notice good",
        }
    }
}

/// A sentence in a box.
#[component]
pub(crate) fn Notice(
    /// What it is about.
    #[prop(optional)]
    tone: Tone,
    /// The sentence.
    children: Children,
) -> impl IntoView {
    view! {
        <div class=tone.class()>
            <p>{children()}</p>
        </div>
    }
    .into_any()
}
