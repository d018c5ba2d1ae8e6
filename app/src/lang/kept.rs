//! The cookie that keeps a choice of language. The page writes it where its program runs, else the
//! server does; both by this file.

use super::Lang;

/// How long a choice is kept, in seconds: one year.
const MAX_AGE: u32 = 365 * 24 * 60 * 60;

/// The cookie's name. `__Host-`, which https alone may set, keeps it from being set by a neighbouring host.
pub(crate) const fn name(https: bool) -> &'static str {
    if https { "__Host-sesame-lang" } else { "sesame-lang" }
}

/// What keeps `lang`, as `Set-Cookie` and as a page's script writes it: the page has to, so it is no
/// `HttpOnly`. `Lax`, because a link from elsewhere leads to a page in the reader's language.
pub(crate) fn cookie(lang: Lang, https: bool) -> String {
    let secure = if https { "; Secure" } else { "" };
    format!("{}={}; Path=/; Max-Age={MAX_AGE}; SameSite=Lax{secure}", name(https), lang.tag())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_https_it_is_secure_and_of_this_host_alone() {
        assert_eq!(
            cookie(Lang::En, true),
            "__Host-sesame-lang=en; Path=/; Max-Age=31536000; SameSite=Lax; Secure"
        );
        assert_eq!(cookie(Lang::Fr, false), "sesame-lang=fr; Path=/; Max-Age=31536000; SameSite=Lax");
    }
}
