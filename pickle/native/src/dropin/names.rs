//! Names that Python keeps once: made when the module starts.
//!
//! The pickler's memo goes by identity, so where cloudpickle writes a name out of its own code, ours must be that same object.

use crate::python::{Owned, Result, interned};

macro_rules! names {
    ($($field:ident: $text:literal,)*) => {
        /// One field for each name.
        pub(crate) struct Names {
            $(#[doc = $text] pub(crate) $field: Owned,)*
        }

        impl Names {
            /// Makes them all.
            pub(crate) fn make() -> Result<Self> {
                Ok(Self { $($field: interned($text)?,)* })
            }
        }
    };
}

names! {
    annotate: "__annotate__",
    annotate_func: "__annotate_func__",
    annotations: "__annotations__",
    bases: "__bases__",
    builtins: "__builtins__",
    class_cell: "__class__",
    closure: "__closure__",
    configured: "configured",
    data: "data",
    defaults: "__defaults__",
    dict: "__dict__",
    doc: "__doc__",
    dynamic_code: "<dynamic-code>",
    fdel: "fdel",
    fget: "fget",
    file: "__file__",
    filenames: "filenames",
    fset: "fset",
    func: "__func__",
    function_reduce: "_function_reduce",
    function_globals: "__globals__",
    getattr: "__getattr__",
    kwdefaults: "__kwdefaults__",
    init_subclass: "__init_subclass__",
    main: "__main__",
    main_by_reference: "main_by_reference",
    module: "__module__",
    mp_main: "__mp_main__",
    mro: "__mro__",
    name: "__name__",
    objclass: "__objclass__",
    orig_bases: "__orig_bases__",
    package: "__package__",
    path: "__path__",
    qualname: "__qualname__",
    reduce: "__reduce__",
    reduce_ex: "__reduce_ex__",
    rules: "rules",
    self_: "__self__",
    slots: "__slots__",
    strict: "strict",
    submodules: "_cloudpickle_submodules",
    type_params: "__type_params__",
    weakref: "__weakref__",
}
