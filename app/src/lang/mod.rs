//! The reader's language: by choice, else what the browser asks for, else French.

#[cfg(feature = "ssr")]
pub(crate) mod accept;
#[cfg(feature = "ssr")]
pub(crate) mod choice;
pub(crate) mod kept;
mod link;
#[cfg(feature = "ssr")]
pub(crate) mod request;

pub(crate) use self::link::LanguageLink;

/// A language that Sésame speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// French, the first.
    #[default]
    Fr,
    /// English.
    En,
}

impl Lang {
    /// The BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// The language of a BCP 47 tag or range: the primary subtag decides (`en-GB` is English).
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().trim();
        [Self::Fr, Self::En].into_iter().find(|lang| primary.eq_ignore_ascii_case(lang.tag()))
    }

    /// The other language: what the link in the header offers.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Fr => Self::En,
            Self::En => Self::Fr,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_subtag_decides() {
        assert_eq!(Lang::from_tag("en-GB"), Some(Lang::En));
        assert_eq!(Lang::from_tag(" FR_ca"), Some(Lang::Fr));
        assert_eq!(Lang::from_tag("french"), None);
    }

    #[test]
    fn each_language_offers_the_other() {
        assert_eq!(Lang::Fr.other().other(), Lang::Fr);
    }
}
