//! A secret as text, in groups of four. The gaps are the style sheet's: the text has none, so that
//! copying gives the value itself.

#![expect(clippy::needless_pass_by_value, reason = "a component owns what it is given")]

use leptos::prelude::*;

const GROUP: usize = 4;

/// The text twin of a QR code.
#[component]
pub(crate) fn SecretText(
    /// The element's id.
    id: &'static str,
    /// The name that tests know it by.
    testid: &'static str,
    /// The secret: ASCII.
    value: String,
) -> impl IntoView {
    // A translation service must neither see nor change it.
    view! {
        <p class="secret" id=id data-testid=testid translate="no">
            {groups(&value).into_iter().map(|group| view! { <span>{group}</span> }).collect_view()}
        </p>
    }
    .into_any()
}

fn groups(value: &str) -> Vec<String> {
    let characters: Vec<char> = value.chars().collect();
    characters.chunks(GROUP).map(String::from_iter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_four_lose_nothing() {
        assert_eq!(groups("kR7#mVt2+Q"), ["kR7#", "mVt2", "+Q"]);
        assert_eq!(groups("").len(), 0);
    }
}
