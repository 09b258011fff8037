//! Every public entry point of the shim shows an example, and each example is a part of a crate that tests build and call.
//!
//! The crate's own doc tests can't be linked without a libpython. So an example in its documentation names where it is from,
//! `<!-- examples/stats/src/lib.rs:norm -->`, and `cargo xtask generate shown` writes that part's text there; `docs_shown.rs`
//! compares the two.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use interbind_tests::package::repository;
use syn::visit::Visit;
use xtask::generate::shown::shim;

/// Collects the names that `pub use` brings to the crate's root, without what is only for the macros.
#[derive(Default)]
struct Exported(BTreeSet<String>);

impl Exported {
    fn tree(&mut self, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => self.tree(&path.tree),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(item)),
            syn::UseTree::Name(name) => drop(self.0.insert(name.ident.to_string())),
            syn::UseTree::Rename(_) | syn::UseTree::Glob(_) => {}
        }
    }
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

/// The documentation of an item; `None` where it is hidden.
fn documentation(attributes: &[syn::Attribute]) -> Option<String> {
    let mut text = String::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        match &attribute.meta {
            syn::Meta::NameValue(pair) => {
                let syn::Expr::Lit(literal) = &pair.value else { continue };
                let syn::Lit::Str(line) = &literal.lit else { continue };
                text += &line.value();
                text.push('\n');
            }
            // `hidden`.
            syn::Meta::List(_) => return None,
            syn::Meta::Path(_) => {}
        }
    }
    Some(text)
}

/// The code in the examples of a documentation.
fn examples(documentation: &str) -> String {
    let (_, behind) = documentation.split_once("# Examples").unwrap_or_default();
    behind.split("```").skip(1).step_by(2).collect()
}

/// The public items of a file, with their documentation; methods by their type.
#[derive(Default)]
struct Items {
    /// Functions, types, traits and macros: name, documentation.
    items: Vec<(String, String)>,
    /// Methods: type, name, documentation.
    methods: Vec<(String, String, String)>,
}

impl Items {
    fn add(&mut self, visibility: &syn::Visibility, name: &syn::Ident, attributes: &[syn::Attribute]) {
        if let Some(text) = documentation(attributes).filter(|_| is_public(visibility)) {
            self.items.push((name.to_string(), text));
        }
    }
}

impl<'ast> Visit<'ast> for Items {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let derived = item.attrs.iter().find(|attribute| attribute.path().is_ident("proc_macro_derive"));
        let name = derived.and_then(|attribute| match &attribute.meta {
            syn::Meta::List(list) => list.tokens.clone().into_iter().next(),
            _ => None,
        });
        match (name, documentation(&item.attrs)) {
            (Some(name), Some(text)) => self.items.push((name.to_string(), text)),
            _ => self.add(&item.vis, &item.sig.ident, &item.attrs),
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.add(&item.vis, &item.ident, &item.attrs);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.add(&item.vis, &item.ident, &item.attrs);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.add(&item.vis, &item.ident, &item.attrs);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let syn::Type::Path(path) = &*item.self_ty else { return };
        let Some(of) = path.path.segments.last().filter(|_| item.trait_.is_none()) else { return };
        for inner in &item.items {
            let syn::ImplItem::Fn(method) = inner else { continue };
            if let Some(text) = documentation(&method.attrs).filter(|_| is_public(&method.vis)) {
                self.methods.push((of.ident.to_string(), method.sig.ident.to_string(), text));
            }
        }
    }
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|found| found == word)
}

/// The names that a user of the crate can write, as `lib.rs` and the public modules `raw` and `services` say.
fn exported() -> BTreeSet<String> {
    let mut found = Exported::default();
    for file in ["shim/src/lib.rs", "shim/src/services/mod.rs"] {
        let text = fs::read_to_string(repository().join(file)).expect("it is in the repository");
        for item in syn::parse_file(&text).expect("the compiler reads it too").items {
            if let syn::Item::Use(item) = &item
                && is_public(&item.vis)
            {
                found.tree(&item.tree);
            }
        }
    }
    let mut raw = Items::default();
    let text = fs::read_to_string(repository().join("shim/src/raw.rs")).expect("it is in the repository");
    raw.visit_file(&syn::parse_file(&text).expect("the compiler reads it too"));
    found.0.extend(raw.items.into_iter().map(|(name, _)| name));
    // `abi` has an example of its own kind, the spec; `Reserved` is one of its types.
    found.0.remove("Reserved");
    found.0
}

#[test]
fn every_public_entry_point_has_an_example() {
    let exported = exported();
    for known in
        ["Foreign", "Held", "publish", "module", "raw_module", "Shared", "Instances", "try_state", "Error"]
    {
        assert!(exported.contains(known), "{known} isn't found: {exported:?}");
    }
    let mut all = Items::default();
    for source in shim() {
        all.visit_file(&syn::parse_file(&source.text).expect("the compiler reads it too"));
    }
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    let (mut missing, mut found) = (Vec::new(), BTreeSet::new());
    for (name, text) in all.items.into_iter().filter(|(name, _)| exported.contains(name)) {
        let examples = examples(&text);
        // What only calls on, as `faces` and the macros' own functions do, is no entry point.
        if examples.trim().is_empty() {
            missing.push(name.clone());
        }
        found.insert(name.clone());
        *shown.entry(name).or_default() += &examples;
    }
    let lost: Vec<_> = exported.difference(&found).collect();
    assert!(lost.is_empty(), "exported, and not found in the sources: {lost:?}");
    for (of, name, text) in all.methods.into_iter().filter(|(of, ..)| exported.contains(of)) {
        let own = examples(&text);
        if !has_word(&own, &name) && !shown.get(&of).is_some_and(|shown| has_word(shown, &name)) {
            missing.push(format!("{of}::{name}"));
        }
    }
    assert!(missing.is_empty(), "no example shows these: {missing:#?}");
}
