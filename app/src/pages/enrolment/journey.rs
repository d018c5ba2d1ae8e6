//! What the page holds while a person enrols: the step, the ticket, and each secret for as long as
//! it is shown. Secrets live here and nowhere else, and are dropped on leaving.

use chrono::{DateTime, Utc};
use domain::{
    error::ErrorCode,
    secret::WireSecret,
    wire::{Activated, TotpIssued},
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{self, ServerError},
    browser,
    components::Form,
    enrolment::{Event, Fragment, Offer, Step},
    problem::{Field, check_code},
};

/// The state of the page.
#[derive(Clone, Copy)]
pub(super) struct Journey {
    step: RwSignal<Step>,
    fragment: StoredValue<Option<Fragment>>,
    username: RwSignal<Option<String>>,
    password: RwSignal<Option<WireSecret>>,
    totp: RwSignal<Option<TotpIssued>>,
    /// When the present ticket lapses, by the reader's clock, where that is known.
    pub(super) deadline: RwSignal<Option<f64>>,
    /// The requests of every step: one at a time.
    pub(super) form: Form,
}

impl Journey {
    pub(super) fn new() -> Self {
        Self {
            step: RwSignal::new(Step::Opening),
            fragment: StoredValue::new(None),
            username: RwSignal::new(None),
            password: RwSignal::new(None),
            totp: RwSignal::new(None),
            deadline: RwSignal::new(None),
            form: Form::new(),
        }
    }

    /// Begins, or begins anew, where the address says.
    pub(super) fn open(self, fragment: &str) {
        let fragment = Fragment::parse(fragment);
        self.forget();
        self.form.forgive();
        self.username.set(None);
        self.step.set(Step::open(fragment.as_ref()));
        self.deadline.set(fragment.as_ref().and_then(|fragment| fragment.deadline(browser::now_ms())));
        self.fragment.set_value(fragment);
    }

    /// Where the person stands.
    pub(super) fn step(self) -> Step {
        self.step.get()
    }

    /// Whose account it is, once the server has told.
    pub(super) fn username(self) -> Option<String> {
        self.username.get()
    }

    /// `Étape 1 sur 2 · camille.roux`
    pub(super) fn place(self, position: String) -> String {
        match self.username() {
            None => position,
            Some(username) => format!("{position} · {username}"),
        }
    }

    /// Reads the password that is shown.
    pub(super) fn with_password<T>(self, read: impl FnOnce(&str) -> T) -> Option<T> {
        self.password.with(|password| password.as_ref().map(|password| read(password.expose())))
    }

    /// Reads the TOTP secret that is shown.
    pub(super) fn with_totp<T>(self, read: impl FnOnce(&TotpIssued) -> T) -> Option<T> {
        self.totp.with(|totp| totp.as_ref().map(read))
    }

    /// Claims the password, or starts again with a new one.
    pub(super) fn claim_password(self) {
        self.ask(Offer::Password, async move |ticket| {
            let issued = api::generate_password(ticket).await;
            self.answered(issued, |issued| {
                self.advance(Event::Password, &issued.ticket, issued.expires_at);
                self.username.set(Some(issued.username));
                self.password.set(Some(issued.password));
            });
        });
    }

    /// Asks for a TOTP secret, or for another one.
    pub(super) fn claim_totp(self) {
        self.ask(Offer::Totp, async move |ticket| {
            let issued = api::generate_2fa(ticket).await;
            self.answered(issued, |issued| {
                self.advance(Event::Totp, &issued.ticket, issued.expires_at);
                self.username.set(Some(issued.username.clone()));
                self.totp.set(Some(issued));
            });
        });
    }

    /// Proves the authenticator with the typed code; `done` leads on.
    pub(super) fn activate(self, done: impl FnOnce(Activated) + 'static) {
        if !self.form.idle() {
            return;
        }
        let code = match check_code(&browser::typed(Field::Code.id())) {
            Ok(code) => code,
            Err(problem) => return self.form.tell(vec![problem]),
        };
        self.ask(Offer::Activate, async move |ticket| {
            let activated = api::activate(ticket, code).await;
            self.answered(activated, |activated| {
                self.forget();
                done(activated);
            });
        });
    }

    /// Sends a request that the step offers, one at a time.
    fn ask<F: Future<Output = ()> + 'static>(
        self,
        offer: Offer,
        request: impl FnOnce(WireSecret) -> F + 'static,
    ) {
        let ticket = self.fragment.with_value(|f| f.as_ref().map(|f| WireSecret::new(f.ticket().to_owned())));
        let Some(ticket) = ticket.filter(|_| self.form.idle() && self.step.get_untracked().offers(offer))
        else {
            return;
        };
        self.form.begin();
        spawn_local(request(ticket));
    }

    fn answered<T>(self, answer: Result<T, ServerError>, accept: impl FnOnce(T)) {
        if !self.form.end() {
            return;
        }
        match answer {
            Ok(answer) => accept(answer),
            Err(error) if error.0.code == ErrorCode::TicketSpent => {
                self.forget();
                self.step.update(|step| *step = step.after(Event::Spent));
                browser::announce_page();
            }
            Err(error) => {
                browser::select(Field::Code.id());
                self.form.refuse(error);
            }
        }
    }

    /// Goes to the next step, and has the address say so: a reload continues there.
    fn advance(self, event: Event, ticket: &WireSecret, expires_at: DateTime<Utc>) {
        self.forget();
        let step = self.step.get_untracked().after(event);
        if let Some(mark) = step.mark() {
            let fragment = Fragment::new(ticket.expose(), mark).until(expires_at);
            browser::replace_fragment(&fragment.render());
            self.deadline.set(fragment.deadline(browser::now_ms()));
            self.fragment.set_value(Some(fragment));
        }
        self.step.set(step);
        browser::announce_page();
    }

    /// Drops every secret and what goes with it.
    fn forget(self) {
        self.password.set(None);
        self.totp.set(None);
        self.deadline.set(None);
    }
}
