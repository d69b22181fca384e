//! Changes a part of the page into another one by what differs, so that the keyboard, what is typed and what is open stay.

use super::dom;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, Node};

/// Changes `old` into `new`, which belongs to nothing. What had the keyboard keeps it, if it is still there: a browser takes
/// it from what is moved.
pub fn morph(old: &Element, new: &Element) {
    let active = || dom::document().and_then(|document| document.active_element());
    let before = active();
    element(old, new);
    if let Some(before) = before
        && before.is_connected()
        && active().is_none_or(|now| now != before)
        && let Ok(before) = before.dyn_into::<HtmlElement>()
    {
        _ = before.focus();
    }
}

fn element(old: &Element, new: &Element) {
    // A form that is on its way is shown anew by its own answer.
    let sent = old.node_name() == "FORM" && old.has_attribute("aria-busy");
    if sent || old.has_attribute("data-keep") || old.is_equal_node(Some(new)) {
        return;
    }
    if old.node_name() != new.node_name() {
        _ = old.replace_with_with_node_1(new);
        return;
    }
    for name in names(new) {
        // The policy of the page lets nothing set styles like that, and what is open is the reader's.
        if name != "style" && name != "open" {
            let value = dom::attr(new, &name);
            if old.get_attribute(&name).as_ref() != Some(&value) {
                _ = old.set_attribute(&name, &value);
            }
        }
    }
    for name in names(old) {
        if name != "style" && name != "open" && !new.has_attribute(&name) {
            _ = old.remove_attribute(&name);
        }
    }
    children(old, new);
}

fn names(element: &Element) -> Vec<String> {
    let names = element.get_attribute_names().into_iter();
    names.filter_map(|name| name.as_string()).collect()
}

fn children(old: &Element, new: &Element) {
    let wanted: Vec<Node> = nodes(new);
    let keys: Vec<String> = wanted.iter().filter_map(key).collect();
    // What has a name that is not wanted is in the way of what has none.
    for node in nodes(old) {
        if key(&node).is_some_and(|key| !keys.contains(&key)) {
            _ = old.remove_child(&node);
        }
    }
    let mut at = old.first_child();
    for want in wanted {
        let Some(found) = find(at.as_ref(), &want) else {
            _ = old.insert_before(&want, at.as_ref());
            continue;
        };
        while let Some(skipped) = at.clone().filter(|at| *at != found && key(at).is_none()) {
            at = skipped.next_sibling();
            _ = old.remove_child(&skipped);
        }
        if at.as_ref() == Some(&found) {
            at = found.next_sibling();
        } else {
            _ = old.insert_before(&found, at.as_ref());
        }
        match (found.dyn_ref::<Element>(), want.dyn_ref::<Element>()) {
            (Some(found), Some(want)) => element(found, want),
            _ if found.node_value() != want.node_value() => {
                found.set_node_value(want.node_value().as_deref());
            }
            _ => {}
        }
    }
    while let Some(left) = at {
        at = left.next_sibling();
        _ = old.remove_child(&left);
    }
}

fn nodes(parent: &Element) -> Vec<Node> {
    let list = parent.child_nodes();
    (0..list.length())
        .filter_map(|index| list.item(index))
        .collect()
}

/// The one from here on that becomes `want`: of the same kind, and with the same name or none.
fn find(from: Option<&Node>, want: &Node) -> Option<Node> {
    let (kind, key_wanted) = (want.node_name(), key(want));
    let mut at = from.cloned();
    while let Some(node) = at {
        if node.node_name() == kind && key(&node) == key_wanted {
            return Some(node);
        }
        at = node.next_sibling();
    }
    None
}

/// What tells an element from its siblings, if anything does.
fn key(node: &Node) -> Option<String> {
    let element = node.dyn_ref::<Element>()?;
    ["id", "data-id", "data-part"]
        .into_iter()
        .find_map(|name| element.get_attribute(name))
}
