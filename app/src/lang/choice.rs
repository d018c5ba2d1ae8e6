//! Which language a request gets.

use super::{Lang, accept};

/// The language of a request. `query` and `cookie` are choices, `accept` is a wish.
pub(super) fn choose(query: Option<&str>, cookie: Option<&str>, accept: Option<&str>) -> Lang {
    query
        .and_then(Lang::from_tag)
        .or_else(|| cookie.and_then(Lang::from_tag))
        .or_else(|| accept.and_then(accept::preferred))
        .unwrap_or_default()
}

/// The value of parameter `name` in an address's query.
pub(crate) fn value_of<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_in_the_address_wins_over_the_cookie_and_the_cookie_over_the_browser() {
        assert_eq!(choose(Some("en"), Some("fr"), Some("fr")), Lang::En);
        assert_eq!(choose(None, Some("en"), Some("fr")), Lang::En);
        assert_eq!(choose(None, None, Some("en-GB")), Lang::En);
        assert_eq!(choose(None, None, None), Lang::Fr);
    }

    #[test]
    fn a_choice_we_do_not_speak_counts_as_none() {
        assert_eq!(choose(Some("de"), Some(""), Some("en")), Lang::En);
        assert_eq!(choose(Some("<script>"), Some("\u{0}"), Some("xx")), Lang::Fr);
    }

    #[test]
    fn pairs_are_found_by_their_whole_name() {
        assert_eq!(value_of("a=1&lang=en", "lang"), Some("en"));
        assert_eq!(value_of("xlang=en", "lang"), None);
        assert_eq!(value_of("lang=en&lang=fr", "lang"), Some("en"));
        assert_eq!(value_of("lang", "lang"), None);
    }
}
