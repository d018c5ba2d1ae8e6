//! A secret read out character by character: what stands for each in the two languages.

use super::Texts;
use crate::lang::Lang;

/// One character and how it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spelled {
    /// The character.
    pub(crate) character: char,
    /// `minuscule, comme Kléber`; `point d’interrogation`.
    pub(crate) said: String,
}

/// The telephone alphabet.
const FR: [&str; 26] = [
    "Anatole",
    "Berthe",
    "Célestin",
    "Désiré",
    "Eugène",
    "François",
    "Gaston",
    "Henri",
    "Irma",
    "Joseph",
    "Kléber",
    "Louis",
    "Marcel",
    "Nicolas",
    "Oscar",
    "Pierre",
    "Quintal",
    "Raoul",
    "Suzanne",
    "Thérèse",
    "Ursule",
    "Victor",
    "William",
    "Xavier",
    "Yvonne",
    "Zoé",
];
/// The ICAO alphabet.
const EN: [&str; 26] = [
    "Alfa", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India", "Juliett", "Kilo",
    "Lima", "Mike", "November", "Oscar", "Papa", "Quebec", "Romeo", "Sierra", "Tango", "Uniform", "Victor",
    "Whiskey", "X-ray", "Yankee", "Zulu",
];

const SPECIALS: [(char, &str, &str); 14] = [
    ('!', "point d’exclamation", "exclamation mark"),
    ('#', "croisillon (dièse)", "hash"),
    ('$', "dollar", "dollar"),
    ('%', "pour cent", "per cent"),
    ('&', "esperluette (et commercial)", "ampersand"),
    ('(', "parenthèse ouvrante", "opening parenthesis"),
    (')', "parenthèse fermante", "closing parenthesis"),
    ('*', "astérisque", "asterisk"),
    ('+', "plus", "plus"),
    ('-', "tiret", "hyphen"),
    ('=', "égal", "equals"),
    ('?', "point d’interrogation", "question mark"),
    ('@', "arobase", "at sign"),
    ('_', "tiret bas", "underscore"),
];

impl Lang {
    /// How `secret` is read out.
    pub(crate) fn spell(self, secret: &str) -> Vec<Spelled> {
        secret.chars().map(|character| Spelled { character, said: self.say(character) }).collect()
    }

    fn say(self, character: char) -> String {
        if character.is_ascii_alphabetic() {
            let texts: &Texts = self.texts();
            let class = if character.is_ascii_uppercase() { texts.secret.upper } else { texts.secret.lower };
            return format!("{class} {}", self.word_for(character));
        }
        let special = SPECIALS.iter().find(|(special, ..)| *special == character);
        special.map_or_else(
            || match self {
                Self::Fr => "chiffre".to_owned(),
                Self::En => "digit".to_owned(),
            },
            |(_, fr, en)| match self {
                Self::Fr => (*fr).to_owned(),
                Self::En => (*en).to_owned(),
            },
        )
    }

    fn word_for(self, letter: char) -> &'static str {
        let words = match self {
            Self::Fr => &FR,
            Self::En => &EN,
        };
        let index = u32::from(letter.to_ascii_lowercase()).wrapping_sub(u32::from('a'));
        usize::try_from(index).ok().and_then(|index| words.get(index)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use domain::password::ALPHABET;

    use super::*;

    #[test]
    fn letters_are_said_with_their_case_and_a_word() {
        let said = |lang: Lang, c: char| lang.spell(&c.to_string()).remove(0).said;
        assert_eq!(said(Lang::Fr, 'k'), "minuscule, comme Kléber");
        assert_eq!(said(Lang::Fr, 'K'), "majuscule, comme Kléber");
        assert_eq!(said(Lang::En, 'z'), "lower case, as in Zulu");
        assert_eq!(said(Lang::Fr, '?'), "point d’interrogation");
        assert_eq!(said(Lang::En, '7'), "digit");
    }

    #[test]
    fn every_character_of_the_password_alphabet_has_words() {
        let alphabet: String = ALPHABET.iter().map(|byte| char::from(*byte)).collect();
        for lang in [Lang::Fr, Lang::En] {
            for spelled in lang.spell(&alphabet) {
                let digit = matches!(spelled.said.as_str(), "chiffre" | "digit");
                assert_eq!(digit, spelled.character.is_ascii_digit(), "{spelled:?}");
                assert!(!spelled.said.ends_with(' '), "{spelled:?}");
            }
        }
    }

    #[test]
    fn each_word_begins_with_its_letter() {
        for (words, lang) in [(&FR, Lang::Fr), (&EN, Lang::En)] {
            for (letter, word) in ('A'..='Z').zip(words.iter()) {
                assert!(word.starts_with(letter), "{word}");
                assert_eq!(lang.word_for(letter), *word);
            }
        }
    }
}
