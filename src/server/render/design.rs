//! The parts of the page in one place, light or dark: for those who draw with them. Served in development only.

use super::markup::Html;
use crate::shared::account::Theme;
use crate::ui::parts::icon;

/// What only this page needs.
const STYLE: &str = "
.design{max-width:60rem;margin:auto;padding:var(--s-6) var(--s-5)}
.design section{margin-block:var(--s-6)}.design h2{margin-block-end:var(--s-3)}
.samples{display:flex;flex-wrap:wrap;gap:var(--s-3);align-items:center}
.swatch{width:7rem;font-size:var(--t-xs)}.swatch i{display:block;height:2.5rem;border:1px solid var(--line);border-radius:var(--r-s)}
.space i{display:block;height:1rem;background:var(--accent)}
.design .toast,.design .menu-list,.design dialog{position:static;margin:0}
.design .drawer{height:auto}
";

const COLOURS: [&str; 19] = [
    "bg",
    "surface",
    "raised",
    "sunken",
    "hover",
    "line",
    "edge",
    "text",
    "muted",
    "accent",
    "accent-hover",
    "on-accent",
    "accent-soft",
    "bubble",
    "good",
    "warn",
    "warn-soft",
    "bad",
    "bad-soft",
];
const TYPE: [&str; 7] = ["xs", "s", "m", "read", "l", "xl", "2xl"];
const SPACES: [&str; 8] = ["1", "2", "3", "4", "5", "6", "7", "8"];
const RADII: [&str; 4] = ["s", "m", "l", "full"];
const ICONS: [&str; 27] = [
    "menu", "side", "new", "search", "close", "more", "down", "up", "send", "latest", "copy",
    "check", "retry", "edit", "key", "gear", "user", "eye", "plus", "warn", "shield", "bolt",
    "coins", "plug", "trash", "archive", "out",
];
const BUTTONS: [(&str, &str); 7] = [
    ("", "Button"),
    ("primary", "Primary"),
    ("danger", "Danger"),
    ("quiet", "Quiet"),
    ("small", "Small"),
    ("large primary", "Large"),
    ("primary busy", "Busy"),
];

/// The page. `css` is the path of the style sheet, `nonce` what the policy lets inline styles through with.
#[must_use]
pub fn page(css: &str, nonce: &str, theme: Theme) -> String {
    let mut html = Html::default();
    html.raw(r#"<!DOCTYPE html><html lang="en" data-theme=""#)
        .raw(theme.as_str())
        .raw(r#""><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Design · KeyLM</title><link rel="icon" type="image/svg+xml" href="/favicon.svg"><link rel="stylesheet" href=""#)
        .text(css)
        .raw(r#""><style nonce=""#)
        .text(nonce)
        .raw(r#"">"#)
        .raw(STYLE);
    for name in COLOURS {
        html.raw(&format!(".c-{name}{{background:var(--{name})}}"));
    }
    for name in TYPE {
        html.raw(&format!(".t-{name}{{font-size:var(--t-{name})}}"));
    }
    for name in SPACES {
        html.raw(&format!(".s-{name}{{width:var(--s-{name})}}"));
    }
    for name in RADII {
        html.raw(&format!(".r-{name}{{border-radius:var(--r-{name})}}"));
    }
    html.raw(r#"</style></head><body><main class="design"><h1>Design</h1><nav class="tabs" aria-label="Colours">"#);
    for one in [Theme::System, Theme::Light, Theme::Dark] {
        let current = if one == theme {
            r#" aria-current="page""#
        } else {
            ""
        };
        let name = one.as_str();
        html.raw(&format!(
            r#"<a href="/design?theme={name}"{current}>{name}</a>"#
        ));
    }
    html.raw("</nav>");
    samples(&mut html);
    html.raw("</main></body></html>");
    html.0
}

fn samples(html: &mut Html) {
    section(html, "Colour", |html| {
        for name in COLOURS {
            html.raw(&format!(
                r#"<span class="swatch"><i class="c-{name}"></i>{name}</span>"#
            ));
        }
    });
    section(html, "Type", |html| {
        for name in TYPE {
            html.raw(&format!(r#"<span class="t-{name}">{name} Aa</span>"#));
        }
        html.raw(r#"<span class="mono">mono 0O1l</span><span class="muted">muted</span>"#);
    });
    section(html, "Space and radius", |html| {
        for name in SPACES {
            html.raw(&format!(
                r#"<span class="space"><i class="s-{name}"></i>{name}</span>"#
            ));
        }
        for name in RADII {
            html.raw(&format!(
                r#"<span class="swatch"><i class="r-{name}"></i>{name}</span>"#
            ));
        }
    });
    section(html, "Button", |html| {
        for (class, name) in BUTTONS {
            html.raw(&format!(
                r#"<button type="button" class="button {class}">{name}</button>"#
            ));
        }
        html.raw(r#"<button type="button" class="button" disabled>Disabled</button>"#);
    });
    section(html, "Icon", |html| {
        for name in ICONS {
            html.raw(&format!(r#"<button type="button" class="icon-button tip" aria-label="{name}" data-tip="{name}"><svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"></path></svg></button>"#, icon::path(name)));
        }
    });
    section(html, "Field", |html| {
        html.raw(r#"<div class="field"><label for="sample-a">Label</label><div class="input-row"><input id="sample-a" placeholder="Placeholder" aria-describedby="sample-an"></div><p id="sample-an" class="field-note">A word on what to enter.</p></div>
            <div class="field"><label for="sample-b">Wrong</label><div class="input-row"><input id="sample-b" value="abc" aria-invalid="true" aria-describedby="sample-bn"></div><p id="sample-bn" class="field-note trouble">What is wrong, and what to do.</p></div>
            <div class="field"><label for="sample-c">Choice</label><select id="sample-c"><option>One</option><option>Two</option></select></div>"#);
    });
    section(html, "Badge", |html| {
        html.raw(r#"<span class="badge on">on</span><span class="badge">plain</span><span class="badge bad">bad</span><span class="tag">tag</span><span class="tag warn">warn</span><span class="dot on"></span><span class="dot warn"></span><span class="dot bad"></span>"#);
    });
    section(html, "Tabs", |html| {
        html.raw(r##"<nav class="tabs" aria-label="Tabs"><a href="#" aria-current="page">First</a><a href="#">Second</a><a href="#">Third</a></nav>"##);
    });
    section(html, "Menu", |html| {
        html.raw(r#"<div class="menu-list"><button type="button">Rename</button><button type="button">Archive</button><button type="button">Delete</button></div>"#);
    });
    section(html, "Card, skeleton", |html| {
        html.raw(r#"<div class="card"><h3>Card</h3><p class="muted">What belongs together.</p></div><div class="skeleton line"></div><div class="skeleton card"></div><span class="spinner" aria-hidden="true"></span>"#);
    });
    section(html, "Notice, toast", |html| {
        html.raw(r#"<div class="notice trouble"><p>What went wrong, and what to do next.</p></div><div class="toast"><span>Saved.</span><button type="button" class="button small quiet">Undo</button></div><div class="toast trouble"><span>Not saved. Try again.</span></div>"#);
    });
    section(html, "Dialog, drawer", |html| {
        html.raw(r#"<dialog open class="modal" aria-label="Dialog"><h2>Go on?</h2><p class="muted">One sentence that says what happens.</p><div class="modal-actions"><button type="button" class="button primary">Yes</button><button type="button" class="button quiet">No</button></div></dialog>
            <dialog open class="drawer" aria-label="Drawer"><div class="drawer-head"><h2>Drawer</h2></div><div class="drawer-foot"><button type="button" class="button primary">Save</button></div></dialog>"#);
    });
}

fn section(html: &mut Html, name: &str, samples: impl FnOnce(&mut Html)) {
    html.raw(&format!(r#"<section><h2>{name}</h2><div class="samples">"#));
    samples(html);
    html.raw("</div></section>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_icon() {
        let page = page("/a.css", "n", Theme::Dark);
        assert!(page.contains(r#"data-theme="dark""#));
        for name in ICONS {
            assert_eq!(page.matches(&format!(r#"data-tip="{name}""#)).count(), 1);
            assert_ne!(icon::path(name), icon::path("no such icon"), "{name}");
        }
    }
}
