//! The sessions of the account: where it is open, and how to close what one does not know.

use domain::{
    agent::{Browser, System},
    error::ErrorCode,
    wire::SessionEntry,
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{self, ServerError},
    browser,
    components::{ActionButton, DocumentTitle, ErrorSummary, Form, Notice, Tone},
    i18n::{Texts, milliseconds, say, use_lang, use_texts},
};

/// The id of the section's heading, which takes the focus when a button has gone with its session.
const SESSIONS: &str = "sessions";

/// What has just been closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closed {
    /// The session of this device.
    One(Browser, System),
    /// All but this one.
    Others,
}

/// Fetched by the browser, like the rest of the page.
#[component]
pub(crate) fn Sessions(
    /// Leads to the sign-in page: this session is over, closed from another one perhaps.
    on_signed_out: Callback<()>,
) -> impl IntoView {
    let t = use_texts();
    let form = Form::new();
    let list = RwSignal::new(None::<Vec<SessionEntry>>);
    let closed = RwSignal::new(None::<Closed>);

    let refuse = move |error: ServerError| {
        if error.0.code == ErrorCode::Unauthenticated {
            on_signed_out.run(());
        } else {
            form.refuse(error);
        }
    };
    let load = move || {
        form.begin();
        spawn_local(async move {
            let answer = api::sessions().await;
            if form.end() {
                match answer {
                    Ok(answer) => list.set(Some(answer.sessions)),
                    Err(error) => refuse(error),
                }
            }
        });
    };
    // What stays is asked for anew: the list tells what is, not what ought to be.
    let close = move |what: Closed, session: Option<String>| {
        closed.set(None);
        form.begin();
        spawn_local(async move {
            let mut answer = match session {
                Some(session) => api::revoke_session(session).await.map(|()| None),
                None => api::revoke_other_sessions().await.map(|()| None),
            };
            if answer.is_ok() {
                answer = api::sessions().await.map(|answer| Some(answer.sessions));
            }
            if !form.end() {
                return;
            }
            match answer {
                Ok(left) => {
                    list.set(left);
                    closed.set(Some(what));
                    browser::focus_soon(SESSIONS);
                }
                Err(error) => refuse(error),
            }
        });
    };
    Effect::new(move |_| load());

    view! {
        <hr/>
        <section aria-labelledby=SESSIONS>
            <h2 id=SESSIONS tabindex="-1">{say(|t| t.account.sessions_title)}</h2>
            <p>{say(|t| t.account.sessions_lead)}</p>
            {move || {
                form.failed()
                    .then(|| view! { <DocumentTitle text=say(|t| t.account.title) failed=Signal::from(true)/> })
            }}
            <ErrorSummary form/>
            <div role="status">
                {move || {
                    closed.get().map(|closed| view! { <Notice tone=Tone::Good>{told(t(), closed)}</Notice> })
                }}
            </div>
            {move || match list.get() {
                Some(entries) => view! { <List form entries close=Callback::from(close)/> }.into_any(),
                None if form.failed() => {
                    view! { <ActionButton form label=say(|t| t.action.retry) class="quiet" on_press=load/> }
                        .into_any()
                }
                None => {
                    view! {
                        <div class="skeleton short" aria-hidden="true">
                            <span></span>
                            <span></span>
                        </div>
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

#[component]
fn List(
    /// The section's form: closing is its request.
    form: Form,
    /// The open sessions, this one first.
    entries: Vec<SessionEntry>,
    /// Closes one session, or all others.
    close: Callback<(Closed, Option<String>)>,
) -> impl IntoView {
    let alone = entries.len() < 2;
    let several = entries.len() > 2;
    let entries = entries.into_iter().map(|entry| view! { <Entry form entry close/> }).collect_view();
    view! {
        <ul class="sessions">{entries}</ul>
        {alone.then(|| view! { <p class="soft">{say(|t| t.account.session_only)}</p> })}
        {several
            .then(|| {
                view! {
                    <ActionButton
                        form
                        label=say(|t| t.action.close_other_sessions)
                        class="quiet"
                        on_press=move || close.run((Closed::Others, None))
                    />
                }
            })}
    }
}

#[component]
fn Entry(
    /// The section's form.
    form: Form,
    /// The session.
    entry: SessionEntry,
    /// Closes it.
    close: Callback<(Closed, Option<String>)>,
) -> impl IntoView {
    let t = use_texts();
    let lang = use_lang();
    let SessionEntry { session, browser: family, system, current, .. } = entry;
    let [opened, used, until] = [entry.signed_in_at, entry.last_used_at, entry.session_expires_at]
        .map(|at| browser::local(milliseconds(at)));
    let device = move || device(t(), family, system);
    let opened = move || opened.date_and_time(lang.get());
    // A session lasts twelve hours: no time of day comes twice in it.
    view! {
        <li>
            <div>
                <p class="device">
                    <strong>{device}</strong>
                    {current
                        .then(|| {
                            view! { " " <span class="badge">{say(|t| t.account.session_current)}</span> }
                        })}
                </p>
                <p class="soft">{move || (t().account.session_opened)(&opened())}</p>
                <p class="soft">{move || (t().account.session_used)(&used.time(), &until.time())}</p>
            </div>
            {(!current)
                .then(|| {
                    view! {
                        <ActionButton
                            form
                            label=say(|t| t.action.close_session)
                            about=move || (t().account.session_about)(&device(), &opened())
                            class="quiet"
                            on_press=move || close.run((Closed::One(family, system), Some(session.clone())))
                        />
                    }
                })}
        </li>
    }
}

fn told(t: &Texts, closed: Closed) -> String {
    match closed {
        Closed::One(browser, system) => (t.account.session_closed)(&device(t, browser, system)),
        Closed::Others => t.account.other_sessions_closed.to_owned(),
    }
}

/// `Firefox · Windows`.
fn device(t: &Texts, browser: Browser, system: System) -> String {
    let browser = match browser {
        Browser::Firefox => "Firefox",
        Browser::Chrome => "Chrome",
        Browser::Edge => "Edge",
        Browser::Safari => "Safari",
        Browser::Opera => "Opera",
        Browser::Samsung => "Samsung Internet",
        Browser::Other if system == System::Other => return t.account.unknown_device.to_owned(),
        Browser::Other => t.account.unknown_browser,
    };
    let system = match system {
        System::Windows => "Windows",
        System::MacOs => "macOS",
        System::Linux => "Linux",
        System::Android => "Android",
        System::Ios => "iOS",
        System::ChromeOs => "ChromeOS",
        System::Other => t.account.unknown_system,
    };
    format!("{browser} · {system}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn a_device_is_called_by_what_is_known_of_it() {
        let name = |browser, system| device(Lang::Fr.texts(), browser, system);
        assert_eq!(name(Browser::Firefox, System::Windows), "Firefox · Windows");
        assert_eq!(name(Browser::Other, System::Linux), "Navigateur inconnu · Linux");
        assert_eq!(name(Browser::Safari, System::Other), "Safari · système inconnu");
        assert_eq!(name(Browser::Other, System::Other), "Appareil inconnu");
    }
}
