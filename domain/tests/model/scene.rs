//! A state of the model: what is stored, what everybody was shown, which requests are under way and
//! how far, and the hour. And the steps from one state to the next.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use domain::{
    audit::AuditKind,
    error::ErrorCode,
    service::{Refusal, SessionToken},
    wire::Authentication,
};

use crate::{
    desk::{Past, Service, Step, Trouble},
    ledger::Ledger,
    requests::Told,
    store::{Fault, State},
    symbols::{self, Symbol, UNSEEN},
    want::{Party, Want},
};

/// How much may still happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Requests that may begin.
    pub(crate) requests: u8,
    /// Times that time passes.
    pub(crate) waits: u8,
    /// Things that go wrong.
    pub(crate) faults: u8,
}

/// A request under way.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub(crate) party: usize,
    pub(crate) want: Want,
    pub(crate) past: Past,
    /// The pair on which its session was opened, if that session served when the request began.
    pub(crate) session_on: Option<Symbol>,
    /// Whether it proved both factors.
    pub(crate) proved: bool,
}

/// A state.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) now: DateTime<Utc>,
    /// The next value that will be drawn.
    pub(crate) next: Symbol,
    pub(crate) store: Arc<State>,
    pub(crate) parties: Arc<Vec<Party>>,
    pub(crate) running: Vec<Running>,
    pub(crate) ledger: Ledger,
    pub(crate) left: Budget,
    pub(crate) trail: Option<Arc<Trail>>,
    /// The root that it was reached from.
    pub(crate) root: usize,
    /// The audit events of the last step.
    pub(crate) told: Vec<AuditKind>,
}

/// How a state was reached.
pub(crate) struct Trail {
    before: Option<Arc<Trail>>,
    event: Event,
}

/// One step of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A party sends a request, which runs up to its first call of the store.
    Begin(usize, Want),
    /// The request at this place makes its call and runs up to the next, or is answered.
    Call(usize, Option<Trouble>),
    /// The process that serves the request at this place dies, or its client goes away.
    Drop(usize),
    /// Time passes.
    Wait(Passing),
}

/// How much time passes: just enough for one thing to be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passing {
    /// A TOTP time step.
    Step,
    /// A ticket.
    Ticket,
    /// A session that is not used.
    Idle,
    /// A registration, and every session.
    Registration,
    /// A pair of secrets.
    Pair,
}

impl Passing {
    pub(crate) const ALL: [Self; 5] = [Self::Step, Self::Ticket, Self::Idle, Self::Registration, Self::Pair];

    fn duration(self) -> Duration {
        match self {
            Self::Step => Duration::seconds(30),
            Self::Ticket => Duration::minutes(10),
            Self::Idle => Duration::minutes(30),
            Self::Registration => Duration::hours(24),
            Self::Pair => Duration::days(184),
        }
    }
}

/// Which rule was broken, in words.
pub(crate) type Violation = String;

impl Scene {
    /// Everything that can happen next.
    pub(crate) fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for place in 0..self.running.len() {
            events.push(Event::Call(place, None));
            if self.left.faults > 0 {
                events.extend(
                    [Trouble::Store(Fault::Before), Trouble::Store(Fault::After), Trouble::QueueFull]
                        .map(|trouble| Event::Call(place, Some(trouble))),
                );
                if !self.running[place].past.answers.is_empty() {
                    events.push(Event::Drop(place));
                }
            }
        }
        if self.left.requests > 0 {
            for (party, somebody) in self.parties.iter().enumerate() {
                events.extend(somebody.wants(self.now).into_iter().map(|want| Event::Begin(party, want)));
            }
        }
        if self.left.waits > 0 {
            events.extend(Passing::ALL.map(Event::Wait));
        }
        events
    }

    /// The state after `event`; `None` if it could not happen.
    pub(crate) fn after(&self, event: Event, service: &Service) -> Result<Option<Self>, Violation> {
        let mut scene = self.clone();
        scene.told.clear();
        scene.trail = Some(Arc::new(Trail { before: self.trail.clone(), event }));
        match event {
            Event::Begin(party, want) => {
                scene.left.requests -= 1;
                let past = service.begin(&want.ask(), self.now, self.next);
                scene.next = past.first.drawn.1;
                let session_on = self.session_on(want);
                scene.running.push(Running { party, want, past, session_on, proved: false });
            }
            Event::Wait(passing) => {
                scene.left.waits -= 1;
                scene.now += passing.duration();
            }
            Event::Drop(place) => {
                scene.left.faults -= 1;
                scene.running.remove(place);
            }
            Event::Call(place, trouble) => {
                scene.left.faults -= u8::from(trouble.is_some());
                let mut running = scene.running.remove(place);
                let before = (self.now, self.next);
                let step = service.step(&running.want.ask(), &running.past, &self.store, before, trouble);
                if trouble.is_some() && !step.troubled {
                    return Ok(None);
                }
                let Step { past, answer, store, events, .. } = step;
                scene.store = Arc::new(store);
                let role = self.parties[running.party].role;
                scene.ledger.changed(self.now, &mut running, (&self.store, &scene.store), &events)?;
                scene.told = events.iter().map(|event| event.kind).collect();
                running.past = past;
                scene.next = running.past.answers.last().map_or(self.next, |last| last.1.drawn.1);
                match answer {
                    None => scene.running.insert(place, running),
                    Some(answer) => {
                        scene.ledger.answered(&running, role, &answer)?;
                        scene.learn(&running, answer);
                    }
                }
                scene.ledger.forget_closed(&scene.store);
            }
        }
        // Requests that are equally far are the same to everybody.
        scene.running.sort_by_key(|running| (running.party, running.past.answers.len(), running.want));
        scene.ledger.holds_in(&scene)?;
        Ok(Some(scene))
    }

    fn session_on(&self, want: Want) -> Option<Symbol> {
        let (Want::Session(token) | Want::Renew(token, _)) = want else { return None };
        let row = self.store.sessions.get(symbols::digest(token).as_bytes())?;
        let account = self.store.accounts.values().find(|account| account.id == row.account)?;
        let (_, valid_until) = account.active.as_ref()?;
        let lives = self.now < row.expires_at
            && self.now < *valid_until
            && self.now - row.last_seen_at < Duration::minutes(30);
        self.ledger.opened.iter().find(|(opened, _)| lives && *opened == token).map(|(_, pair)| *pair)
    }

    /// Whoever asked sees the answer.
    fn learn(&mut self, running: &Running, answer: Result<Told, Refusal>) {
        let party = &mut Arc::make_mut(&mut self.parties)[running.party];
        let chain = |ticket| {
            party.tickets.iter().find(|(known, _)| *known == ticket).and_then(|(_, password)| *password)
        };
        let opened = |session: &SessionToken| symbols::of_token_text(session.text.expose());
        match (running.want, answer) {
            (_, Ok(Told::Ticket(issued))) => {
                party.tickets.push((symbols::of_token_text(issued.ticket.expose()), None));
            }
            (_, Ok(Told::Password(issued))) => {
                let password = symbols::of_password(issued.password.expose().as_bytes());
                party.pairs.push((password, None));
                party.tickets.push((symbols::of_token_text(issued.ticket.expose()), Some(password)));
            }
            (Want::Totp(ticket), Ok(Told::Totp(issued))) => {
                // A thief may see a TOTP secret whose password somebody else was shown.
                let password = chain(ticket).unwrap_or(UNSEEN);
                let secret = symbols::of_secret_text(issued.secret.expose());
                party.tickets.push((symbols::of_token_text(issued.ticket.expose()), Some(password)));
                party.pairs.retain(|(shown, _)| *shown != password);
                party.pairs.push((password, Some(secret)));
            }
            (Want::SignIn(password, _), Ok(Told::SignedIn(answer, session))) => match answer {
                Authentication::Expired { ticket, .. } => {
                    party.tickets.push((symbols::of_token_text(ticket.expose()), None));
                }
                Authentication::ActivationRequired { ticket, .. } => {
                    party.tickets.push((symbols::of_token_text(ticket.expose()), password));
                }
                Authentication::Authenticated { .. } => {
                    party.sessions.extend(session.as_ref().map(opened));
                }
            },
            (_, Ok(Told::Activated(_, session))) => party.sessions.push(opened(&session)),
            _ => {}
        }
    }

    /// The steps to this state, one a line.
    pub(crate) fn story(&self) -> String {
        let mut lines = Vec::new();
        let mut trail = self.trail.as_ref();
        while let Some(step) = trail {
            lines.push(format!("{:?}", step.event));
            trail = step.before.as_ref();
        }
        lines.reverse();
        lines.join("\n")
    }

    /// One request, alone, to its end; how it was refused.
    pub(crate) fn alone(
        &self,
        party: usize,
        want: Want,
        service: &Service,
    ) -> Result<(Self, Option<ErrorCode>), Violation> {
        let mut scene = self.clone();
        let past = service.begin(&want.ask(), self.now, self.next);
        scene.next = past.first.drawn.1;
        let session_on = self.session_on(want);
        let mut running = Running { party, want, past, session_on, proved: false };
        loop {
            let at = (scene.now, scene.next);
            let step = service.step(&want.ask(), &running.past, &scene.store, at, None);
            scene.ledger.changed(scene.now, &mut running, (&scene.store, &step.store), &step.events)?;
            scene.store = Arc::new(step.store);
            running.past = step.past;
            scene.next = running.past.answers.last().map_or(scene.next, |last| last.1.drawn.1);
            if let Some(answer) = step.answer {
                let role = scene.parties[party].role;
                scene.ledger.answered(&running, role, &answer)?;
                let refused = answer.as_ref().err().map(|refusal| refusal.to_api_error().code);
                scene.learn(&running, answer);
                scene.ledger.forget_closed(&scene.store);
                return Ok((scene, refused));
            }
        }
    }

    /// Time passes, whatever is left.
    pub(crate) fn wait(&mut self, passing: Passing) {
        self.now += passing.duration();
    }
}
