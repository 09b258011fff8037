//! Ways of handing data over without knowing each other's types, as far as a module shows that it knows them.

use crate::binary::{Image, text_round};
use crate::facts::{Claim, Evidence, Source};
use crate::scan::Hits;

/// The protocols that were seen.
pub(super) fn protocols(image: &Image<'_>, hits: &Hits) -> Vec<Claim<String>> {
    let mut found = Vec::new();
    for (name, mark) in
        [("arrow", "mark-arrow"), ("dlpack", "mark-dlpack"), ("pymetabind", "mark-pymetabind")]
    {
        let texts: Vec<_> = hits
            .of(mark)
            .iter()
            .take(64)
            .filter_map(|at| text_round(image.data, *at, 64).map(|(_, text)| (*at, text)))
            .filter(|(_, text)| {
                name != "arrow" || ["schema", "array", "stream"].iter().any(|end| text.contains(end))
            })
            .take(3)
            .map(|(at, text)| Evidence::bytes(at, text))
            .collect();
        if !texts.is_empty() {
            let why = match name {
                "pymetabind" => "the registry's name is there; which classes it lists or takes isn't seen",
                _ => "the method's name is there; whether it has the method or asks others for it isn't seen",
            };
            found.push(Claim::likely(name.to_owned(), texts, why));
        }
    }
    let asks = ["PyObject_GetBuffer", "PyPyObject_GetBuffer"];
    if let Some(symbol) = image.imports.iter().find(|symbol| asks.contains(symbol)) {
        let why = "it asks others for their buffers; whether its own types have one isn't seen";
        found.push(Claim::likely("buffer".to_owned(), [Evidence::new(Source::Symbol, *symbol)], why));
    }
    found
}
