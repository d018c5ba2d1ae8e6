//! Reading the `Cookie` headers of a request.
//!
//! Every application under a parent domain may set cookies there, and a browser sends theirs in one
//! line with ours, with whatever bytes they hold. So the line is read as bytes, and only the value that
//! is asked for has to be text: a neighbour's `nom=Éric` must not hide ours.

use http::{HeaderMap, header};

/// The values of every cookie called `name`, as they were sent.
pub(crate) fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(move |pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

/// The first value of the cookie called `name`.
pub(crate) fn first<'a>(headers: &'a HeaderMap, name: &'a str) -> Option<&'a str> {
    values(headers, name).next().and_then(|value| str::from_utf8(value).ok())
}

/// The value of the cookie called `name`, if it comes once.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &'a str) -> Option<&'a str> {
    let mut values = values(headers, name);
    match (values.next(), values.next()) {
        (Some(value), None) => str::from_utf8(value).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(lines: &[&[u8]]) -> HeaderMap {
        lines.iter().map(|line| (header::COOKIE, HeaderValue::from_bytes(line).unwrap())).collect()
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name_in_any_line() {
        let sent = headers(&[b"a=1; lang=en", b"xlang=fr;  b = 2;lang", b"c=d=e"]);
        assert_eq!(only(&sent, "lang"), Some("en"));
        assert_eq!(only(&sent, "c"), Some("d=e"));
        for missing in ["b", "x", "an", ""] {
            assert_eq!(only(&sent, missing), None, "{missing}");
        }
    }

    #[test]
    fn what_neighbours_set_hides_nothing_whatever_its_bytes() {
        for neighbour in ["nom=\u{c9}ric".as_bytes(), b"a=\xc3\xa9", b"\xff=\xfe", b"\xff", b"=", b""] {
            let line = [neighbour, b"; lang=en; ", neighbour].concat();
            assert_eq!(only(&headers(&[&line]), "lang"), Some("en"), "{neighbour:?}");
        }
    }

    #[test]
    fn a_cookie_that_comes_twice_is_there_and_is_not_the_only_one() {
        let sent = headers(&[b"lang=en; lang=fr"]);
        assert_eq!((first(&sent, "lang"), only(&sent, "lang")), (Some("en"), None));
        let unreadable = headers(&[b"lang=en; lang=\xff"]);
        assert_eq!(only(&unreadable, "lang"), None, "the second one counts, text or not");
    }

    #[test]
    fn a_value_that_is_no_text_is_none() {
        assert_eq!(only(&headers(&[b"lang=\xff"]), "lang"), None);
    }
}
