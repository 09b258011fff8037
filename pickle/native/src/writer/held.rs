//! What a module keeps for this engine. The tables are Python's own, shared with its picklers: an entry that somebody adds to
//! `copyreg` counts here too.

use crate::python::{Object, Owned, Result, Visit, import, interned};

macro_rules! names {
    ($($name:ident = $text:literal;)*) => {
        /// Names that are looked up often, kept as Python's own `str`.
        pub(crate) struct Names { $(pub(crate) $name: Owned,)* }

        impl Names {
            fn new() -> Result<Self> {
                Ok(Self { $($name: interned($text)?,)* })
            }
        }
    };
}

names! {
    qualname = "__qualname__";
    name = "__name__";
    module = "__module__";
    main = "__main__";
    class = "__class__";
    dict = "__dict__";
    new = "__new__";
    reduce_ex = "__reduce_ex__";
    reduce = "__reduce__";
    getstate = "__getstate__";
    getnewargs = "__getnewargs__";
    getnewargs_ex = "__getnewargs_ex__";
    items = "items";
    write = "write";
    copy = "copy";
    modules = "modules";
    persistent_id = "persistent_id";
    reducer_override = "reducer_override";
    dispatch_table = "dispatch_table";
    latin1 = "latin1";
    dot = ".";
}

/// What the module holds for this engine.
pub(crate) struct Held {
    pub(crate) names: Names,
    pub(crate) pickling_error: Owned,
    pub(crate) dispatch_table: Owned,
    pub(crate) extension_registry: Owned,
    pub(crate) name_mapping: Owned,
    pub(crate) import_mapping: Owned,
    pub(crate) slotnames: Owned,
    pub(crate) encode: Owned,
    pub(crate) getattr: Owned,
    pub(crate) partial: Owned,
    pub(crate) sys: Owned,
    pub(crate) empty_tuple: Owned,
    /// Attributes of `object`, to tell whether a class has its own.
    pub(crate) object: ObjectsOwn,
    pub(crate) pickler: Option<Owned>,
    pub(crate) proxy: Option<Owned>,
    /// What a pickler shows as its `persistent_id` when it has none.
    pub(crate) no_persistent_id: Option<Owned>,
}

/// What `object` itself has.
pub(crate) struct ObjectsOwn {
    pub(crate) reduce_ex: Owned,
    pub(crate) reduce: Owned,
    /// From Python 3.11 on.
    pub(crate) getstate: Option<Owned>,
    /// The descriptor, which `object.__class__` doesn't give.
    pub(crate) class: Owned,
}

impl Held {
    pub(crate) fn new() -> Result<Self> {
        let names = Names::new()?;
        let copyreg = import(c"copyreg")?;
        let compat = import(c"_compat_pickle")?;
        let builtins = import(c"builtins")?;
        let of = |module: &Object, name: &str| module.get(&*interned(name)?);
        let object = of(&builtins, "object")?;
        let attributes = object.get(&names.dict)?;
        Ok(Self {
            pickling_error: of(&*import(c"_pickle")?, "PicklingError")?,
            dispatch_table: of(&copyreg, "dispatch_table")?,
            extension_registry: of(&copyreg, "_extension_registry")?,
            slotnames: of(&copyreg, "_slotnames")?,
            name_mapping: of(&compat, "REVERSE_NAME_MAPPING")?,
            import_mapping: of(&compat, "REVERSE_IMPORT_MAPPING")?,
            encode: of(&*import(c"codecs")?, "encode")?,
            getattr: of(&builtins, "getattr")?,
            partial: of(&*import(c"functools")?, "partial")?,
            sys: import(c"sys")?,
            empty_tuple: crate::python::tuple(&[])?,
            object: ObjectsOwn {
                reduce_ex: object.get(&names.reduce_ex)?,
                reduce: object.get(&names.reduce)?,
                getstate: object.find(&names.getstate)?,
                class: attributes.item(&names.class)?,
            },
            names,
            pickler: None,
            proxy: None,
            no_persistent_id: None,
        })
    }

    /// Tells whether a pickler's `persistent_id` is the one that does nothing.
    pub(crate) fn is_no_persistent_id(&self, hook: &Object) -> bool {
        self.no_persistent_id.as_ref().is_some_and(|none| none.is(hook))
    }

    /// Shows the collector what is held; names are nobody's cycle.
    pub(crate) fn visit(&self, visit: &mut Visit) {
        for object in [
            &self.pickling_error,
            &self.dispatch_table,
            &self.extension_registry,
            &self.name_mapping,
            &self.import_mapping,
            &self.slotnames,
            &self.encode,
            &self.getattr,
            &self.partial,
            &self.sys,
        ] {
            visit.see(object);
        }
        visit.see_some(self.pickler.as_ref());
        visit.see_some(self.proxy.as_ref());
        visit.see_some(self.no_persistent_id.as_ref());
    }
}
