//! The engine with cloudpickle's bytes, around Python's own pickler.
//!
//! Python's C pickler writes the stream of a `Pickler`, which users may inherit from; `dumps` has our own engine write it, with
//! the same bytes. For each object that they don't know by themselves they ask our `reducer_override`, which answers as
//! cloudpickle does, value by value and identity by identity: what is the same object there is the same object here, because
//! the memo goes by that.
//!
//! | file | what it owns |
//! |---|---|
//! | [`session`] | what one pickler keeps: options, globals, what it has seen |
//! | [`options`] | the options, as Python gave them |
//! | [`dump`] | `dumps`, by the engine of [`crate::writer`] |
//! | [`reduce`] | `reducer_override`: which answer an object gets |
//! | [`function`] | functions by value |
//! | [`scan`] | what the root of a dump reaches |
//! | [`cells`] | which functions must share a variable after loading |
//! | [`code`] | code objects, as arguments of their class |
//! | [`facts`] | what a code object does with names |
//! | [`class`] | classes by value |
//! | [`parts`] | cells, properties, methods, modules: what functions and classes are made of |
//! | [`lookup`] | by name or by value? |
//! | [`orphans`] | where a function without `__module__` lives |
//! | [`submodules`] | submodules that a function reaches through a package |
//! | [`home`] | the functions that loading calls, in cloudpickle or in this package |
//! | [`names`] | names that Python keeps once |
//! | [`address`] | maps by address |

mod address;
mod cells;
mod class;
mod code;
mod dump;
mod facts;
mod function;
mod home;
mod lookup;
mod names;
mod options;
mod orphans;
mod parts;
mod reduce;
mod scan;
mod session;
mod submodules;

use std::sync::{Arc, Mutex, OnceLock};

use crate::kept::Kept;
use crate::python::{
    Class, CodeNames, Definitions, Many, Object, One, Opcodes, Owned, Raised, Result, Visit, last, list,
    many, none, one,
};
use crate::state;

/// What the module holds for this engine.
pub(crate) struct Held {
    names: names::Names,
    code_names: CodeNames,
    /// The descriptors of the fields of code objects.
    code_fields: Vec<Owned>,
    /// What code objects do with names.
    facts: Kept<Arc<facts::Facts>>,
    sessions: Class<session::Session>,
    kinds: parts::Kinds,
    /// A dict with the keys of a function's state, all `None`.
    function_slots: Owned,
    /// What `object` has as its `__class__`: the descriptor.
    class_descriptor: Owned,
    attached: OnceLock<Attached>,
    home: OnceLock<home::Home>,
    opcodes: OnceLock<Opcodes>,
    index: Mutex<Option<Arc<submodules::Index>>>,
}

/// What the package's Python half gives: see `interbind/pickle/_reducers.py`.
struct Attached {
    /// class → reducer, as cloudpickle's table.
    reducers: Owned,
    /// class → reducer that also takes the options, where cloudpickle fails or is wrong.
    repairs: Owned,
    /// Reducers of the first dict that take the options too.
    with_options: Owned,
    /// Adds what belongs to modules that were imported meanwhile.
    refresh: Owned,
    /// class → name, of `types`.
    type_names: Owned,
    /// Makes options out of keywords.
    options: Owned,
    /// The functions of `_by_value.py`.
    class: Owned,
    function: Owned,
    /// Finds cloudpickle's module, or ours where it can't be imported, and what gives a class an id there.
    home: Owned,
    /// A list of sets: names of modules that go by value.
    registries: Owned,
    /// The modules that a function's statements import, where they go by value.
    follow: Owned,
    /// Classes whose instances aren't gone into when a dump's root is scanned: class → anything.
    leaves: Owned,
    /// Reducers of `repairs` that take the session too.
    with_session: Owned,
    /// class → reducer for the objects of classes that inherit from it and leave `__reduce_ex__` alone.
    families: Owned,
    /// Sees to it that Python finds the slots of a class that has another name than it was made with.
    slot_names: Owned,
    /// `sys.modules` when `refresh` ran last: so many.
    refreshed: Mutex<usize>,
}

impl Attached {
    fn all(&self) -> [&Owned; 15] {
        [
            &self.reducers,
            &self.repairs,
            &self.with_options,
            &self.refresh,
            &self.type_names,
            &self.options,
            &self.class,
            &self.function,
            &self.home,
            &self.registries,
            &self.follow,
            &self.leaves,
            &self.with_session,
            &self.families,
            &self.slot_names,
        ]
    }
}

impl Held {
    /// Shows the collector what is held.
    pub(crate) fn visit(&self, visit: &mut Visit) {
        visit.see(self.sessions.as_object());
        visit.see(&self.function_slots);
        visit.see(&self.class_descriptor);
        if let Some(attached) = self.attached.get() {
            for held in attached.all() {
                visit.see(held);
            }
        }
        if let Some(home) = self.home.get() {
            home.visit(visit);
        }
    }

    fn attached(&self) -> Result<&Attached> {
        self.attached.get().ok_or_else(|| Raised::runtime("import interbind.pickle, not interbind._pickle"))
    }
}

/// Takes the Python half.
struct Attach;

impl Many for Attach {
    const NAME: &'static core::ffi::CStr = c"attach";

    fn call(module: &Object, arguments: crate::python::Arguments<'_>) -> Result<Owned> {
        let held = &state::of(module)?.dropin;
        let [
            reducers,
            repairs,
            with_options,
            refresh,
            type_names,
            options,
            class,
            function,
            home,
            registries,
            follow,
            leaves,
            with_session,
            families,
            slot_names,
        ] = arguments.positional()
        else {
            return Err(Raised::type_error("attach() takes fifteen arguments"));
        };
        let attached = Attached {
            reducers: reducers.own(),
            repairs: repairs.own(),
            with_options: with_options.own(),
            refresh: refresh.own(),
            type_names: type_names.own(),
            options: options.own(),
            class: class.own(),
            function: function.own(),
            home: home.own(),
            registries: registries.own(),
            follow: follow.own(),
            leaves: leaves.own(),
            with_session: with_session.own(),
            families: families.own(),
            slot_names: slot_names.own(),
            refreshed: Mutex::new(0),
        };
        // Imported a second time, as after `del sys.modules[…]`: the first stays.
        drop(held.attached.set(attached));
        Ok(none())
    }
}

/// Makes `reducer_override` for a pickler class.
struct Override;

impl One for Override {
    const NAME: &'static core::ffi::CStr = c"override_for";

    fn call(_module: &Object, class: &Object) -> Result<Owned> {
        reduce::METHOD.describe_first(class)
    }
}

static FUNCTIONS: Definitions<4> =
    Definitions::new([many::<Attach>(), one::<Override>(), many::<session::Start>(), last()]);

/// The module's own `dumps` is the writer's, so this one is `dropin_dumps` there.
static DUMPS: Definitions<2> = Definitions::new([many::<dump::Dumps>(), last()]);

/// Puts this engine's functions and types into the module.
pub(crate) fn fill(module: &Object) -> Result<Held> {
    FUNCTIONS.add_to(module)?;
    let names = names::Names::make()?;
    let dumps = DUMPS.bind_first(module)?;
    dumps.set(&names.module, &*crate::python::interned("interbind.pickle")?)?;
    module.put(&*crate::python::interned("dropin_dumps")?, &dumps)?;
    let sessions = Class::make(module)?;
    let kinds = parts::Kinds::make(module)?;
    let reducers = list()?;
    for reducer in kinds.functions() {
        reducers.list_append(reducer)?;
    }
    module.put(&*crate::python::interned("parts")?, &reducers)?;
    let function_slots = function::slots(&names)?;
    let class_descriptor = crate::python::object_class().class_dict()?.item(&names.class_cell)?;
    Ok(Held {
        names,
        code_names: CodeNames::new()?,
        code_fields: crate::writer::code_fields()?,
        facts: Kept::default(),
        sessions,
        kinds,
        function_slots,
        class_descriptor,
        attached: OnceLock::new(),
        home: OnceLock::new(),
        opcodes: OnceLock::new(),
        index: Mutex::new(None),
    })
}
