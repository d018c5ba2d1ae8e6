//! A moment in the reader's own time zone, and how each language writes it.

use crate::lang::Lang;

/// A moment on the reader's clock. Only the browser knows the time zone, so only the browser makes
/// one: a page is never rendered on the server with a date in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: u32,
    /// 1 to 12.
    pub(crate) month: u32,
    /// 1 to 31.
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
}

const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Moment {
    /// `23 mai 2027`, `1er mai 2027`; `23 May 2027`.
    pub(crate) fn date(self, lang: Lang) -> String {
        let months = match lang {
            Lang::Fr => MONTHS_FR,
            Lang::En => MONTHS_EN,
        };
        let month = usize::try_from(self.month.saturating_sub(1)).ok().and_then(|index| months.get(index));
        let ordinal = if lang == Lang::Fr && self.day == 1 { "er" } else { "" };
        format!("{}{ordinal} {} {}", self.day, month.copied().unwrap_or_default(), self.year)
    }

    /// `23 mai 2027 à 14:33`; `23 May 2027, 14:33`.
    pub(crate) fn date_and_time(self, lang: Lang) -> String {
        let joint = match lang {
            Lang::Fr => " à ",
            Lang::En => ", ",
        };
        format!("{}{joint}{}", self.date(lang), self.time())
    }

    /// `14:33`.
    pub(crate) fn time(self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    /// `14:33:07`.
    pub(crate) fn time_with_seconds(self) -> String {
        format!("{}:{:02}", self.time(), self.second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Moment = Moment { year: 2027, month: 5, day: 23, hour: 9, minute: 5, second: 7 };

    #[test]
    fn dates_are_written_as_each_language_does() {
        assert_eq!(MOMENT.date(Lang::Fr), "23 mai 2027");
        assert_eq!(MOMENT.date(Lang::En), "23 May 2027");
        assert_eq!(Moment { day: 1, month: 8, ..MOMENT }.date(Lang::Fr), "1er août 2027");
        assert_eq!(Moment { day: 1, month: 12, ..MOMENT }.date(Lang::En), "1 December 2027");
    }

    #[test]
    fn times_have_two_digits_a_part() {
        assert_eq!(MOMENT.time_with_seconds(), "09:05:07");
        assert_eq!(MOMENT.date_and_time(Lang::Fr), "23 mai 2027 à 09:05");
        assert_eq!(MOMENT.date_and_time(Lang::En), "23 May 2027, 09:05");
    }

    #[test]
    fn a_month_that_does_not_exist_stops_nothing() {
        assert_eq!(Moment { month: 13, ..MOMENT }.date(Lang::Fr), "23  2027");
    }
}
