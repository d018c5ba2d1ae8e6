//! Where a session was opened from, as its owner recognises it: a family of browsers and a family of
//! systems, two words from closed lists.
//!
//! They are read from `User-Agent`, which anybody may write: they help a person tell their sessions
//! apart and decide nothing. The header itself is never kept: it tells more than that (versions,
//! models of phones) and may hold anything.

use serde::{Deserialize, Serialize};

/// Declares a closed list of words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)*
            /// None of these, or nothing that tells.
            #[default]
            #[serde(rename = "other", other)]
            Other,
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)* Self::Other];

            /// Its word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other => "other",
                }
            }

            /// The one whose word it is. A word that a newer program wrote is none that is known here.
            fn named(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    _ => Self::Other,
                }
            }
        }
    };
}

words! {
    /// A family of browsers.
    Browser {
        /// Firefox.
        Firefox = "firefox",
        /// Chrome and Chromium.
        Chrome = "chrome",
        /// Microsoft Edge.
        Edge = "edge",
        /// Safari.
        Safari = "safari",
        /// Opera.
        Opera = "opera",
        /// Samsung Internet.
        Samsung = "samsung_internet",
    }
}

words! {
    /// A family of operating systems.
    System {
        /// Windows.
        Windows = "windows",
        /// macOS; an iPad that asks for pages as a desktop does says the same.
        MacOs = "macos",
        /// Linux.
        Linux = "linux",
        /// Android.
        Android = "android",
        /// iOS and iPadOS.
        Ios = "ios",
        /// `ChromeOS`.
        ChromeOs = "chrome_os",
    }
}

/// What a browser says of itself, by its own product token. The first that is found wins: all of them
/// claim to be their ancestors, too.
const BROWSERS: [(&str, Browser); 14] = [
    ("SamsungBrowser/", Browser::Samsung),
    ("Edg/", Browser::Edge),
    ("EdgA/", Browser::Edge),
    ("EdgiOS/", Browser::Edge),
    ("Edge/", Browser::Edge),
    ("OPR/", Browser::Opera),
    ("OPT/", Browser::Opera),
    ("Opera", Browser::Opera),
    ("FxiOS/", Browser::Firefox),
    ("Firefox/", Browser::Firefox),
    ("CriOS/", Browser::Chrome),
    ("Chromium/", Browser::Chrome),
    ("Chrome/", Browser::Chrome),
    ("Safari/", Browser::Safari),
];

/// What it says of its system; the first that is found wins.
const SYSTEMS: [(&str, System); 9] = [
    ("iPhone", System::Ios),
    ("iPad", System::Ios),
    ("iPod", System::Ios),
    ("Android", System::Android),
    ("Windows", System::Windows),
    ("CrOS", System::ChromeOs),
    ("Macintosh", System::MacOs),
    ("X11", System::Linux),
    ("Linux", System::Linux),
];

/// Bytes of `User-Agent` that are looked at; browsers need fewer.
const LOOKED_AT: usize = 512;

/// A browser on a system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Agent {
    /// The browser.
    pub browser: Browser,
    /// The system.
    pub system: System,
}

impl Agent {
    /// What a `User-Agent` header tells.
    #[must_use]
    pub fn of_user_agent(header: &str) -> Self {
        let mut end = header.len().min(LOOKED_AT);
        while !header.is_char_boundary(end) {
            end -= 1;
        }
        let header = header.get(..end).unwrap_or_default();
        Self { browser: first(header, &BROWSERS), system: first(header, &SYSTEMS) }
    }

    /// As the store keeps it: `browser/system`.
    #[must_use]
    pub fn to_words(self) -> String {
        format!("{}/{}", self.browser.word(), self.system.word())
    }

    /// Reads it back from the store.
    #[must_use]
    pub fn from_words(words: &str) -> Self {
        let (browser, system) = words.split_once('/').unwrap_or_default();
        Self { browser: Browser::named(browser), system: System::named(system) }
    }
}

fn first<T: Copy + Default>(header: &str, tokens: &[(&str, T)]) -> T {
    tokens.iter().find(|(token, _)| header.contains(token)).map(|(_, family)| *family).unwrap_or_default()
}
