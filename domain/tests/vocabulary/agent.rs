//! Where a session was opened from.

use domain::agent::{Agent, Browser, System};
use proptest::prelude::*;

#[test]
fn browsers_are_told_by_their_own_word_and_not_by_their_ancestors() {
    let cases = [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            Browser::Firefox,
            System::Windows,
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
            Browser::Chrome,
            System::Linux,
        ),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
            Browser::Chrome,
            System::ChromeOs,
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            Browser::Edge,
            System::Windows,
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
            Browser::Safari,
            System::MacOs,
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            Browser::Safari,
            System::Ios,
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15",
            Browser::Firefox,
            System::Ios,
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1",
            Browser::Chrome,
            System::Ios,
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
            Browser::Chrome,
            System::Android,
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            Browser::Samsung,
            System::Android,
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 OPR/124.0.0.0",
            Browser::Opera,
            System::Windows,
        ),
        ("curl/8.14.1", Browser::Other, System::Other),
        ("", Browser::Other, System::Other),
    ];
    for (header, browser, system) in cases {
        assert_eq!(Agent::of_user_agent(header), Agent { browser, system }, "{header}");
    }
}

#[test]
fn what_is_kept_reads_back_and_a_word_of_a_newer_program_is_no_fault() {
    for browser in Browser::ALL {
        for system in System::ALL {
            let agent = Agent { browser: *browser, system: *system };
            let words = agent.to_words();
            assert_eq!(Agent::from_words(&words), agent);
            // What the constraint of the column asks for.
            assert!(
                words.len() <= 40 && words.bytes().all(|b| matches!(b, b'a'..=b'z' | b'_' | b'/')),
                "{words}"
            );
            assert_eq!(serde_json::to_value(browser).unwrap(), browser.word());
            assert_eq!(serde_json::to_value(system).unwrap(), system.word());
        }
    }
    assert_eq!(Agent::from_words("ladybird/redox"), Agent::default());
    assert_eq!(Agent::from_words(""), Agent::default());
    assert_eq!(serde_json::from_str::<Browser>("\"ladybird\"").unwrap(), Browser::Other);
}

proptest! {
    #[test]
    fn a_header_of_any_kind_leaves_two_words_of_the_lists(header in any::<String>(), tail in "[é ]{0,600}") {
        for header in [header.clone(), format!("{header}{tail}"), format!("{tail}{header}")] {
            let agent = Agent::of_user_agent(&header);
            prop_assert!(Browser::ALL.contains(&agent.browser) && System::ALL.contains(&agent.system));
        }
    }
}
