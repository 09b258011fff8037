//! What an author says in `#[shared(…)]` and `#[interface(…)]`, keys with a text or a word, and in `#[repr(…)]`.
//!
//! Each key is taken once by whoever knows it; what is left at the end is unknown or said twice.

use interbind_abi::Version;
use interbind_abi::text::is_type_name;
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Ident, LitStr, Meta, Token};

use crate::problems::Problems;

/// One `key` or `key = value`.
struct Setting {
    key: Ident,
    value: Value,
}

enum Value {
    None,
    Text(LitStr),
    Word(Ident),
}

impl Parse for Setting {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = input.call(Ident::parse_any)?;
        let value = if input.parse::<Option<Token![=]>>()?.is_none() {
            Value::None
        } else if input.peek(LitStr) {
            Value::Text(input.parse()?)
        } else {
            Value::Word(input.call(Ident::parse_any).map_err(|error| quotes(&key, &error))?)
        };
        if input.is_empty() || input.peek(Token![,]) {
            return Ok(Self { key, value });
        }
        Err(quotes(&key, &input.error("")))
    }
}

fn quotes(key: &Ident, at: &Error) -> Error {
    Error::new(at.span(), format!("a text stands in quotes: write `{key} = \"…\"`"))
}

/// The settings of one attribute.
pub(crate) struct Settings {
    at: Span,
    settings: Vec<Setting>,
    /// True when a part couldn't be read: then nothing is called missing.
    broken: bool,
}

impl Settings {
    /// Reads the arguments of an attribute macro.
    pub(crate) fn read(tokens: TokenStream) -> syn::Result<Self> {
        let settings = Punctuated::<Setting, Token![,]>::parse_terminated.parse2(tokens)?;
        Ok(Self { at: Span::call_site(), settings: settings.into_iter().collect(), broken: false })
    }

    /// Reads the attributes called `shared`, joined; `None` when there is none.
    pub(crate) fn of(attributes: &[Attribute], problems: &mut Problems) -> Option<Self> {
        let mut found: Option<Self> = None;
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("shared")) {
            let at = attribute.path().get_ident().map_or_else(Span::call_site, Ident::span);
            let joined = found.get_or_insert(Self { at, settings: Vec::new(), broken: false });
            if let Meta::Path(_) = attribute.meta {
                continue;
            }
            let parsed = attribute.parse_args_with(Punctuated::<Setting, Token![,]>::parse_terminated);
            match problems.take(parsed) {
                Some(settings) => joined.settings.extend(settings),
                None => joined.broken = true,
            }
        }
        found
    }

    fn value(&mut self, key: &str) -> Option<Setting> {
        let index = self.settings.iter().position(|setting| setting.key == key)?;
        Some(self.settings.remove(index))
    }

    /// Takes a key that has no value.
    pub(crate) fn flag(&mut self, key: &str, problems: &mut Problems) -> bool {
        let setting = self.value(key);
        if let Some(Setting { key, value: Value::Text(_) | Value::Word(_) }) = &setting {
            problems.at(key, format!("`{key}` takes no value: write `{key}` alone"));
        }
        setting.is_some()
    }

    /// Takes a key whose value is one of `words`.
    pub(crate) fn word(&mut self, key: &str, words: &[&str], problems: &mut Problems) -> Option<String> {
        let Setting { key, value } = self.value(key)?;
        match value {
            Value::Word(word) if words.iter().any(|known| word == known) => Some(word.to_string()),
            _ => {
                problems.at(&key, format!("`{key}` is one of these words: {}", listed(words)));
                None
            }
        }
    }

    /// Takes a key whose value is a text, if it was said.
    pub(crate) fn text_if(&mut self, key: &str, example: &str, problems: &mut Problems) -> Option<LitStr> {
        let is_said = self.settings.iter().any(|setting| setting.key == key);
        if is_said { self.text(key, example, problems) } else { None }
    }

    fn text(&mut self, key: &str, example: &str, problems: &mut Problems) -> Option<LitStr> {
        match self.value(key) {
            Some(Setting { value: Value::Text(text), .. }) => return Some(text),
            Some(Setting { key, .. }) => {
                problems.at(&key, format!("`{key}` is a text: write `{key} = \"{example}\"`"))
            }
            None if self.broken => {}
            None => {
                problems.add(Error::new(self.at, format!("missing `{key}`: say `{key} = \"{example}\"`")));
            }
        }
        None
    }

    /// Takes a key that may be left out.
    fn optional_text(&mut self, key: &str, example: &str, problems: &mut Problems) -> Option<LitStr> {
        let is_there = self.settings.iter().any(|setting| setting.key == key);
        is_there.then(|| self.text(key, example, problems)).flatten()
    }

    /// Ends the reading; `known` are all keys of this attribute.
    pub(crate) fn end(self, known: &[&str], problems: &mut Problems) {
        for Setting { key, .. } in self.settings {
            if known.iter().any(|other| key == other) {
                problems.at(&key, format!("`{key}` is given twice: keep one"));
            } else {
                problems.at(&key, format!("unknown key `{key}`: this attribute takes {}", listed(known)));
            }
        }
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The name and version that a type is shared under.
pub(crate) struct Shared {
    /// As `org.frame.Point`.
    pub(crate) name: String,
    /// The type's version.
    pub(crate) version: Version,
    /// The C++ class that has the same layout, mangled.
    pub(crate) cpp: Option<String>,
    /// True when its classes answer pybind11.
    pub(crate) conduit: bool,
}

impl Shared {
    /// Takes `name` and `version`; what is missing or wrong is noted, and stands as nothing.
    pub(crate) fn take(settings: &mut Settings, example: &str, problems: &mut Problems) -> Self {
        let name = settings.text("name", example, problems);
        if let Some(name) = name.as_ref().filter(|name| !is_type_name(&name.value())) {
            let found = name.value();
            problems
                .at(name, format!("`{found}` is not a type name: use dotted ASCII words, as `{example}`"));
        }
        let version = settings.text("version", "1.2.0", problems).map(|text| version(&text, problems));
        Self {
            name: name.map_or_else(String::new, |name| name.value()),
            version: version.unwrap_or(Version::new(0, 0, 0)),
            cpp: None,
            conduit: false,
        }
    }

    /// Takes `cpp`, the C++ class of a data type, and `conduit`.
    pub(crate) fn take_cpp(&mut self, at: &Ident, settings: &mut Settings, problems: &mut Problems) {
        self.conduit = settings.flag("conduit", problems);
        if self.conduit && !settings.settings.iter().any(|setting| setting.key == "cpp") {
            problems.at(at, "`conduit` answers pybind11 for a C++ class: name it, as `cpp = \"geo::Point\"`");
        }
        let Some(text) = settings.optional_text("cpp", "geo::Point", problems) else { return };
        self.cpp = mangled(&text.value());
        if self.cpp.is_none() {
            let found = text.value();
            problems.at(
                &text,
                format!(
                    "`{found}` is not the full name of a C++ class: write it as `geo::Point`, no template"
                ),
            );
        }
    }
}

/// The mangled name of a C++ class in namespaces, as the Itanium C++ ABI writes it: `N3geo5PointE`, `5Point`.
fn mangled(name: &str) -> Option<String> {
    let is_identifier = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let words: Vec<&str> = name.split("::").collect();
    // The standard library has abbreviations of its own.
    if !words.iter().all(|word| is_identifier(word)) || words.first() == Some(&"std") {
        return None;
    }
    let parts: String = words.iter().map(|word| format!("{}{word}", word.len())).collect();
    Some(if words.len() == 1 { parts } else { format!("N{parts}E") })
}

/// Reads a version; a wrong one is noted, and stands as zero.
pub(crate) fn version(text: &LitStr, problems: &mut Problems) -> Version {
    text.value().parse().unwrap_or_else(|why| {
        problems.at(text, format!("`{}` is not a version: {why}", text.value()));
        Version::new(0, 0, 0)
    })
}

/// Writes a version as an expression.
pub(crate) fn version_tokens(version: Version) -> TokenStream {
    let Version { major, minor, patch } = version;
    quote!(::interbind::abi::Version::new(#major, #minor, #patch))
}

/// Returns what stands in `#[repr(…)]`, with the place of each word.
pub(crate) fn representation(attributes: &[Attribute], problems: &mut Problems) -> Vec<Ident> {
    let mut words = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("repr")) {
        let parsed = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        for meta in problems.take(parsed).into_iter().flatten() {
            words.extend(meta.path().get_ident().cloned());
        }
    }
    words
}
