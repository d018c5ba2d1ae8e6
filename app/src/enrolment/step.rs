//! Where a person stands on the path, and what may come next.

use super::{Fragment, Mark};

/// What the page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The address has not been read yet: what the server renders.
    Opening,
    /// The address holds no whole ticket.
    Incomplete,
    /// A ticket, nothing claimed: the press of a button shows the password.
    Claim,
    /// The password is on the page.
    PasswordShown,
    /// The password was shown before a reload or in another tab.
    PasswordGone,
    /// The right password was given at sign-in; no authenticator was ever proved.
    Resume,
    /// The TOTP secret is on the page.
    AuthenticatorShown,
    /// The TOTP secret was shown before a reload or in another tab.
    AuthenticatorGone,
    /// The ticket no longer works.
    Spent,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A password came.
    Password,
    /// A TOTP secret came.
    Totp,
    /// The server does not know the ticket any more.
    Spent,
}

/// A request that a step offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// `generate-password`: the claim, or starting again.
    Password,
    /// `generate-2fa`.
    Totp,
    /// `activate`.
    Activate,
}

impl Step {
    /// The step at which an address opens. What was shown once is not shown again.
    pub(crate) fn open(fragment: Option<&Fragment>) -> Self {
        match fragment.map(Fragment::mark) {
            None => Self::Incomplete,
            Some(Mark::Fresh) => Self::Claim,
            Some(Mark::Password) => Self::PasswordGone,
            Some(Mark::Authenticator) => Self::AuthenticatorGone,
            Some(Mark::Resume) => Self::Resume,
        }
    }

    /// The step after `event`. An event that the step did not ask for changes nothing.
    pub(crate) fn after(self, event: Event) -> Self {
        match event {
            Event::Password if self.offers(Offer::Password) => Self::PasswordShown,
            Event::Totp if self.offers(Offer::Totp) => Self::AuthenticatorShown,
            Event::Spent if self.mark().is_some() => Self::Spent,
            _ => self,
        }
    }

    /// Whether the step offers a request; the same rule as the server's.
    pub(crate) fn offers(self, offer: Offer) -> bool {
        match offer {
            Offer::Password => self.mark().is_some(),
            Offer::Totp => self.mark().is_some() && self != Self::Claim,
            Offer::Activate => matches!(self, Self::AuthenticatorShown | Self::AuthenticatorGone),
        }
    }

    /// What the address says at this step; `None` where there is no ticket to keep.
    pub(crate) fn mark(self) -> Option<Mark> {
        match self {
            Self::Opening | Self::Incomplete | Self::Spent => None,
            Self::Claim => Some(Mark::Fresh),
            Self::PasswordShown | Self::PasswordGone => Some(Mark::Password),
            Self::Resume => Some(Mark::Resume),
            Self::AuthenticatorShown | Self::AuthenticatorGone => Some(Mark::Authenticator),
        }
    }

    /// 1 or 2; `None` off the path.
    pub(crate) fn number(self) -> Option<u8> {
        match self {
            Self::Claim | Self::PasswordShown | Self::PasswordGone => Some(1),
            Self::Resume | Self::AuthenticatorShown | Self::AuthenticatorGone => Some(2),
            Self::Opening | Self::Incomplete | Self::Spent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 9] = [
        Step::Opening,
        Step::Incomplete,
        Step::Claim,
        Step::PasswordShown,
        Step::PasswordGone,
        Step::Resume,
        Step::AuthenticatorShown,
        Step::AuthenticatorGone,
        Step::Spent,
    ];
    const EVENTS: [Event; 3] = [Event::Password, Event::Totp, Event::Spent];

    fn reloaded(step: Step) -> Step {
        let fragment = step.mark().map(|mark| Fragment::new("t", mark));
        Step::open(fragment.as_ref())
    }

    #[test]
    fn the_straight_path_leads_from_a_ticket_to_a_proof() {
        let step = Step::Claim.after(Event::Password);
        assert_eq!(step, Step::PasswordShown);
        let step = step.after(Event::Totp);
        assert_eq!(step, Step::AuthenticatorShown);
        assert!(step.offers(Offer::Activate));
    }

    #[test]
    fn a_reload_stays_at_its_step_and_shows_nothing_twice() {
        assert_eq!(reloaded(Step::Claim), Step::Claim);
        assert_eq!(reloaded(Step::Resume), Step::Resume);
        assert_eq!(reloaded(Step::PasswordShown), Step::PasswordGone);
        assert_eq!(reloaded(Step::AuthenticatorShown), Step::AuthenticatorGone);
        for step in STEPS.into_iter().filter(|step| step.number().is_some()) {
            assert_eq!(reloaded(step).number(), step.number(), "{step:?}");
            assert!(!matches!(reloaded(step), Step::PasswordShown | Step::AuthenticatorShown));
        }
    }

    #[test]
    fn an_invitation_nobody_pressed_offers_only_the_claim() {
        assert!(Step::Claim.offers(Offer::Password));
        assert!(!Step::Claim.offers(Offer::Totp) && !Step::Claim.offers(Offer::Activate));
        assert_eq!(Step::Claim.after(Event::Totp), Step::Claim);
    }

    #[test]
    fn every_step_with_a_ticket_can_start_again_and_can_learn_that_it_is_spent() {
        for step in STEPS.into_iter().filter(|step| step.mark().is_some()) {
            assert_eq!(step.after(Event::Password), Step::PasswordShown, "{step:?}");
            assert_eq!(step.after(Event::Spent), Step::Spent, "{step:?}");
        }
    }

    #[test]
    fn without_a_ticket_nothing_happens() {
        for step in [Step::Opening, Step::Incomplete, Step::Spent] {
            for event in EVENTS {
                assert_eq!(step.after(event), step);
            }
        }
    }

    /// All that can be reached from any address: a secret is on the page only right after the event
    /// that brought it.
    #[test]
    fn no_sequence_of_events_reaches_a_step_out_of_order() {
        let mut reached: Vec<Step> = STEPS.map(reloaded).to_vec();
        for _ in 0..5 {
            let before = reached.clone();
            for (step, event) in before.iter().flat_map(|step| EVENTS.map(|event| (*step, event))) {
                let after = step.after(event);
                if after != step {
                    let brought_by = match after {
                        Step::PasswordShown => Event::Password,
                        Step::AuthenticatorShown => Event::Totp,
                        Step::Spent => Event::Spent,
                        other => panic!("an event led from {step:?} to {other:?}"),
                    };
                    assert_eq!(event, brought_by);
                }
                assert!(!(step == Step::Claim && after == Step::AuthenticatorShown));
                reached.push(after);
            }
            reached.dedup();
        }
    }
}
