//! The icons: one line drawing each, on a grid of 24.

use leptos::prelude::*;

/// An icon that says nothing to screen readers; name the control around it.
#[must_use]
pub fn icon(name: &'static str) -> AnyView {
    view! {
        <svg class=if points(name) { "icon directed" } else { "icon" } viewBox="0 0 24 24" aria-hidden="true">
            <path d=path(name)></path>
        </svg>
    }
    .into_any()
}

/// The icons of finished messages, drawn once: what is said a hundred times refers to them.
#[must_use]
pub fn message_icons() -> AnyView {
    let symbols = [
        "check", "copy", "edit", "fork", "gear", "key", "retry", "swap", "think", "warn",
    ].map(|name| {
        view! { <symbol id=format!("i-{name}") viewBox="0 0 24 24"><path d=path(name)></path></symbol> }
    });
    view! { <svg hidden=true>{symbols.into_iter().collect_view()}</svg> }.into_any()
}

/// Whether a drawing points to one side, which is the other one where text runs from right to left.
fn points(name: &str) -> bool {
    matches!(name, "menu" | "out" | "side")
}

/// The line of an icon, on a grid of 24.
#[must_use]
pub fn path(name: &str) -> &'static str {
    match name {
        "menu" => "M4 7h16M4 12h16M4 17h10",
        "side" => {
            "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM9.5 4v16"
        }
        "new" => {
            "M12 20H6a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2h6M10 14l.6-3 8-8a1.7 1.7 0 0 1 2.4 2.4l-8 8z"
        }
        "search" => "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
        "close" => "M6 6l12 12M18 6L6 18",
        "more" => {
            "M4.6 12a.9.9 0 1 0 1.8 0 .9.9 0 0 0-1.8 0zM11.1 12a.9.9 0 1 0 1.8 0 .9.9 0 0 0-1.8 0zM17.6 12a.9.9 0 1 0 1.8 0 .9.9 0 0 0-1.8 0z"
        }
        "down" => "M6 9l6 6 6-6",
        "up" => "M6 15l6-6 6 6",
        "send" => "M12 19V5M6 11l6-6 6 6",
        "latest" => "M12 5v14M6 13l6 6 6-6",
        "copy" => {
            "M9 9h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1zM5 15H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v1"
        }
        "check" => "M5 13l4 4L19 7",
        "swap" => "M4 8h13M13 4l4 4-4 4M20 16H7M11 12l-4 4 4 4",
        "think" => "M9.5 18v-1.5c0-.8-.4-1.5-1-2a6 6 0 1 1 7 0c-.6.5-1 1.2-1 2V18zM10 21h4",
        "fork" => "M7 4v9a4 4 0 0 0 4 4h6M14 14l3 3-3 3M7 8a6 6 0 0 0 6 0h4M14 5l3 3-3 3",
        "retry" => "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
        "edit" => "M4 20h4L19 9a2 2 0 0 0-3-3L5 17z",
        "key" => "M14.5 14a5 5 0 1 0-4.6-3L4 17v3h3v-2h2v-2h2l.9-2.4a5 5 0 0 0 2.6.4zM16 8h.01",
        "lock" => "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
        "gear" => {
            "M4 7h9M17 7h3M4 17h3M11 17h9M15 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM9 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"
        }
        "user" => "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0",
        "eye" => {
            "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"
        }
        "plus" => "M12 5v14M5 12h14",
        "warn" => {
            "M12 9v4M12 17h.01M10.3 4.2L2.6 17.5A2 2 0 0 0 4.3 20.5h15.4a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0z"
        }
        "shield" => {
            "M12 3l7.5 3v5.5c0 4.5-3 8-7.5 9.5-4.5-1.5-7.5-5-7.5-9.5V6zM9 12l2.2 2.2L15.5 10"
        }
        "bolt" => "M13 3L5 13.5h6L10 21l8-10.5h-6z",
        "coins" => {
            "M9 13a5 4 0 1 0 0-8 5 4 0 0 0 0 8zM4 9v6c0 2.2 2.2 4 5 4 1 0 2-.2 2.8-.6M20 13c0 2.2-2.2 4-5 4s-5-1.8-5-4 2.2-4 5-4 5 1.8 5 4zm0 0v4c0 2.2-2.2 4-5 4s-5-1.8-5-4v-4"
        }
        "plug" => "M9 3v5M15 3v5M6.5 8h11v3.5a5.5 5.5 0 0 1-11 0zM12 17v4",
        "trash" => {
            "M4.5 7h15M10 11v6M14 11v6M6.5 7l.8 12a1 1 0 0 0 1 1h7.4a1 1 0 0 0 1-1l.8-12M9 7V4.5A.5.5 0 0 1 9.5 4h5a.5.5 0 0 1 .5.5V7"
        }
        "archive" => "M4 5h16v4H4zM5.5 9v10h13V9M10 13h4",
        "pin" => "M9 4h6l-1 6 3 3v2H7v-2l3-3zM12 15v5",
        "star" => "M12 4l2.5 5 5.5.8-4 3.9.9 5.5-4.9-2.6-4.9 2.6.9-5.5-4-3.9 5.5-.8z",
        "save" => "M12 4v10M8 10l4 4 4-4M5 19h14",
        "sun" => {
            "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M5.6 18.4L7 17M17 7l1.4-1.4"
        }
        "moon" => "M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5z",
        "out" => "M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8M10 12h10M16.5 8.5L20 12l-3.5 3.5",
        _ => "M12 12h.01",
    }
}
