//! The frame of every page, and the routes.

use leptos::{ev::MouseEvent, prelude::*};
use leptos_meta::{Meta, provide_meta_context};
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    hooks::use_location,
    path,
};

use crate::{
    browser,
    components::{Brand, NotReady},
    i18n::{Reader, say},
    lang::LanguageLink,
    pages::{AccountPage, ArticlePage, CreatePage, EnrolmentPage, NotFoundPage, SignInPage},
    start,
    visit::{Visit, use_visit},
};

/// Sésame, whole: what the server renders and the browser takes over.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(Reader(RwSignal::new(start::lang())));
    let visit = Visit::new(start::saw_session());
    provide_context(visit);
    // Runs in the browser only, after the page was taken over.
    Effect::new(move |_| visit.ready.set(true));

    view! {
        <Meta name="description" content=say(|t| t.frame.description)/>
        <Router>
            <SkipLink/>
            <Header/>
            <main id="contenu" tabindex="-1">
                <NotReady/>
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view=SignInPage/>
                    <Route path=path!("/compte/nouveau") view=CreatePage/>
                    <Route path=path!("/enrolment") view=EnrolmentPage/>
                    <Route path=path!("/compte") view=AccountPage/>
                    <Route path=path!("/aide") view=|| view! { <ArticlePage article=|texts| &texts.help/> }/>
                    <Route
                        path=path!("/accessibilite")
                        view=|| view! { <ArticlePage article=|texts| &texts.accessibility/> }
                    />
                    <Route
                        path=path!("/confidentialite")
                        view=|| view! { <ArticlePage article=|texts| &texts.privacy/> }
                    />
                </FlatRoutes>
            </main>
            <Footer/>
            <AnnouncePages/>
        </Router>
    }
}

/// Leads past the header. It moves the focus itself: the fragment may hold a ticket.
#[component]
fn SkipLink() -> impl IntoView {
    let skip = |event: MouseEvent| {
        event.prevent_default();
        browser::focus_soon("contenu");
    };
    view! { <a class="skip" href="#contenu" on:click=skip>{say(|t| t.frame.skip)}</a> }
}

#[component]
fn Header() -> impl IntoView {
    let visit = use_visit();
    view! {
        <header class="top">
            <Brand/>
            <div class="top-links">
                <Show when=move || visit.maybe_signed_in.get()>
                    <a href="/compte">{say(|t| t.frame.my_account)}</a>
                </Show>
                <LanguageLink/>
            </div>
        </header>
    }
}

#[component]
fn Footer() -> impl IntoView {
    view! {
        <footer class="foot">
            <nav aria-label=say(|t| t.frame.about)>
                <a href="/aide">{say(|t| t.frame.help)}</a>
                <a href="/accessibilite">{say(|t| t.frame.accessibility)}</a>
                <a href="/confidentialite">{say(|t| t.frame.privacy)}</a>
            </nav>
        </footer>
    }
}

/// Gives the focus to the heading of each page that replaces another.
#[component]
fn AnnouncePages() -> impl IntoView {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path) {
            browser::announce_page();
            browser::push_soon_if_elsewhere(path.clone());
        }
        path
    });
}
