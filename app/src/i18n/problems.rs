//! Problems in words: what happened, and what to do about it.

use domain::{
    code::CodeError,
    error::{ApiError, CodeRejection, ErrorCode},
    username::UsernameError,
};

use super::{Moment, Texts};
use crate::problem::{Problem, Refusal};

/// A problem in the reader's language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// What happened; also what stands at the field.
    pub(crate) what: String,
    /// What to do; may be empty.
    pub(crate) advice: String,
}

/// From this many seconds on, a wait is told by the clock.
const TELL_BY_CLOCK_FROM: u32 = 90;

impl Texts {
    /// `problem` in words. `clock` turns milliseconds since 1970 into the reader's time.
    pub(crate) fn tell(&self, problem: &Problem, clock: impl Fn(f64) -> Moment) -> Told {
        let texts = &self.problem;
        let what = |text: &str| Told { what: text.to_owned(), advice: String::new() };
        match problem {
            Problem::UsernameMissing => what(texts.username_missing),
            Problem::Username(UsernameError::Length) => what(texts.username_length),
            Problem::Username(UsernameError::Character) => what(texts.username_character),
            Problem::Username(UsernameError::Edge) => what(texts.username_edge),
            Problem::PasswordMissing => what(texts.password_missing),
            Problem::CodeMissing => what(texts.code_missing),
            Problem::Code(CodeError::TooShort { missing }) => what(&(texts.code_short)(*missing)),
            Problem::Code(CodeError::TooLong) => what(texts.code_too_long),
            Problem::Code(CodeError::Character) => what(texts.code_character),
            Problem::Refused(refusal) => self.tell_refusal(refusal, clock),
        }
    }

    fn tell_refusal(&self, Refusal { error, at_ms }: &Refusal, clock: impl Fn(f64) -> Moment) -> Told {
        let texts = &self.problem;
        let told = |what: &str, advice: &str| Told { what: what.to_owned(), advice: advice.to_owned() };
        match error.code {
            ErrorCode::InvalidCredentials => told(texts.credentials, texts.credentials_advice),
            ErrorCode::Unauthenticated => told(texts.signed_out, texts.signed_out_advice),
            ErrorCode::UsernameTaken => told(texts.taken, texts.taken_advice),
            ErrorCode::TicketSpent => told(texts.spent, texts.spent_advice),
            ErrorCode::CodeRejected => self.tell_rejected_code(error, clock),
            ErrorCode::Throttled => told(texts.throttled, &self.tell_wait(error, *at_ms, clock)),
            ErrorCode::Unavailable | ErrorCode::Timeout => told(texts.unavailable, texts.unavailable_advice),
            ErrorCode::InvalidInput | ErrorCode::PayloadTooLarge | ErrorCode::UnsupportedMediaType => {
                told(texts.invalid, texts.invalid_advice)
            }
            ErrorCode::Internal
            | ErrorCode::CrossOrigin
            | ErrorCode::NotFound
            | ErrorCode::MethodNotAllowed => {
                let request = error.request_id.as_deref().map(texts.request).unwrap_or_default();
                told(texts.internal, &join(texts.internal_advice, &request))
            }
        }
    }

    fn tell_rejected_code(&self, error: &ApiError, clock: impl Fn(f64) -> Moment) -> Told {
        let texts = &self.problem;
        let tries = match error.tries_left {
            None => String::new(),
            Some(0) => texts.tries_none.to_owned(),
            Some(1) => texts.tries_one.to_owned(),
            Some(left) => (texts.tries)(left),
        };
        if error.reason == Some(CodeRejection::AlreadyUsed) {
            return Told { what: texts.code_used.to_owned(), advice: join(texts.code_used_advice, &tries) };
        }
        let time = error.server_time.map(|time| clock(milliseconds(time)).time_with_seconds());
        let advice = time.map(|time| (texts.clock)(&time)).unwrap_or_default();
        Told { what: texts.code_wrong.to_owned(), advice: join(&advice, &tries) }
    }

    fn tell_wait(&self, error: &ApiError, at_ms: f64, clock: impl Fn(f64) -> Moment) -> String {
        let seconds = error.retry_after.unwrap_or(TELL_BY_CLOCK_FROM);
        if seconds < TELL_BY_CLOCK_FROM {
            return (self.problem.retry_seconds)(seconds.max(1));
        }
        // The clock shows whole minutes: the next one, so that nobody comes back too early.
        (self.problem.retry_at)(&clock(at_ms + f64::from(seconds) * 1000.0 + 59_999.0).time())
    }
}

/// A time as the browser counts it.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of any calendar date fit a double")]
pub(crate) fn milliseconds(time: chrono::DateTime<chrono::Utc>) -> f64 {
    time.timestamp_millis() as f64
}

fn join(first: &str, second: &str) -> String {
    format!("{first} {second}").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::ServerError, lang::Lang};

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive here")]
    fn utc(ms: f64) -> Moment {
        let seconds = (ms / 1000.0) as u32;
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        Moment { year: 1970, month: 1, day: 1, hour, minute, second }
    }

    fn tell(lang: Lang, error: ApiError) -> Told {
        lang.texts().tell(&Problem::refused(ServerError(error), 0.0), utc)
    }

    #[test]
    fn a_short_code_says_how_many_digits_are_missing() {
        let told = Lang::Fr.texts().tell(&Problem::Code(CodeError::TooShort { missing: 2 }), utc);
        assert_eq!(told.what, "Le code comporte 6 chiffres. Il en manque 2.");
    }

    #[test]
    fn a_wrong_code_tells_the_servers_time_and_the_tries_left() {
        let at = chrono::DateTime::from_timestamp(52_327, 0).unwrap();
        let told = tell(Lang::Fr, ApiError::code_rejected(CodeRejection::Mismatch, 4, at));
        assert_eq!(told.what, "Ce code ne correspond pas.");
        assert!(told.advice.contains("14:32:07") && told.advice.contains("4\u{a0}essais"), "{told:?}");
        let told = tell(Lang::En, ApiError::code_rejected(CodeRejection::Mismatch, 1, at));
        assert!(told.advice.contains("14:32:07") && told.advice.contains("one try left"), "{told:?}");
    }

    #[test]
    fn a_used_code_asks_to_wait_for_the_next() {
        let at = chrono::DateTime::from_timestamp(0, 0).unwrap();
        let told = tell(Lang::Fr, ApiError::code_rejected(CodeRejection::AlreadyUsed, 3, at));
        assert_eq!(told.what, "Ce code a déjà servi.");
        assert!(!told.advice.contains("00:00"), "{told:?}");
    }

    #[test]
    fn a_short_wait_is_told_in_seconds_and_a_long_one_by_the_clock() {
        let wait = |seconds| tell(Lang::Fr, ApiError::retry(ErrorCode::Throttled, seconds)).advice;
        assert!(wait(12).contains("12\u{a0}secondes"), "{}", wait(12));
        assert!(wait(0).contains("1\u{a0}seconde."), "{}", wait(0));
        assert!(wait(3600 * 14 + 34 * 60 + 5).contains("14:35"), "{}", wait(52_445));
    }

    #[test]
    fn every_refusal_has_words_in_both_languages() {
        for lang in [Lang::Fr, Lang::En] {
            for code in ErrorCode::ALL {
                let told = tell(lang, ApiError::new(code));
                assert!(!told.what.is_empty(), "{code:?}");
                // The texts for programs are English.
                assert!(lang == Lang::En || told.what != code.message(), "{code:?}");
            }
        }
    }

    #[test]
    fn a_refused_sign_in_does_not_say_which_secret_was_wrong() {
        let told = tell(Lang::Fr, ApiError::new(ErrorCode::InvalidCredentials));
        assert!(
            told.what.contains("identifiant")
                && told.what.contains("mot de passe")
                && told.what.contains("code")
        );
    }
}
