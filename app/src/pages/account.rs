//! The signed-in account, as its owner sees it.

use domain::{
    error::ErrorCode,
    wire::{SESSION_IDLE, SessionView},
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{renew::RenewForm, sessions::Sessions};
use crate::{
    api, browser,
    components::{ActionButton, DocumentTitle, ErrorSummary, Form, Heading, Notice, SessionCountdown, Tone},
    i18n::{milliseconds, say, use_lang, use_texts},
    visit::{Arrival, use_visit},
};

/// Whole days before the end from which on the page says so, at every visit: there is no address to
/// send a reminder to.
const TELL_FROM_DAYS: f64 = 30.0;
const MINUTE_MS: f64 = 60.0 * 1000.0;
const DAY_MS: f64 = 24.0 * 60.0 * MINUTE_MS;

/// Fetched by the browser: the server renders the frame and waits for nothing.
#[component]
pub(crate) fn AccountPage() -> impl IntoView {
    let t = use_texts();
    let visit = use_visit();
    let activated = visit.take_arrival() == Some(Arrival::Activated);
    let form = Form::new();
    let session = RwSignal::new(None::<SessionView>);
    let navigate = use_navigate();
    let load = move || {
        let navigate = navigate.clone();
        form.begin();
        spawn_local(async move {
            let answer = api::session().await;
            if !form.end() {
                return;
            }
            match answer {
                Ok(view) => {
                    visit.maybe_signed_in.set(true);
                    session.set(Some(view));
                }
                Err(error) if error.0.code == ErrorCode::Unauthenticated => {
                    visit.maybe_signed_in.set(false);
                    visit.announce(Arrival::SignInNeeded);
                    navigate("/", NavigateOptions { replace: true, ..Default::default() });
                }
                Err(error) => form.refuse(error),
            }
        });
    };
    let load_first = load.clone();
    Effect::new(move |_| load_first());
    let name = move || session.with(|session| session.as_ref().map(|session| session.username.clone()));

    view! {
        <DocumentTitle text=say(|t| t.account.title) failed=Signal::derive(move || form.failed())/>
        <div class="card mid">
            {activated
                .then(|| {
                    view! {
                        <Notice tone=Tone::Good>
                            <strong>{say(|t| t.account.activated_title)}</strong>
                            " "
                            {say(|t| t.account.activated_text)}
                        </Notice>
                    }
                })}
            <Heading
                text=move || name().unwrap_or_else(|| t().frame.loading.to_owned())
                place=say(|t| t.account.title)
            />
            <p class="lead">{say(|t| t.account.lead)}</p>
            <ErrorSummary form/>
            {move || match session.get() {
                Some(session) => view! { <Account session form/> }.into_any(),
                None if form.failed() => {
                    view! { <ActionButton form label=say(|t| t.action.retry) on_press=load.clone()/> }.into_any()
                }
                None => view! { <Skeleton/> }.into_any(),
            }}
        </div>
    }
}

/// The room that the facts will take.
#[component]
fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" aria-hidden="true">
            <span></span>
            <span></span>
            <span></span>
            <span></span>
        </div>
    }
}

#[component]
fn Account(
    /// What the server told.
    session: SessionView,
    /// The page's form: signing out is its request.
    form: Form,
) -> impl IntoView {
    let t = use_texts();
    let lang = use_lang();
    let visit = use_visit();
    let navigate = use_navigate();
    let renewing = RwSignal::new(false);
    let valid_until = milliseconds(session.valid_until);
    let signed_in_at = milliseconds(session.signed_in_at);
    let session_ends = milliseconds(session.session_expires_at);
    let now = browser::now_ms();
    let days_left = days_between(now, valid_until);
    let (closes, extends) = closing(now, session_ends);
    let wrong_codes = (session.wrong_codes > 0).then_some(session.wrong_codes);

    let sign_out = move || {
        let navigate = navigate.clone();
        form.begin();
        spawn_local(async move {
            let answer = api::sign_out().await;
            if !form.end() {
                return;
            }
            match answer {
                Err(error) if error.0.code != ErrorCode::Unauthenticated => form.refuse(error),
                _ => {
                    visit.maybe_signed_in.set(false);
                    visit.announce(Arrival::SignedOut);
                    navigate("/", NavigateOptions { replace: true, ..Default::default() });
                }
            }
        });
    };
    let navigate_away = use_navigate();
    let signed_out = Callback::new(move |()| {
        visit.maybe_signed_in.set(false);
        visit.announce(Arrival::SignInNeeded);
        navigate_away("/", NavigateOptions { replace: true, ..Default::default() });
    });
    let begin_renewal = move || {
        form.forgive();
        renewing.set(true);
        browser::focus_soon("renouveler");
    };
    view! {
        {wrong_codes
            .map(|times| view! { <Notice tone=Tone::Warning>{move || (t().account.wrong_codes)(times)}</Notice> })}
        {days_left.map(|days| view! { <Notice tone=Tone::Warning>{move || (t().account.soon)(days)}</Notice> })}
        <dl class="facts">
            <dt>{say(|t| t.account.valid_until)}</dt>
            <dd>{move || browser::local(valid_until).date(lang.get())}</dd>
            <dt>{say(|t| t.account.signed_in_at)}</dt>
            <dd>{move || browser::local(signed_in_at).date_and_time(lang.get())}</dd>
            <dt>{say(|t| t.account.session_ends)}</dt>
            <dd>{move || browser::local(session_ends).date_and_time(lang.get())}</dd>
        </dl>
        <SessionCountdown deadline=RwSignal::new(closes) extends/>
        <Show
            when=move || renewing.get()
            fallback=move || {
                view! {
                    <div class="row">
                        <ActionButton
                            form
                            label=say(|t| t.action.renew)
                            class="quiet"
                            on_press=begin_renewal
                        />
                        <ActionButton
                            form
                            label=say(|t| t.action.sign_out)
                            class="quiet"
                            on_press=sign_out.clone()
                        />
                    </div>
                }
            }
        >
            <RenewForm renewing/>
        </Show>
        <Sessions on_signed_out=signed_out/>
        <hr/>
        <p>
            {say(|t| t.account.data_lead)}
            " "
            // A file, not a page of this application.
            <a href="/compte/donnees" rel="external" download>
                {say(|t| t.action.my_data)}
            </a>
        </p>
    }
}

/// Whole days from `now` to `until`, where they are few enough to say so.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 30")]
fn days_between(now: f64, until: f64) -> Option<u32> {
    let days = ((until - now) / DAY_MS).floor().max(0.0);
    (days <= TELL_FROM_DAYS).then_some(days as u32)
}

/// When the session closes if nobody uses it from `now` on, and whether using it would put that off.
/// Unknown where the reader's clock makes no sense of its end.
#[expect(clippy::cast_precision_loss, reason = "half an hour")]
fn closing(now: f64, ends: f64) -> (Option<f64>, bool) {
    // The server notes a use at most once a minute, so the last one may be a minute older.
    let unused = now + SESSION_IDLE.num_milliseconds() as f64 - MINUTE_MS;
    if ends <= now {
        (None, false)
    } else if unused < ends {
        (Some(unused), true)
    } else {
        (Some(ends), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn a_session_closes_unused_or_at_its_end_whichever_comes_first() {
        let minutes = |minutes: f64| minutes * MINUTE_MS;
        assert_eq!(closing(minutes(1.0), minutes(720.0)), (Some(minutes(30.0)), true));
        assert_eq!(closing(minutes(700.0), minutes(720.0)), (Some(minutes(720.0)), false));
        assert_eq!(closing(minutes(721.0), minutes(720.0)), (None, false));
    }

    #[test]
    fn req_rot_2_the_end_is_told_30_14_7_3_and_1_days_before_it_and_on_every_day_between() {
        for days in 0..=30 {
            assert_eq!(days_between(0.0, f64::from(days) * DAY_MS), Some(days));
            assert_eq!(days_between(0.0, (f64::from(days) + 0.9) * DAY_MS), Some(days));
        }
        for days in [31, 32, 180] {
            assert_eq!(days_between(0.0, f64::from(days) * DAY_MS), None);
        }
        assert_eq!(days_between(DAY_MS, 0.0), Some(0), "an end that has come, by a clock that is ahead");
    }

    #[test]
    fn req_rot_2_the_reminder_says_how_many_days_are_left_in_both_languages() {
        for lang in [Lang::Fr, Lang::En] {
            let texts = lang.texts();
            for days in [30, 14, 7, 3] {
                assert!((texts.account.soon)(days).contains(&days.to_string()), "{days}");
            }
            let last: Vec<String> = [0, 1, 2].map(texts.account.soon).to_vec();
            assert!(last[0] != last[1] && last[1] != last[2]);
        }
    }
}
