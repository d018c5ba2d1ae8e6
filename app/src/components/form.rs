//! What a form knows of itself: whether a request is under way, and what is wrong.

use leptos::prelude::*;

use super::error_summary::SUMMARY;
use crate::{
    api::ServerError,
    browser,
    problem::{Field, Problem},
};

/// The state of one form, or of one button that asks the server for something.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    busy: RwSignal<bool>,
    problems: RwSignal<Vec<Problem>>,
}

impl Form {
    pub(crate) fn new() -> Self {
        Self { busy: RwSignal::new(false), problems: RwSignal::new(Vec::new()) }
    }

    /// Whether a request is under way.
    pub(crate) fn busy(self) -> bool {
        self.busy.get()
    }

    /// Whether a request may be sent now. A second press of the button is no second request.
    pub(crate) fn idle(self) -> bool {
        !self.busy.get_untracked()
    }

    /// A request goes out: what was wrong before is not wrong any more.
    pub(crate) fn begin(self) {
        self.busy.set(true);
        self.problems.set(Vec::new());
    }

    /// The answer came. False where the page was left meanwhile: then nothing may come of it.
    pub(crate) fn end(self) -> bool {
        self.busy.try_set(false).is_none()
    }

    /// Tells what is wrong and moves the focus there.
    pub(crate) fn tell(self, problems: Vec<Problem>) {
        self.problems.set(problems);
        browser::focus_soon(SUMMARY);
    }

    /// Tells the server's refusal.
    pub(crate) fn refuse(self, error: ServerError) {
        self.tell(vec![Problem::refused(error, browser::now_ms())]);
    }

    /// Forgets what was wrong.
    pub(crate) fn forgive(self) {
        self.problems.set(Vec::new());
    }

    /// What is wrong.
    pub(crate) fn problems(self) -> Vec<Problem> {
        self.problems.get()
    }

    /// Whether anything is wrong.
    pub(crate) fn failed(self) -> bool {
        self.problems.with(|problems| !problems.is_empty())
    }

    /// What is wrong with `field`.
    pub(crate) fn problem_at(self, field: Field) -> Option<Problem> {
        self.problems.with(|problems| problems.iter().find(|p| p.field() == Some(field)).cloned())
    }
}
