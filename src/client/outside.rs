//! Links in answers lead outside. Where to is shown first: what a model writes into an address is told to whoever owns it.

use super::{dom, overlays};
use web_sys::Element;

/// The dialog that asks.
const DIALOG: &str = "outside";

/// Hears the links.
pub fn start() {
    dom::on("click", |event| {
        if let Some(link) = dom::closest(&event, ".prose a[target]") {
            if ask(&link).is_some() {
                event.prevent_default();
            }
        } else if dom::closest(&event, "#outside a").is_some() {
            overlays::close(DIALOG);
        }
    });
}

fn ask(link: &Element) -> Option<()> {
    let (dialog, address) = (dom::by_id::<Element>(DIALOG)?, dom::attr(link, "href"));
    dom::find(&dialog, "bdi")?.set_text_content(Some(&address));
    let go = dom::find(&dialog, "a")?;
    go.set_attribute("href", &address).ok()?;
    overlays::open(DIALOG);
    Some(())
}
