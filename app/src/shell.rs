//! The document around the app. Every script carries the nonce of the request's
//! `Content-Security-Policy`; there is no inline style and no inline handler anywhere.

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags};

use crate::{App, lang::request};

/// The whole HTML document.
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let lang = request::lang();
    request::tell_response();
    let session = request::has_session_cookie().then_some("");
    view! {
        <!DOCTYPE html>
        <html lang=lang.tag() data-session=session>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#f6f4ef"/>
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#101516"/>
                <meta name="referrer" content="no-referrer"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <HashedStylesheet options=options.clone() id="leptos"/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
