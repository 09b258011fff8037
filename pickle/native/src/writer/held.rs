//! What a module keeps for this engine. The tables are Python's own, shared with its picklers: an entry that somebody adds to
//! `copyreg` counts here too.

use std::hash::RandomState;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::python::{CodeNames, Object, Opcodes, Owned, Raised, Result, Visit, import, interned, type_class};

use crate::kept::Kept;

use super::value::{Attached, Facts, Standards, Tracked, Unsaid, WeakValues, fields, make_guard};

macro_rules! names {
    ($(#[$doc:meta])* $struct:ident: $($name:ident = $text:literal;)*) => {
        $(#[$doc])*
        pub(crate) struct $struct { $(pub(crate) $name: Owned,)* }

        impl $struct {
            fn new() -> Result<Self> {
                Ok(Self { $($name: interned($text)?,)* })
            }
        }
    };
}

names! {
    /// Names that are looked up often, kept as Python's own `str`.
    Names:
    qualname = "__qualname__";
    name = "__name__";
    module = "__module__";
    main = "__main__";
    class = "__class__";
    dict = "__dict__";
    builtins = "__builtins__";
    path = "__path__";
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
    package = "__package__";
    registry = "registry";
}

names! {
    /// Names of what functions have.
    FunctionNames:
    defaults = "__defaults__";
    kwdefaults = "__kwdefaults__";
    doc = "__doc__";
    annotations = "__annotations__";
    annotate = "__annotate__";
    type_params = "__type_params__";
    cell_contents = "cell_contents";
    func = "__func__";
    bound_to = "__self__";
    fget = "fget";
    fset = "fset";
    fdel = "fdel";
}

names! {
    /// Names of what classes have.
    ClassNames:
    bases = "__bases__";
    mro = "__mro__";
    slots = "__slots__";
    member_map = "_member_map_";
    fields = "__dataclass_fields__";
    orig_bases = "__orig_bases__";
    doc = "__doc__";
    annotate_func = "__annotate_func__";
    annotate = "__annotate__";
    annotations_cache = "__annotations_cache__";
    slotnames = "__slotnames__";
    annotations = "__annotations__";
    init_subclass = "__init_subclass__";
    setattr = "__setattr__";
    getattr = "__getattr__";
    getattribute = "__getattribute__";
    setstate = "__setstate__";
    registry = "_interbind_classes";
    classdict = "__classdict__";
}

impl ClassNames {
    /// Tells whether an item of a class's dict is there because somebody has asked for annotations of a class that has none.
    pub(super) fn is_asked_for(&self, content: &Object, name: &Object, value: &Object) -> Result<bool> {
        // By their text: not every Python has the one interned there.
        let is = |known: &Object| Ok(name.is(known) || name.is_text() && name.equals(known)?);
        if value.is_none() {
            return is(&self.annotate_func);
        }
        if !value.is_exact_dict() || value.dict_len() > 0 {
            return Ok(false);
        }
        if is(&self.annotations_cache)? {
            // From 3.14 on; what there is has been taken away where the class has some.
            return Ok(content.dict_find(&self.annotate_func)?.is_none_or(|found| found.is_none()));
        }
        is(&self.annotations)
    }
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
    /// `_weakref.getweakrefs`.
    pub(crate) weak_references: Owned,
    pub(crate) urandom: Owned,
    pub(super) weak_values: OnceLock<WeakValues>,
    /// What is chosen where nothing was said.
    pub(super) choices: Unsaid,
    pub(crate) empty_tuple: Owned,
    pub(crate) function_names: FunctionNames,
    pub(crate) class_names: ClassNames,
    pub(crate) code_names: CodeNames,
    /// The descriptors of the fields of code objects.
    pub(crate) code_fields: Vec<Owned>,
    /// What `type` knows of each class, whatever its metaclass says.
    pub(crate) of_types: OfTypes,
    pub(crate) type_setattr: Owned,
    pub(crate) type_getattribute: Owned,
    pub(crate) standards: Standards,
    pub(crate) attached: OnceLock<Attached>,
    /// How many modules there were when the Python half looked last.
    pub(super) refreshed: AtomicUsize,
    /// What was found out about code objects.
    pub(super) facts: Kept<Arc<Facts>>,
    /// The ids of classes.
    pub(super) tracked: Kept<Tracked>,
    pub(super) opcodes: OnceLock<Opcodes>,
    pub(super) guard: OnceLock<Vec<u8>>,
    /// For hashes that only this process compares.
    pub(super) keys: [RandomState; 2],
    /// Attributes of `object`, to tell whether a class has its own.
    pub(crate) object: ObjectsOwn,
    pub(crate) pickler: Option<Owned>,
    pub(crate) proxy: Option<Owned>,
    /// What a pickler shows as its `persistent_id` when it has none.
    pub(crate) no_persistent_id: Option<Owned>,
}

/// Descriptors of `type`.
pub(crate) struct OfTypes {
    pub(crate) name: Owned,
    pub(crate) qualname: Owned,
    pub(crate) bases: Owned,
    pub(crate) mro: Owned,
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
        let class_names = ClassNames::new()?;
        let copyreg = import(c"copyreg")?;
        let compat = import(c"_compat_pickle")?;
        let builtins = import(c"builtins")?;
        let of = |module: &Object, name: &str| module.get(&*interned(name)?);
        let object = of(&builtins, "object")?;
        let attributes = object.get(&names.dict)?;
        let of_type = type_class().class_dict()?;
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
            weak_references: of(&*import(c"_weakref")?, "getweakrefs")?,
            urandom: of(&*import(c"os")?, "urandom")?,
            weak_values: OnceLock::new(),
            choices: Unsaid::new(),
            empty_tuple: crate::python::tuple(&[])?,
            function_names: FunctionNames::new()?,
            code_names: CodeNames::new()?,
            code_fields: fields()?,
            of_types: OfTypes {
                name: of_type.item(&names.name)?,
                qualname: of_type.item(&names.qualname)?,
                bases: of_type.item(&class_names.bases)?,
                mro: of_type.item(&class_names.mro)?,
            },
            type_setattr: type_class().get(&class_names.setattr)?,
            type_getattribute: type_class().get(&class_names.getattribute)?,
            class_names,
            standards: Standards::default(),
            attached: OnceLock::new(),
            refreshed: AtomicUsize::new(0),
            facts: Kept::default(),
            tracked: Kept::default(),
            opcodes: OnceLock::new(),
            guard: OnceLock::new(),
            keys: [RandomState::new(), RandomState::new()],
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

    /// What the Python half gave.
    pub(crate) fn attached(&self) -> Result<&Attached> {
        if let Some(attached) = self.attached.get() {
            return Ok(attached);
        }
        // It gives itself: see `attach_writer` there.
        import(c"interbind.pickle._portable")?;
        let missing =
            || Raised::runtime("interbind.pickle._portable has been imported into another interbind._pickle");
        self.attached.get().ok_or_else(missing)
    }

    /// Lets the Python half add what belongs to modules that have been imported since the last time.
    pub(crate) fn refresh(&self) -> Result<()> {
        let attached = self.attached()?;
        let count = crate::python::modules()?.dict_len();
        if self.refreshed.load(Ordering::Relaxed) != count {
            attached.refresh.call(&[])?;
            // Only now: where it failed, the next dump tries again.
            self.refreshed.store(count, Ordering::Relaxed);
        }
        Ok(())
    }

    /// What the registry of classes is made of.
    pub(super) fn weak_values(&self) -> Result<&WeakValues> {
        if let Some(known) = self.weak_values.get() {
            return Ok(known);
        }
        let found = WeakValues::find()?;
        Ok(self.weak_values.get_or_init(|| found))
    }

    /// The numbers of this Python's operations.
    pub(crate) fn opcodes(&self) -> Result<&Opcodes> {
        if let Some(known) = self.opcodes.get() {
            return Ok(known);
        }
        let read = Opcodes::read()?;
        Ok(self.opcodes.get_or_init(|| read))
    }

    /// The error for other Python versions, as a stream has it.
    pub(crate) fn guard(&self) -> Result<&[u8]> {
        if let Some(known) = self.guard.get() {
            return Ok(known);
        }
        let made = make_guard()?;
        Ok(self.guard.get_or_init(|| made))
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
            &self.weak_references,
            &self.urandom,
        ] {
            visit.see(object);
        }
        for object in self.standards.objects() {
            visit.see(object);
        }
        if let Some(attached) = self.attached.get() {
            attached.visit(visit);
        }
        for object in self.weak_values.get().iter().flat_map(|weak| weak.objects()) {
            visit.see(object);
        }
        visit.see_some(self.pickler.as_ref());
        visit.see_some(self.proxy.as_ref());
        visit.see_some(self.no_persistent_id.as_ref());
    }
}
