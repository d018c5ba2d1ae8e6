//! The pieces that pages are made of.

mod brand;
mod button;
mod code_field;
mod copy_button;
mod countdown;
mod error_summary;
mod field;
mod form;
mod heading;
mod not_ready;
mod notice;
mod password_field;
mod qr;
mod secret_text;
mod steps;
mod username_field;

pub(crate) use self::{
    brand::Brand,
    button::{ActionButton, SubmitButton},
    code_field::CodeField,
    copy_button::{CopyButton, CopyStatus},
    countdown::{SessionCountdown, StepCountdown},
    error_summary::ErrorSummary,
    form::Form,
    heading::{DocumentTitle, Heading},
    not_ready::NotReady,
    notice::{Notice, Tone},
    password_field::PasswordField,
    qr::Qr,
    secret_text::SecretText,
    steps::Steps,
    username_field::UsernameField,
};
