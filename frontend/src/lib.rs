//! The WASM entry: takes over the page that the server rendered.

// A view's type nests as deep as the view.
#![recursion_limit = "256"]

/// Called by the page's script once the program has arrived.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    #[cfg(debug_assertions)]
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
