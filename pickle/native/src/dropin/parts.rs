//! What functions and classes are made of: cells, code, properties, methods, modules. Each reducer is a function of the module,
//! which stands in the table of reducers like any other; an answer for a session doesn't go through Python.

use crate::python::{
    Definitions, Object, One, Owned, Raised, Result, dict, import, interned, last, none, one, tuple,
    type_class,
};
use crate::state;

use super::options::Options;
use super::session::Session;
use super::{Held, code, home, lookup};

macro_rules! kinds {
    ($($kind:ident, $field:ident, $name:literal;)*) => {
        /// The reducers, as Python's functions, and the classes that they name.
        pub(crate) struct Kinds {
            $($field: Owned,)*
            property_class: Owned,
            code_class: Owned,
            method_class: Owned,
            proxy_class: Owned,
            get_attribute: Owned,
            member_class: Owned,
        }

        $(
            struct $kind;

            impl One for $kind {
                const NAME: &'static core::ffi::CStr = $name;

                fn call(module: &Object, object: &Object) -> Result<Owned> {
                    let held = &state::of(module)?.dropin;
                    let session = Session::new(module, Options::usual(), false)?;
                    $field(held, &session, object)
                }
            }
        )*

        static FUNCTIONS: Definitions<{ [$($name),*].len() + 1 }> =
            Definitions::new([$(one::<$kind>(),)* last()]);

        impl Kinds {
            /// Puts the functions into the module, and takes them.
            pub(crate) fn make(module: &Object) -> Result<Self> {
                FUNCTIONS.add_to(module)?;
                let types = import(c"types")?;
                let builtins = import(c"builtins")?;
                Ok(Self {
                    $($field: module.get(&*interned(
                        $name.to_str().map_err(|_| Raised::system("a name that isn't UTF-8"))?
                    )?)?,)*
                    property_class: builtins.get(&*interned("property")?)?,
                    code_class: types.get(&*interned("CodeType")?)?,
                    method_class: types.get(&*interned("MethodType")?)?,
                    proxy_class: types.get(&*interned("MappingProxyType")?)?,
                    member_class: types.get(&*interned("MemberDescriptorType")?)?,
                    get_attribute: builtins.get(&*interned("getattr")?)?,
                })
            }

            /// The functions.
            pub(crate) fn functions(&self) -> Vec<&Owned> {
                vec![$(&self.$field),*]
            }
        }

        /// The answer of one of these reducers; nothing if it is another one.
        pub(crate) fn reduce(
            held: &Held,
            session: &Session,
            reducer: &Object,
            object: &Object,
        ) -> Result<Option<Owned>> {
            $(
                if reducer.is(&held.kinds.$field) {
                    return $field(held, session, object).map(Some);
                }
            )*
            Ok(None)
        }
    };
}

kinds! {
    Cell, cell, c"_cell_reduce";
    Code, code_object, c"_code_reduce";
    Wrapped, wrapped, c"_classmethod_reduce";
    Property, property, c"_property_reduce";
    Method, method, c"_method_reduce";
    Module, module, c"_module_reduce";
    Proxy, proxy, c"_mappingproxy_reduce";
    Descriptor, descriptor, c"_getset_descriptor_reduce";
}

impl Kinds {
    /// `property`, the class.
    pub(crate) fn property_class(&self) -> &Object {
        &self.property_class
    }

    /// The class of what `__slots__` makes.
    pub(crate) fn member_class(&self) -> &Object {
        &self.member_class
    }
}

/// A function and its arguments.
fn call(session: &Session, function: &Object, arguments: &[&Object]) -> Result<Owned> {
    let arguments = tuple(arguments)?;
    let reduced = tuple(&[function, &arguments])?;
    if session.hidden {
        if arguments.tuple_len() > 0 {
            arguments.untrack();
        }
        reduced.untrack();
    }
    Ok(reduced)
}

fn cell(held: &Held, session: &Session, object: &Object) -> Result<Owned> {
    let home = home::of(held)?;
    if super::cells::is_filled_by_functions(held, session, object)? {
        return call(session, &home.make_empty_cell, &[]);
    }
    match object.cell_content()? {
        Some(content) => call(session, &home.make_cell, &[&content]),
        None => call(session, &home.make_empty_cell, &[]),
    }
}

fn code_object(held: &Held, session: &Session, object: &Object) -> Result<Owned> {
    if session.options.configured {
        let reduced = code::reduce(held, &session.options, &held.kinds.code_class, object, false)?;
        return held.attached()?.function.call(&[object, &*none(), &session.options.object, &reduced]);
    }
    code::reduce(held, &session.options, &held.kinds.code_class, object, session.hidden)
}

fn wrapped(held: &Held, session: &Session, object: &Object) -> Result<Owned> {
    call(session, &object.class(), &[&*object.get(&held.names.func)?])
}

fn property(held: &Held, session: &Session, object: &Object) -> Result<Owned> {
    let names = &held.names;
    let parts = [&names.fget, &names.fset, &names.fdel, &names.doc].map(|name| object.get(name));
    let [fget, fset, fdel, doc] = parts;
    call(session, &held.kinds.property_class, &[&*fget?, &*fset?, &*fdel?, &*doc?])
}

fn method(held: &Held, session: &Session, object: &Object) -> Result<Owned> {
    let (function, this) = (object.get(&held.names.func)?, object.get(&held.names.self_)?);
    call(session, &held.kinds.method_class, &[&function, &this])
}

fn module(held: &Held, session: &Session, object: &Object) -> Result<Owned> {
    let home = home::of(held)?;
    let name = object.get(&held.names.name)?;
    if lookup::module_by_reference(held, session, &name)? {
        return call(session, &home.subimport, &[&name]);
    }
    let content = object.get(&held.names.dict)?.dict_copy()?;
    if content.dict_find(&held.names.builtins)?.is_some() {
        content.dict_remove(&held.names.builtins)?;
    }
    if session.options.rules.is_empty() {
        if session.options.strict || !super::scan::from(held, session, content.own())?.has(object) {
            return call(session, &home.dynamic_subimport, &[&name, &content]);
        }
        // Its content mentions it.
        let arguments = tuple(&[&name, &*dict()?])?;
        return tuple(&[&home.dynamic_subimport, &arguments, &content]);
    }
    // A module of a package that goes along may mention itself, and has parts that say where its file was.
    for own in ["__loader__", "__spec__", "__cached__"] {
        let own = interned(own)?;
        if content.dict_find(&own)?.is_some() {
            content.dict_remove(&own)?;
        }
    }
    let arguments = tuple(&[&name, &*dict()?])?;
    tuple(&[&home.dynamic_subimport, &arguments, &content])
}

fn proxy(held: &Held, session: &Session, object: &Object) -> Result<Owned> {
    let content = dict()?.class().call(&[object])?;
    call(session, &held.kinds.proxy_class, &[&content])
}

fn descriptor(held: &Held, session: &Session, object: &Object) -> Result<Owned> {
    let owner = object.get(&held.names.objclass)?;
    // The class of `type` and the like has a name of its own too.
    debug_assert!(owner.is_class() || !owner.is(&type_class()));
    call(session, &held.kinds.get_attribute, &[&owner, &*object.get(&held.names.name)?])
}
