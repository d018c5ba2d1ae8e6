//! Signing in, and what it may lead to: the account, a renewal, or the rest of an enrolment.

use domain::{error::ErrorCode, wire::Authentication};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};

use crate::{
    api, browser,
    components::{
        ActionButton, CodeField, DocumentTitle, ErrorSummary, Form, Heading, Notice, PasswordField,
        StepCountdown, SubmitButton, Tone, UsernameField,
    },
    enrolment::{Fragment, Mark},
    i18n::{say, use_texts},
    problem::{Field, Problem, check_optional_code, check_password, check_username},
    visit::{Arrival, Visit, use_visit},
};

/// The entry. An expired pair turns it into the beginning of a renewal.
#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let expired = RwSignal::new(None::<Fragment>);
    view! {
        <div class="card" class:mid=move || expired.with(Option::is_some)>
            {move || match expired.get() {
                None => view! { <SignIn expired/> }.into_any(),
                Some(fragment) => view! { <Expired expired fragment/> }.into_any(),
            }}
        </div>
    }
}

/// Where the visitor came from, if another application sent them here: the address of this server
/// that leads back, if it may (`?retour=…`). The server alone decides to which hosts.
fn way_back() -> Option<String> {
    let target = use_query_map().with_untracked(|query| query.get("retour"))?;
    Some(format!("/retour?vers={}", escape(&target)))
}

/// A text as the value of a query.
fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// What a person typed, read.
struct Typed {
    username: String,
    password: domain::secret::WireSecret,
    code: Option<domain::secret::WireSecret>,
}

/// The three fields, or everything that is wrong with them.
fn read() -> Result<Typed, Vec<Problem>> {
    let username = check_username(&browser::typed(Field::Username.id()));
    let password = check_password(browser::typed(Field::Password.id()));
    let code = check_optional_code(&browser::typed(Field::Code.id()));
    match (username, password, code) {
        (Ok(username), Ok(password), Ok(code)) => Ok(Typed { username, password, code }),
        (username, password, code) => {
            Err([username.err(), password.err(), code.err()].into_iter().flatten().collect())
        }
    }
}

#[component]
fn SignIn(
    /// Filled where the secrets were right and too old.
    expired: RwSignal<Option<Fragment>>,
) -> impl IntoView {
    let visit = use_visit();
    let form = Form::new();
    let navigate = use_navigate();
    let back = way_back();
    let sent_here = back.is_some();
    let back_link = back.clone();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !form.idle() {
            return;
        }
        let typed = match read() {
            Ok(typed) => typed,
            Err(problems) => return form.tell(problems),
        };
        form.begin();
        let navigate = navigate.clone();
        let back = back.clone();
        spawn_local(async move {
            let answer = api::authenticate(typed.username, typed.password, typed.code).await;
            if !form.end() {
                return;
            }
            match answer {
                Ok(Authentication::Authenticated { .. }) if back.is_some() => {
                    browser::leave_for(&back.unwrap_or_default());
                }
                Ok(Authentication::Authenticated { .. }) => {
                    visit.maybe_signed_in.set(true);
                    navigate("/compte", NavigateOptions { replace: true, ..Default::default() });
                }
                Ok(Authentication::Expired { ticket, expires_at }) => {
                    expired.set(Some(Fragment::new(ticket.expose(), Mark::Fresh).until(expires_at)));
                    browser::announce_page();
                }
                Ok(Authentication::ActivationRequired { ticket, expires_at }) => {
                    let fragment = Fragment::new(ticket.expose(), Mark::Resume).until(expires_at);
                    navigate(&fragment.address(), NavigateOptions::default());
                }
                Err(error) => {
                    // A code works once and a refused password is not worth keeping; where the
                    // server could not answer, nothing that was typed is lost.
                    if error.0.code == ErrorCode::InvalidCredentials {
                        browser::clear(Field::Password.id());
                        browser::clear(Field::Code.id());
                    }
                    form.refuse(error);
                }
            }
        });
    };
    view! {
        <DocumentTitle text=say(|t| t.sign_in.title) failed=Signal::derive(move || form.failed())/>
        <Heading text=say(|t| t.sign_in.title)/>
        <p class="lead">{say(|t| t.sign_in.lead)}</p>
        <Arrived/>
        <Show when=move || sent_here && !visit.maybe_signed_in.get()>
            <Notice>{say(|t| t.sign_in.returning)}</Notice>
        </Show>
        <AlreadySignedIn visit back=back_link/>
        <ErrorSummary form/>
        <form method="post" novalidate on:submit=submit>
            <UsernameField form/>
            <PasswordField form/>
            <CodeField form hint=say(|t| t.field.code_hint_sign_in)/>
            <SubmitButton form label=say(|t| t.action.sign_in) class="full"/>
        </form>
        <p class="or">
            {say(|t| t.sign_in.no_account)} " "
            <a href="/compte/nouveau">{say(|t| t.action.create_account)}</a>
        </p>
    }
}

/// Why the visitor is here, where another page sent them.
#[component]
fn Arrived() -> impl IntoView {
    match use_visit().take_arrival() {
        Some(Arrival::SignInNeeded) => {
            Some(view! { <Notice>{say(|t| t.sign_in.needed)}</Notice> }.into_any())
        }
        Some(Arrival::SignedOut) => {
            Some(view! { <Notice tone=Tone::Good>{say(|t| t.sign_in.signed_out)}</Notice> }.into_any())
        }
        Some(Arrival::Activated) | None => None,
    }
}

/// Offers the account to whoever is signed in already. The server saw a cookie, so the room is
/// kept; the page asks whether it is a session.
#[component]
fn AlreadySignedIn(
    /// Whether asking is worth it.
    visit: Visit,
    /// Where the visitor came from. A link and no redirect: were the other application to send them
    /// here again, they would go round for ever.
    back: Option<String>,
) -> impl IntoView {
    let t = use_texts();
    let username = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        if visit.maybe_signed_in.get_untracked() {
            spawn_local(async move {
                match api::session().await {
                    Ok(session) => {
                        let _ = username.try_set(Some(session.username));
                    }
                    Err(_) => {
                        let _ = visit.maybe_signed_in.try_set(false);
                    }
                }
            });
        }
    });
    let text =
        move || username.get().map_or_else(|| t().frame.wait.to_owned(), |name| (t().sign_in.already)(&name));
    let on = StoredValue::new(back);
    let link = move || match on.get_value() {
        // Not a page of the app: the router leaves links with this attribute to the browser.
        Some(address) => view! { <a href=address rel="external">{say(|t| t.sign_in.go_on)}</a> }.into_any(),
        None => view! { <a href="/compte">{say(|t| t.frame.my_account)}</a> }.into_any(),
    };
    view! {
        <Show when=move || visit.maybe_signed_in.get()>
            <Notice>{text} " " {link}</Notice>
        </Show>
    }
}

/// Both secrets were right, and are too old to open a session.
#[component]
fn Expired(
    /// Emptied to go back to signing in.
    expired: RwSignal<Option<Fragment>>,
    /// Where the renewal begins.
    fragment: Fragment,
) -> impl IntoView {
    let form = Form::new();
    let navigate = use_navigate();
    let deadline = RwSignal::new(fragment.deadline(browser::now_ms()));
    let renew = move || navigate(&fragment.address(), NavigateOptions::default());
    let leave = move || {
        expired.set(None);
        browser::announce_page();
    };
    view! {
        <DocumentTitle text=say(|t| t.sign_in.expired_title)/>
        <Heading text=say(|t| t.sign_in.expired_title)/>
        <p class="lead">{say(|t| t.sign_in.expired_lead)}</p>
        <p>{say(|t| t.sign_in.expired_help)}</p>
        <div class="row">
            <ActionButton form label=say(|t| t.action.renew_now) on_press=renew/>
            <ActionButton form label=say(|t| t.action.sign_out) class="quiet" on_press=leave/>
        </div>
        <StepCountdown deadline/>
    }
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn an_address_becomes_one_value_of_a_query() {
        assert_eq!(
            escape("https://wiki.example.com/é?a=b&c=d#x"),
            "https%3A%2F%2Fwiki.example.com%2F%C3%A9%3Fa%3Db%26c%3Dd%23x"
        );
    }
}
