//! Typed codes.

use domain::code::{Code, CodeError};
use proptest::prelude::*;

const SEPARATORS: [char; 10] =
    [' ', '-', '\u{a0}', '\u{2009}', '\u{202f}', '\u{2010}', '\u{2011}', '\u{2013}', '\u{2212}', '\t'];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn bytes_and_texts_of_any_kind_never_panic(bytes: Vec<u8>, text in "\\PC{0,80}") {
        let _ = Code::parse(&String::from_utf8_lossy(&bytes));
        if let Ok(code) = Code::parse(&text) {
            prop_assert!(code.as_bytes().iter().all(u8::is_ascii_digit));
        }
    }

    #[test]
    fn req_otp_5_separators_anywhere_are_dropped_and_three_scripts_of_digits_are_read(
        digits in prop::array::uniform6(0u8..10),
        scripts in prop::array::uniform6(prop::sample::select(vec!['0', '\u{660}', '\u{6f0}'])),
        gaps in prop::collection::vec(prop::sample::select(SEPARATORS.to_vec()), 0..8),
        places in prop::collection::vec(0usize..7, 8),
    ) {
        let typed = digits.iter().zip(scripts).map(|(digit, zero)| {
            char::from_u32(u32::from(zero) + u32::from(*digit)).unwrap()
        });
        let mut typed: Vec<char> = typed.collect();
        for (gap, place) in gaps.into_iter().zip(places) {
            typed.insert(place.min(typed.len()), gap);
        }
        let code = Code::parse(&typed.into_iter().collect::<String>()).unwrap();
        prop_assert_eq!(*code.as_bytes(), digits.map(|digit| b'0' + digit));
    }

    #[test]
    fn the_digits_that_are_missing_are_counted(digits in "[0-9]{0,5}") {
        let missing = u8::try_from(6 - digits.len()).unwrap();
        prop_assert_eq!(Code::parse(&format!(" {digits}-")), Err(CodeError::TooShort { missing }));
    }

    #[test]
    fn more_than_six_digits_are_too_many(digits in "[0-9]{7,200}") {
        prop_assert_eq!(Code::parse(&digits), Err(CodeError::TooLong));
    }

    #[test]
    fn anything_else_is_named(before in "[0-9]{0,6}", other in "[a-zA-Z.,_/+]") {
        prop_assert_eq!(Code::parse(&format!("{before}{other}")), Err(CodeError::Character));
    }
}

#[test]
fn a_text_of_64_bytes_is_read_and_no_longer_one() {
    for (bytes, read) in [(63, true), (64, true), (65, false), (66, false), (1_000, false)] {
        let typed = format!("{}123456", " ".repeat(bytes - 6));
        let expected = if read { Code::parse("123456") } else { Err(CodeError::TooLong) };
        assert!(Code::parse(&typed) == expected, "{bytes} bytes");
    }
}
