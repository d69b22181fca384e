//! Shapes that many places share. leptos is compiled once for each type of closure and of list that it is given, some
//! kilobytes each; behind these it is compiled once in all. They are used like leptos' own.

use leptos::prelude::{AnyView, IntoAny as _, IntoView, component, view};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Something that is done again whenever a signal in it changes.
pub struct Effect;

impl Effect {
    /// Does it, soon.
    #[expect(
        clippy::new_ret_no_self,
        reason = "as leptos spells it; an effect is owned by where it is made"
    )]
    pub fn new(run: impl FnMut() + 'static) {
        let run: Box<dyn FnMut()> = Box::new(run);
        leptos::prelude::Effect::new(run);
    }
}

/// Something of a list, and how it is shown.
struct Item {
    key: u64,
    view: Box<dyn FnOnce() -> AnyView + Send>,
}

/// A list; what is shown of a thing in it stays as long as its key does.
#[component]
pub fn For<I, T, K, Each, Key, Children, V>(
    /// The things.
    each: Each,
    /// What tells one from the others.
    key: Key,
    /// How one is shown.
    children: Children,
) -> impl IntoView
where
    Each: Fn() -> I + Send + Sync + 'static,
    I: IntoIterator<Item = T>,
    T: Send + 'static,
    Key: Fn(&T) -> K + Send + Sync + 'static,
    K: Hash,
    Children: Fn(T) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let item = move |thing: T| {
        let mut hasher = DefaultHasher::new();
        key(&thing).hash(&mut hasher);
        let children = children.clone();
        Item {
            key: hasher.finish(),
            view: Box::new(move || children(thing).into_any()),
        }
    };
    list(Box::new(move || each().into_iter().map(&item).collect()))
}

fn list(items: Box<dyn Fn() -> Vec<Item> + Send + Sync>) -> AnyView {
    view! {
        <leptos::prelude::For each=items key=|item| item.key let(item)>{(item.view)()}</leptos::prelude::For>
    }
    .into_any()
}
