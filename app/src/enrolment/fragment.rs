//! The part of the address behind `#`: the current ticket and how far the path has come. It never
//! leaves the browser, and it is what makes a reload or the Back button continue at the right step.

/// Characters of a ticket: 256 bits in base64url without padding.
const TICKET_LEN: usize = 43;

/// How far the path has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nothing was claimed; what an invitation's QR code holds.
    Fresh,
    /// The password was issued.
    Password,
    /// The TOTP secret was issued.
    Authenticator,
    /// A sign-in with the right password goes on at the second step.
    Resume,
}

impl Mark {
    const ALL: [Self; 4] = [Self::Fresh, Self::Password, Self::Authenticator, Self::Resume];

    const fn suffix(self) -> &'static str {
        match self {
            Self::Fresh => "",
            Self::Password => ".mot-de-passe",
            Self::Authenticator => ".authentificateur",
            Self::Resume => ".reprise",
        }
    }
}

/// A readable fragment.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Fragment {
    ticket: String,
    mark: Mark,
}

impl Fragment {
    /// A fragment for `ticket`, as the server issued it.
    pub(crate) fn new(ticket: &str, mark: Mark) -> Self {
        Self { ticket: ticket.to_owned(), mark }
    }

    /// Reads a fragment, with or without its `#`. `None` where no whole ticket is in it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('#').unwrap_or(text);
        let (ticket, suffix) = text.split_at(text.find('.').unwrap_or(text.len()));
        let mark = Mark::ALL.into_iter().find(|mark| mark.suffix() == suffix)?;
        let whole = ticket.len() == TICKET_LEN
            && ticket.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        whole.then(|| Self { ticket: ticket.to_owned(), mark })
    }

    /// The fragment for the address, with its `#`.
    pub(crate) fn render(&self) -> String {
        format!("#{}{}", self.ticket, self.mark.suffix())
    }

    /// The page's address with this fragment.
    pub(crate) fn address(&self) -> String {
        format!("/enrolment{}", self.render())
    }

    /// The ticket.
    pub(crate) fn ticket(&self) -> &str {
        &self.ticket
    }

    /// How far the path has come.
    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }
}

/// A ticket is a secret: a log line must not hold it.
impl std::fmt::Debug for Fragment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fragment([redacted], {:?})", self.mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_9";

    #[test]
    fn every_mark_survives_the_address() {
        for mark in Mark::ALL {
            let fragment = Fragment::new(TICKET, mark);
            assert_eq!(Fragment::parse(&fragment.render()), Some(fragment));
        }
    }

    #[test]
    fn the_written_form_is_the_documented_one() {
        let render = |mark| Fragment::new("T", mark).render();
        assert_eq!(render(Mark::Fresh), "#T");
        assert_eq!(render(Mark::Password), "#T.mot-de-passe");
        assert_eq!(render(Mark::Authenticator), "#T.authentificateur");
        assert_eq!(render(Mark::Resume), "#T.reprise");
    }

    #[test]
    fn torn_or_foreign_fragments_are_none() {
        let short = TICKET.get(1..).unwrap();
        for text in [
            "",
            "#",
            "contenu",
            short,
            &format!("{TICKET}x"),
            &format!("{TICKET}."),
            &format!("{TICKET}.autre"),
            &format!("{TICKET}.reprise.reprise"),
            &format!("{short}é"),
            &format!("{short}%"),
            &"#".repeat(100_000),
        ] {
            assert_eq!(Fragment::parse(text), None, "{}", text.chars().take(60).collect::<String>());
        }
    }

    #[test]
    fn a_ticket_is_not_printed() {
        assert!(!format!("{:?}", Fragment::new(TICKET, Mark::Fresh)).contains(TICKET));
    }
}
