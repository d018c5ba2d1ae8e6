//! Forward authentication: one domain whose applications may learn who is signed in, and the hosts to
//! which a sign-in may lead back. No address outside that list is ever redirected to.

use axum::http::Uri;

use super::PublicUrl;

/// The longest address that is led back to.
const LONGEST: usize = 2048;

/// Whom forward authentication serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardAuth {
    domain: String,
    hosts: Vec<String>,
    scheme: &'static str,
}

impl ForwardAuth {
    /// Reads the two settings against the public URL.
    pub(super) fn new(domain: &str, hosts: &str, public_url: &PublicUrl) -> Result<Self, Mistake> {
        let domain = domain.trim_matches('.').to_ascii_lowercase();
        if !domain.contains('.') {
            return Err(Mistake::Domain("has to be a domain of yours with a dot in it, such as example.com"));
        }
        if !is_within(public_url.host(), &domain) {
            return Err(Mistake::Domain("has to be the public URL's host or a parent of it"));
        }
        let hosts: Vec<String> =
            hosts.split(',').map(|host| host.trim().to_ascii_lowercase()).filter(|h| !h.is_empty()).collect();
        if hosts.is_empty() {
            return Err(Mistake::Hosts("has to name the hosts of the protected applications"));
        }
        let outside = |host: &String| {
            let parsed = host.parse::<axum::http::uri::Authority>();
            parsed.is_err() || host.contains('@') || parsed.is_ok_and(|a| !is_within(a.host(), &domain))
        };
        if hosts.iter().any(outside) {
            return Err(Mistake::Hosts(
                "names a host outside SESAME_FORWARD_AUTH_DOMAIN: a browser would not send it the cookie",
            ));
        }
        Ok(Self { domain, hosts, scheme: if public_url.is_secure() { "https" } else { "http" } })
    }

    /// The domain of the cookie.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// `address` as it may be redirected to, or `None`.
    #[must_use]
    pub fn admit(&self, address: &str) -> Option<String> {
        if address.len() > LONGEST {
            return None;
        }
        let uri: Uri = address.parse().ok()?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        self.address(uri.scheme_str()?, uri.authority()?.as_str(), path)
    }

    /// The address of a request that a proxy describes by its parts.
    #[must_use]
    pub fn admit_parts(&self, scheme: &str, host: &str, path: &str) -> Option<String> {
        self.admit(&format!("{scheme}://{host}{path}"))
    }

    fn address(&self, scheme: &str, authority: &str, path: &str) -> Option<String> {
        let authority = authority.to_ascii_lowercase();
        // A backslash is a slash to browsers.
        let plain = path.starts_with('/') && !path.contains('\\');
        (scheme == self.scheme && self.hosts.contains(&authority) && plain)
            .then(|| format!("{scheme}://{authority}{path}"))
    }
}

/// Which of the two settings is wrong, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    Domain(&'static str),
    Hosts(&'static str),
}

fn is_within(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(domain: &str, hosts: &str) -> Result<ForwardAuth, Mistake> {
        ForwardAuth::new(domain, hosts, &PublicUrl::parse("https://sesame.example.com").unwrap())
    }

    #[test]
    fn only_the_listed_hosts_are_led_back_to() {
        let forward = forward("example.com", "wiki.example.com, git.example.com:8443").unwrap();
        for good in [
            "https://wiki.example.com/",
            "https://wiki.example.com/page?a=b&c=%2F",
            "https://git.example.com:8443/x",
        ] {
            assert_eq!(forward.admit(good).as_deref(), Some(good));
        }
        assert_eq!(
            forward.admit("https://WIKI.example.com").as_deref(),
            Some("https://wiki.example.com/"),
            "browsers ignore case"
        );
        for bad in [
            "https://evil.example.org/",
            "https://example.com/",
            "https://other.example.com/",
            "https://wiki.example.com.evil.org/",
            "https://evil.org@wiki.example.com/",
            "https://wiki.example.com@evil.org/",
            "https://wiki.example.com:444/",
            "https://wiki.example.com\\@evil.org/",
            "https://wiki.example.com/\\evil.org",
            "http://wiki.example.com/",
            "javascript:alert(1)",
            "//wiki.example.com/",
            "/compte",
            "https:wiki.example.com",
            " https://wiki.example.com/",
            "https://wiki.example.com/\n",
            "",
        ] {
            assert_eq!(forward.admit(bad), None, "{bad}");
        }
        assert_eq!(forward.admit(&format!("https://wiki.example.com/{}", "a".repeat(LONGEST))), None);
    }

    #[test]
    fn the_parts_that_a_proxy_tells_are_held_to_the_same_list() {
        let forward = forward("example.com", "wiki.example.com").unwrap();
        let admitted = forward.admit_parts("https", "wiki.example.com", "/a?b=c");
        assert_eq!(admitted.as_deref(), Some("https://wiki.example.com/a?b=c"));
        assert_eq!(forward.admit_parts("https", "wiki.example.com", "@evil.org/"), None);
        assert_eq!(forward.admit_parts("https", "wiki.example.com", ".evil.org/"), None);
        assert_eq!(forward.admit_parts("https", "evil.org/wiki.example.com", "/"), None);
    }

    #[test]
    fn a_domain_or_host_that_the_cookie_cannot_reach_is_a_mistake() {
        assert!(matches!(forward("com", "wiki.example.com"), Err(Mistake::Domain(_))));
        assert!(matches!(forward("example.org", "wiki.example.org"), Err(Mistake::Domain(_))));
        assert!(matches!(forward("ample.com", "wiki.ample.com"), Err(Mistake::Domain(_))));
        assert!(matches!(forward("example.com", "wiki.example.org"), Err(Mistake::Hosts(_))));
        assert!(matches!(forward("example.com", "x@wiki.example.com"), Err(Mistake::Hosts(_))));
        assert!(matches!(forward("example.com", " , "), Err(Mistake::Hosts(_))));
        assert!(forward("sesame.example.com", "sesame.example.com").is_ok());
    }
}
