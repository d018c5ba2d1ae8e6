//! The pages, one a file; the enrolment is a folder.

mod account;
mod article;
mod create;
mod enrolment;
mod not_found;
mod renew;
mod sessions;
mod sign_in;

pub(crate) use self::{
    account::AccountPage, article::ArticlePage, create::CreatePage, enrolment::EnrolmentPage,
    not_found::NotFoundPage, sign_in::SignInPage,
};
