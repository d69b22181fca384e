//! What can be done from everywhere: the shortcuts, and the buttons of the frame.

use super::{chat, dom, drawer, elsewhere, overlays, palette, prefs, time, visit};
use crate::api::account::sign_out;
use crate::shared::commands::{COMMANDS, Command, Do, Keys};
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

/// The dialog that lists the shortcuts.
const SHEET: &str = "shortcuts";

/// Hears the keys and the buttons.
pub fn start() {
    if dom::one(".workspace").is_none() {
        return;
    }
    dom::on_window("keydown", |event| {
        if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
            hear(event);
        }
    });
    dom::on("click", |event| {
        let Some((what, _)) = dom::pressed(&event) else {
            return;
        };
        match what.as_str() {
            "palette" => run(Do::Palette),
            "shortcuts" => run(Do::Sheet),
            "drawer-open" => drawer::open(),
            "drawer-close" => drawer::close(),
            "side-open" => prefs::set_side_open(true),
            "side-close" if drawer::is_open() => drawer::close(),
            "side-close" => prefs::set_side_open(false),
            _ => {}
        }
    });
}

/// The keys that work everywhere: those of the table of commands, and what no table can hold.
fn hear(event: &KeyboardEvent) {
    if event.default_prevented() || press(event) || overlays::is_any_open() {
        return;
    }
    match event.key().as_str() {
        "Escape" => {
            if overlays::close_menus() {
                event.prevent_default();
            } else if drawer::is_open() {
                event.prevent_default();
                drawer::close();
            }
        }
        key if key.chars().count() == 1
            && key != " "
            && !(event.ctrl_key() || event.meta_key() || event.alt_key())
            && dom::nothing_focused() =>
        {
            dom::focus(chat::composer::TEXT);
        }
        _ => {}
    }
}

/// Does what was pressed a shortcut of; says whether there is one.
fn press(event: &KeyboardEvent) -> bool {
    let fits = |command: &&Command| command.keys.as_ref().is_some_and(|keys| fit(keys, event));
    let Some(command) = COMMANDS.iter().find(fits) else {
        return false;
    };
    event.prevent_default();
    // What lies over the page takes the keys but for those that close it.
    if !overlays::is_any_open() || matches!(command.does, Do::Palette | Do::Sheet) {
        run(command.does);
    }
    true
}

/// Whether this was pressed.
pub(super) fn fit(keys: &Keys, event: &KeyboardEvent) -> bool {
    let held = event.ctrl_key() || event.meta_key();
    let letter = keys.cap.bytes().all(|byte| byte.is_ascii_alphabetic());
    let shift = event.shift_key() == keys.shift || (event.shift_key() && !letter);
    if held != keys.command || event.alt_key() || !shift {
        return false;
    }
    let key = event.key().to_lowercase();
    keys.key.contains(&key.as_str()) || (!key.is_ascii() && event.code() == keys.code)
}

/// Whether a command can be used now.
#[must_use]
pub fn can(command: &Command) -> bool {
    !command.of_chat || elsewhere::open().is_some()
}

/// Does it.
pub fn run(what: Do) {
    match what {
        Do::Palette => palette::toggle(),
        Do::Sheet if overlays::is_any_open() => overlays::close(SHEET),
        Do::Sheet => overlays::open(SHEET),
        Do::Go(path) => visit::go(path),
        Do::Sidebar if !dom::is_narrow() => prefs::set_side_open(!prefs::side_open()),
        Do::Sidebar if drawer::is_open() => drawer::close(),
        Do::Sidebar => drawer::open(),
        Do::Compose => dom::focus(chat::composer::TEXT),
        Do::Press(selector) => dom::press_last(selector),
        Do::Export(format) => {
            if let Some(open) = elsewhere::open() {
                dom::go(&["/api/threads/", open.as_str(), "/export?format=", format].concat());
            }
        }
        Do::Colours(theme) => prefs::set_theme(theme),
        Do::SignOut => time::spawn(async {
            if sign_out().await.is_ok() {
                dom::go("/");
            }
        }),
    }
}
