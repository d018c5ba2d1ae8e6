//! `texts!` declares a group of texts: plain ones, ones with values (each with a sample for the
//! tests), lists, groups within the group, and pages of prose.

macro_rules! texts {
    (
        $(#[$doc:meta])*
        pub struct $name:ident { $($text:ident),* $(,)? }
        $(with { $($told:ident($($arg:ident: $ty:ty = $sample:expr),+)),* $(,)? })?
        $(list $list:ident;)?
        $(parts { $($part:ident: $kind:ident),* $(,)? })?
        $(articles { $($article:ident),* $(,)? })?
    ) => {
        $(#[$doc])*
        pub(crate) struct $name {
            $(pub(crate) $text: &'static str,)*
            $($(pub(crate) $told: fn($($arg: $ty),+) -> String,)*)?
            $(pub(crate) $list: &'static [&'static str],)?
            $($(pub(crate) $part: $kind,)*)?
            $($(pub(crate) $article: Article,)*)?
        }

        #[cfg(test)]
        impl $name {
            /// Every text of the group, those with values filled in with samples.
            fn all(&self) -> Vec<String> {
                #[allow(unused_mut)]
                let mut all: Vec<String> = vec![$(self.$text.to_owned()),*];
                $($(all.push((self.$told)($($sample),+));)*)?
                $(all.extend(self.$list.iter().map(|text| (*text).to_owned()));)?
                $($(all.extend(self.$part.all());)*)?
                $($(all.extend(self.$article.all());)*)?
                all
            }
        }
    };
}
