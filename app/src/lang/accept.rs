//! `Accept-Language` (RFC 9110 §12.5.4), read from a header that anyone may fill with anything.

use super::Lang;

/// Ranges that are looked at; browsers send a handful.
const MAX_RANGES: usize = 32;

/// The language of ours with the highest weight; the first one among equals. `None` where the
/// header names neither of them.
pub(crate) fn preferred(header: &str) -> Option<Lang> {
    let mut best: Option<(Lang, u16)> = None;
    for (lang, weight) in header.split(',').take(MAX_RANGES).filter_map(read_range) {
        if weight > best.map_or(0, |(_, highest)| highest) {
            best = Some((lang, weight));
        }
    }
    best.map(|(lang, _)| lang)
}

/// One range and its weight in thousandths. `*` says nothing about our two languages.
fn read_range(range: &str) -> Option<(Lang, u16)> {
    let mut parts = range.split(';');
    let lang = Lang::from_tag(parts.next()?)?;
    let weight = match parts.find_map(|part| part.trim().strip_prefix("q=")) {
        None => 1000,
        Some(text) => read_weight(text.trim())?,
    };
    Some((lang, weight))
}

/// `0`, `1`, or up to three decimals between them, in thousandths.
fn read_weight(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1") || decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{whole}{decimals:0<3}").parse().ok()?;
    (thousandths <= 1000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_weight_wins_wherever_it_stands() {
        assert_eq!(preferred("fr;q=0.5, en;q=0.9"), Some(Lang::En));
        assert_eq!(preferred("en;q=0.8,fr"), Some(Lang::Fr));
        assert_eq!(preferred("de-DE, de;q=0.9, en;q=0.3, fr;q=0.2"), Some(Lang::En));
    }

    #[test]
    fn the_first_of_equals_wins() {
        assert_eq!(preferred("en, fr"), Some(Lang::En));
        assert_eq!(preferred("fr-CA, en-US"), Some(Lang::Fr));
    }

    #[test]
    fn a_weight_of_zero_is_a_refusal() {
        assert_eq!(preferred("en;q=0"), None);
        assert_eq!(preferred("en;q=0.000, fr;q=0.001"), Some(Lang::Fr));
    }

    #[test]
    fn neither_of_ours_is_no_preference() {
        for header in ["", "*", "de", "e", "eng", "frr", "english"] {
            assert_eq!(preferred(header), None, "{header}");
        }
    }

    #[test]
    fn hostile_headers_are_no_trouble() {
        for header in
            [";;;,,,;q=", "en;q=2", "en;q=-1", "en;q=0.1234", "en;q=NaN", "en;q=1.5", "\u{0}\u{ff}", "q=1"]
        {
            assert_eq!(preferred(header), None, "{header}");
        }
        assert_eq!(preferred(&"en;q=0.1,".repeat(100_000)), Some(Lang::En));
        assert_eq!(preferred(&"x".repeat(1_000_000)), None);
        assert_eq!(preferred(&format!("{}en", "de,".repeat(MAX_RANGES))), None);
    }
}
