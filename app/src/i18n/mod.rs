//! Every text of the pages, once per language: a text that one language lacks does not compile.

#[macro_use]
mod declare;
mod en;
mod fr;
mod moment;
mod problems;
mod spelling;
#[cfg(test)]
mod typography;

use leptos::prelude::*;

pub(crate) use self::{
    moment::Moment,
    problems::{Told, milliseconds},
    spelling::Spelled,
};
use crate::lang::Lang;

texts! {
    /// All texts of a language.
    pub struct Texts {}
    parts {
        frame: Frame,
        field: Field,
        action: Action,
        sign_in: SignIn,
        create: Create,
        enrolment: Enrolment,
        secret: Secret,
        account: Account,
        not_found: NotFound,
        problem: Problem,
    }
    articles { help, accessibility, privacy }
}

texts! {
    /// What stands around every page.
    pub struct Frame {
        description, skip, about, help, accessibility, privacy, my_account, loading, wait,
        no_script_title, no_script_text, not_ready_title, not_ready_text,
    }
    with { page_title(title: &str = "Connexion"), error_title(title: &str = "Connexion") }
}

texts! {
    /// Fields and what stands beside them.
    pub struct Field {
        username, username_rule, password, code, code_hint, code_hint_sign_in, required, show,
    }
}

texts! {
    /// What buttons and links say.
    pub struct Action {
        sign_in, sign_out, create_account, create_my_account, show_password, copy, copy_key, hide, spell,
        to_authenticator, activate, restart, renew, renew_now, cancel, retry, home,
        my_data, close_session, close_other_sessions,
    }
}

texts! {
    /// The sign-in page and what it may lead to.
    pub struct SignIn {
        title, lead, no_account, needed, signed_out, returning, go_on, expired_title, expired_lead, expired_help,
    }
    with { already(username: &str = "camille.roux") }
}

texts! {
    /// The creation page.
    pub struct Create { title, lead, next_title, have_account }
    list next;
}

texts! {
    /// The path of two steps.
    pub struct Enrolment {
        steps, step_password, step_authenticator, opening_title, opening_place, opening_lead,
        claim_title, claim_lead, claim_alone,
        password_document, password_title, password_lead, once_title, once_text,
        password_gone_title, password_gone_lead, password_saved, password_lost,
        resume_title, resume_lead,
        authenticator_document, authenticator_title, authenticator_lead, open_in_app, algorithm,
        key_intro, cannot_scan, authenticator_gone_title, authenticator_gone_lead, new_qr, restart_note,
        incomplete_title, incomplete_lead, spent_title, spent_lead, ways_on, way_sign_in, way_create,
        way_invited, lapsed,
    }
    with {
        position(number: u8 = 1),
        time_left(minutes: u32 = 14),
    }
    list apps;
}

texts! {
    /// A secret shown once: its QR code and its text.
    pub struct Secret {
        password_qr, totp_qr, password_masked, copied, copy_failed, spelled, not_printed, upper, lower,
    }
}

texts! {
    /// The signed-in account.
    pub struct Account {
        title, lead, activated_title, activated_text, valid_until, signed_in_at, session_ends,
        renew_title, renew_lead, data_lead, sessions_title, sessions_lead, session_current, session_only,
        other_sessions_closed, unknown_device, unknown_browser, unknown_system, session_over,
    }
    with {
        soon(days: u32 = 12),
        wrong_codes(times: u32 = 3),
        session_left(minutes: u32 = 4),
        session_idle_left(minutes: u32 = 4),
        session_opened(at: &str = "23 mai 2027 à 14:33"),
        session_used(at: &str = "14:40", until: &str = "02:33"),
        session_about(device: &str = "Firefox · Windows", at: &str = "23 mai 2027 à 14:33"),
        session_closed(device: &str = "Firefox · Windows"),
    }
}

texts! {
    /// The page that is not there.
    pub struct NotFound { title, lead }
}

texts! {
    /// What may go wrong, in two halves: what happened, and what to do.
    pub struct Problem {
        username_missing, username_length, username_character, username_edge, password_missing, code_missing,
        code_too_long, code_character, credentials, credentials_advice, signed_out, signed_out_advice,
        taken, taken_advice, spent, spent_advice, code_wrong, code_used, code_used_advice, throttled,
        unavailable, unavailable_advice, internal, internal_advice, invalid, invalid_advice, tries_one, tries_none,
    }
    with {
        code_short(missing: u8 = 2),
        clock(time: &str = "14:32:07"),
        tries(left: u8 = 4),
        retry_seconds(seconds: u32 = 12),
        retry_at(time: &str = "14:35"),
        request(id: &str = "0123"),
    }
}

/// A page of prose.
pub(crate) struct Article {
    /// The heading and the document's title.
    pub(crate) title: &'static str,
    /// What the page says in one sentence.
    pub(crate) lead: &'static str,
    /// Headings and their paragraphs.
    pub(crate) sections: &'static [(&'static str, &'static [&'static str])],
}

#[cfg(test)]
impl Article {
    fn all(&self) -> Vec<String> {
        let sections = self.sections.iter().flat_map(|(heading, rest)| std::iter::once(heading).chain(*rest));
        [&self.title, &self.lead].into_iter().chain(sections).map(|text| (*text).to_owned()).collect()
    }
}

impl Lang {
    /// The texts of the language.
    pub(crate) const fn texts(self) -> &'static Texts {
        match self {
            Self::Fr => &fr::TEXTS,
            Self::En => &en::TEXTS,
        }
    }

    /// What the language calls itself.
    pub(crate) const fn own_name(self) -> &'static str {
        match self {
            Self::Fr => "Français",
            Self::En => "English",
        }
    }
}

/// The language in which the page is drawn, as a context.
#[derive(Clone, Copy)]
pub(crate) struct Reader(pub(crate) RwSignal<Lang>);

/// The reader's language; reading it makes a text follow a switch.
pub(crate) fn use_lang() -> RwSignal<Lang> {
    expect_context::<Reader>().0
}

/// The texts in the reader's language, to be called where they are drawn.
pub(crate) fn use_texts() -> impl Fn() -> &'static Texts + Copy + Send + Sync + 'static {
    let lang = use_lang();
    move || lang.get().texts()
}

/// One text in the reader's language, for a view: it follows a switch. A function pointer, so that
/// all texts of all pages share one type and the program stays small.
pub(crate) fn say(
    pick: fn(&'static Texts) -> &'static str,
) -> impl Fn() -> &'static str + Copy + Send + Sync {
    let lang = use_lang();
    move || pick(lang.get().texts())
}
