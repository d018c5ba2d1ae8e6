//! The part of the address behind `#`: the current ticket, how far the path has come and when the
//! ticket lapses. It never leaves the browser, and it is what makes a reload or the Back button
//! continue at the right step, with its time limit told.

use chrono::{DateTime, Utc};

/// Digits of the seconds since 1970, up to the year 2286. A text cut short has fewer.
const SECONDS_LEN: usize = 10;
/// Longer than any ticket lives: an end further away, or past, comes from a clock that is off.
const LONGEST_MS: f64 = 73.0 * 60.0 * 60.0 * 1000.0;
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
    /// When the ticket lapses, in seconds since 1970; what an invitation holds does not say.
    until: Option<i64>,
}

impl Fragment {
    /// A fragment for `ticket`, as the server issued it.
    pub(crate) fn new(ticket: &str, mark: Mark) -> Self {
        Self { ticket: ticket.to_owned(), mark, until: None }
    }

    /// The same, lapsing at this moment.
    pub(crate) fn until(mut self, moment: DateTime<Utc>) -> Self {
        let seconds = moment.timestamp();
        self.until = Some(seconds).filter(|seconds| seconds.to_string().len() == SECONDS_LEN);
        self
    }

    /// Reads a fragment, with or without its `#`. `None` where no whole ticket is in it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('#').unwrap_or(text);
        let (text, until) = match text.split_once('~') {
            None => (text, None),
            Some((text, seconds)) => (text, Some(read_seconds(seconds)?)),
        };
        let (ticket, suffix) = text.split_at(text.find('.').unwrap_or(text.len()));
        let mark = Mark::ALL.into_iter().find(|mark| mark.suffix() == suffix)?;
        let whole = ticket.len() == TICKET_LEN
            && ticket.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        whole.then(|| Self { ticket: ticket.to_owned(), mark, until })
    }

    /// The fragment for the address, with its `#`.
    pub(crate) fn render(&self) -> String {
        let until = self.until.map(|seconds| format!("~{seconds}")).unwrap_or_default();
        format!("#{}{}{until}", self.ticket, self.mark.suffix())
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

    /// When the ticket lapses, in milliseconds by the reader's clock, which says `now`; `None` where
    /// it is unknown, or where that clock makes no sense of it.
    pub(crate) fn deadline(&self, now: f64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "ten digits")]
        let deadline = self.until? as f64 * 1000.0;
        let left = deadline - now;
        (left > 0.0 && left < LONGEST_MS).then_some(deadline)
    }
}

fn read_seconds(text: &str) -> Option<i64> {
    let whole =
        text.len() == SECONDS_LEN && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| text.parse().ok()).flatten()
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

    fn moment(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    const TICKET: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_9";

    #[test]
    fn every_mark_survives_the_address() {
        for mark in Mark::ALL {
            let fragment = Fragment::new(TICKET, mark);
            let lapsing = fragment.clone().until(moment(1_795_700_000));
            assert_eq!(Fragment::parse(&fragment.render()), Some(fragment));
            assert_eq!(Fragment::parse(&lapsing.render()), Some(lapsing));
        }
    }

    #[test]
    fn the_end_is_told_where_the_clock_makes_sense_of_it() {
        let fragment = Fragment::new(TICKET, Mark::Fresh);
        assert_eq!(fragment.deadline(0.0), None);
        let lapsing = fragment.until(moment(1_795_700_000));
        assert_eq!(lapsing.deadline(1_795_699_400_000.0), Some(1_795_700_000_000.0));
        // Past, or further away than any ticket lives.
        assert_eq!(lapsing.deadline(1_795_700_000_000.0), None);
        assert_eq!(lapsing.deadline(1_795_000_000_000.0), None);
    }

    #[test]
    fn the_written_form_is_the_documented_one() {
        let render = |mark| Fragment::new("T", mark).render();
        assert_eq!(render(Mark::Fresh), "#T");
        assert_eq!(render(Mark::Password), "#T.mot-de-passe");
        assert_eq!(render(Mark::Authenticator), "#T.authentificateur");
        assert_eq!(render(Mark::Resume), "#T.reprise");
        let lapsing = Fragment::new("T", Mark::Resume).until(moment(1_795_700_000));
        assert_eq!(lapsing.render(), "#T.reprise~1795700000");
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
            &format!("{TICKET}~"),
            &format!("{TICKET}~179570000"),
            &format!("{TICKET}~0795700000"),
            &format!("{TICKET}~+795700000"),
            &format!("{TICKET}~1795700000~1795700000"),
            &format!("{TICKET}~1795700000.reprise"),
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
