//! Whether what one module asks of another in C is what the other has. Nothing is said of what wasn't read on both sides.

use std::fmt;

use crate::facts::{ExpectedClass, Larger, Module, SizedClass};

/// Something that one module asks of another, and that isn't so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// The other has no function of that name.
    Missing { module: String, name: String },
    /// It has one of another signature.
    Signature { module: String, name: String, wanted: String, here: String },
    /// Objects of a class are smaller than the module was compiled for.
    Smaller { class: String, wanted: u64, here: u64 },
    /// They are larger, and the module minds.
    Larger { class: String, wanted: u64, here: u64, what: Option<Larger> },
}

impl Misfit {
    /// Whether the import fails.
    pub(crate) fn is_refused(&self) -> bool {
        !matches!(self, Self::Larger { what: None | Some(Larger::Warned | Larger::Taken), .. })
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { module, name } => write!(f, "`{module}` gives no C function `{name}`"),
            Self::Signature { module, name, wanted, here } => {
                write!(f, "`{module}.{name}` is `{here}`, and was compiled for as `{wanted}`")
            }
            Self::Smaller { class, wanted, here } => {
                write!(f, "an object of `{class}` has {here} bytes, and was compiled for with {wanted}")
            }
            Self::Larger { class, wanted, here, what } => {
                let then = match what {
                    Some(Larger::Refused) => "which the module refuses",
                    Some(_) => "of which the module warns",
                    None => "which the module refuses or warns of",
                };
                write!(
                    f,
                    "an object of `{class}` has {here} bytes, and was compiled for with {wanted}, {then}"
                )
            }
        }
    }
}

/// How one module's side fits another's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fit {
    /// How many functions and classes were compared.
    pub(crate) compared: usize,
    pub(crate) misfits: Vec<Misfit>,
}

/// Compares what `consumer` asks with what `provider` has.
pub(crate) fn misfits(consumer: &Module, provider: &Module) -> Fit {
    let mut fit = Fit::default();
    let given = &provider.capi.gives;
    for taken in &consumer.capi.takes {
        if provider.name.as_deref() != Some(&taken.module) || given.is_empty() {
            continue;
        }
        fit.compared += 1;
        let (module, name) = (taken.module.clone(), taken.name.clone());
        match given.iter().find(|function| function.name == taken.name) {
            None if provider.capi.may_give_more() => {}
            None => fit.misfits.push(Misfit::Missing { module, name }),
            Some(function) if function.signature != taken.signature => {
                let (wanted, here) = (taken.signature.clone(), function.signature.clone());
                fit.misfits.push(Misfit::Signature { module, name, wanted, here });
            }
            Some(_) => {}
        }
    }
    for expected in &consumer.capi.expects {
        let name = format!("{}.{}", expected.module, expected.class);
        let mut named = provider.capi.classes.iter().filter(|class| class.name == name);
        // Two classes of one name: which one is meant isn't known.
        let (Some(class), None) = (named.next(), named.next()) else { continue };
        fit.compared += 1;
        fit.misfits.extend(sizes(expected, class, name));
    }
    fit
}

/// As Cython's `__Pyx_ImportType` compares them.
fn sizes(expected: &ExpectedClass, class: &SizedClass, name: String) -> Option<Misfit> {
    let item = if class.item == 0 { 0 } else { class.item.max(expected.alignment) };
    let (wanted, here) = (expected.size, class.size);
    if here + item < wanted {
        return Some(Misfit::Smaller { class: name, wanted, here: here + item });
    }
    let minds = expected.larger != Some(Larger::Taken);
    (here > wanted && minds).then_some(Misfit::Larger { class: name, wanted, here, what: expected.larger })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{CFunction, Evidence, Source, TakenFunction};
    use crate::samples::extension;

    fn pair(given: &[(&str, &str)], taken: (&str, &str)) -> Fit {
        let (mut provider, mut consumer) = (extension("p.blas"), extension("c._core"));
        let function = |(name, signature): &(&str, &str)| CFunction {
            name: (*name).to_owned(),
            signature: (*signature).to_owned(),
        };
        provider.capi.gives = given.iter().map(function).collect();
        let (name, signature) = (taken.0.to_owned(), taken.1.to_owned());
        consumer.capi.takes = vec![TakenFunction { module: "p.blas".to_owned(), name, signature }];
        misfits(&consumer, &provider)
    }

    #[test]
    fn a_function_is_compared_by_name_and_signature() {
        let given = [("dot", "double (int *)")];
        assert_eq!(pair(&given, ("dot", "double (int *)")), Fit { compared: 1, misfits: Vec::new() });
        assert!(matches!(pair(&given, ("axpy", "void (int *)")).misfits[..], [Misfit::Missing { .. }]));
        assert!(matches!(pair(&given, ("dot", "double (long *)")).misfits[..], [Misfit::Signature { .. }]));
        // What wasn't read can't be missing.
        assert_eq!(pair(&[], ("dot", "double (int *)")), Fit::default());
    }

    #[test]
    fn sizes_are_compared_as_cython_does() {
        let expected = |size, larger| ExpectedClass {
            module: "p".to_owned(),
            class: "C".to_owned(),
            size,
            alignment: 8,
            larger,
            evidence: Evidence::new(Source::Code, ""),
        };
        let class = |size, item| SizedClass { name: "p.C".to_owned(), size, item };
        let of = |expected: ExpectedClass, class: SizedClass| sizes(&expected, &class, "p.C".to_owned());
        assert_eq!(of(expected(96, Some(Larger::Refused)), class(96, 0)), None);
        assert!(matches!(of(expected(96, None), class(88, 0)), Some(Misfit::Smaller { .. })));
        // An object with items has room behind its head.
        assert_eq!(of(expected(96, Some(Larger::Warned)), class(92, 4)), None);
        let larger = of(expected(80, Some(Larger::Warned)), class(96, 0)).expect("it is larger");
        assert!(!larger.is_refused());
        assert!(of(expected(80, Some(Larger::Refused)), class(96, 0)).expect("it is larger").is_refused());
        assert_eq!(of(expected(80, Some(Larger::Taken)), class(96, 0)), None);
    }
}
