//! The HTML document around the app. Rendered on the server only.

use super::app::App;
use crate::shared::account::{Preferences, Theme};
use crate::shared::words::Language;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

/// Where the built files are, as absolute paths. The router provides it as context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteFiles {
    /// The JavaScript that loads the wasm.
    pub js: String,
    /// The wasm.
    pub wasm: String,
    /// The style sheet.
    pub css: String,
}

/// A fresh id for each request, with which a form without script names its send. The router provides it as context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestSeed(pub String);

/// The document. Wants [`SiteFiles`], [`RequestSeed`], [`Preferences`] and a [`Language`] in context.
#[must_use]
pub fn shell() -> impl IntoView {
    let files = use_context::<SiteFiles>().unwrap_or_default();
    let language = use_context::<Language>().unwrap_or_default();
    let theme = use_context::<Preferences>().unwrap_or_default().theme;
    // What is read is painted before the wasm is asked for. A hidden page paints nothing and does not wait.
    let start = format!(
        "if(!document.hidden)await new Promise(then=>requestAnimationFrame(()=>setTimeout(then)));\
         const {{default:init,hydrate}}=await import('{}');await init({{module_or_path:'{}'}});hydrate();",
        files.js, files.wasm
    );
    view! {
        <!DOCTYPE html>
        <html lang=language.code() dir=language.dir() data-theme=(theme != Theme::System).then(|| theme.as_str())>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="theme-color" content="#fbfaf8" media="(prefers-color-scheme: light)"/>
                <meta name="theme-color" content="#141517" media="(prefers-color-scheme: dark)"/>
                <link rel="stylesheet" href=files.css/>
                // A page is one piece: half of it painted would move when the rest is read.
                <link rel="expect" href="#whole" blocking="render"/>
                <link rel="icon" type="image/svg+xml" href="/favicon.svg"/>
                <link rel="apple-touch-icon" href="/apple-touch-icon.png"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <link rel="modulepreload" href=files.js.clone() nonce=use_nonce()/>
                <script type="module" nonce=use_nonce() inner_html=start></script>
                <MetaTags/>
            </head>
            <body>
                <App/>
                <template id="whole"></template>
            </body>
        </html>
    }
}
