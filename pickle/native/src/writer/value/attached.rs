//! What the package's Python half gives this engine: see `interbind/pickle/_portable.py`.

use crate::python::{Arguments, Many, Object, Owned, Raised, Result, Visit, none};
use crate::state;

macro_rules! attached {
    ($($(#[$text:meta])* $name:ident,)*) => {
        /// What the Python half gives.
        pub(crate) struct Attached { $($(#[$text])* pub(crate) $name: Owned,)* }

        impl Attached {
            fn take(given: &[&Object]) -> Result<Self> {
                let mut given = given.iter();
                let mut next = || match given.next() {
                    Some(object) => Ok(object.own()),
                    None => Err(Raised::type_error("attach_writer() takes more arguments")),
                };
                Ok(Self { $($name: next()?,)* })
            }

            /// Shows the collector what is held.
            pub(crate) fn visit(&self, visit: &mut Visit) {
                $(visit.see(&self.$name);)*
            }
        }
    };
}

attached! {
    /// Makes options out of keywords.
    options,
    /// class → reducer of an object and the options.
    reducers,
    /// Metaclasses whose classes' instances are asked about.
    metas,
    /// A tuple of classes: instances of classes that inherit from one are asked about.
    special,
    /// Reduces such an instance, or returns `NotImplemented`.
    instance,
    /// Says how a class is made whose metaclass isn't `type`.
    plan,
    /// Refuses classes that can't be made again.
    subclass_hook,
    /// Reduces a function with `singledispatch`, or returns `None`.
    singledispatch,
    /// A list of sets: names of modules that go by value.
    registries,
    /// A set: names of the standard library's modules, without those in packages.
    standard,
    /// The classes, as keys, whose objects can't change and are what they are reduced to.
    frozen,
    /// A call that makes a function's code from its source.
    source,
    /// The annotations of a function or a class, as every version can hold them.
    annotations,
    /// class → module and name in the standard library, of those that aren't where they say.
    type_names,
    /// Adds what belongs to modules that were imported meanwhile.
    refresh,
    /// The registry of classes by their ids, made if it isn't there.
    registry,
    /// Puts a class into it under what it is made of.
    keep,
    /// The id that a class was loaded with, or `None`, from the class and its weak references.
    loaded_id,
    /// The `__slots__` that make a class's layout again, or `None`: it has none.
    slots,
    /// Lets Python find what is in the slots of a class that has another name than it was made with.
    slot_names,
    /// The annotations of a function or class where somebody has changed them, or `None`.
    annotations_now,
    /// Tells whether the module with a name is the standard library's.
    is_standard,
    /// The reducers, as keys, that take a list of the object that is dumped too, and keep there what holds for one dump.
    rooted,
    /// The reducers, as keys, whose objects are known again where they are loaded twice, as classes are.
    known,
    /// Reduces an instance whose class has a way of its own to answer what it is asked for.
    reduced,
    /// base → what was registered for classes that inherit from it; name → for those that have such an attribute.
    class_hooks,
    /// Tells whether a package has a submodule that nobody has imported.
    submodule,
}

impl Attached {
    /// Tells whether a module has the name of one of the standard library's. It may be the user's, which hides that.
    pub(crate) fn may_be_standard(&self, name: &Object) -> Result<bool> {
        let Ok(text) = name.utf8().map_err(Raised::dismiss) else { return Ok(false) };
        let Some((package, _)) = text.split_once('.') else { return self.standard.set_contains(name) };
        self.standard.set_contains(&*crate::python::interned(package)?)
    }

    /// Tells whether no module was registered.
    pub(crate) fn nothing_registered(&self) -> Result<bool> {
        for at in 0..self.registries.list_len() {
            if self.registries.list_item(at)?.set_len() > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells whether a module was registered.
    pub(crate) fn has_registered(&self, name: &Object) -> Result<bool> {
        for at in 0..self.registries.list_len() {
            if self.registries.list_item(at)?.set_contains(name)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells whether a class inherits from one whose instances are asked about.
    pub(crate) fn is_special(&self, class: &Object) -> Result<bool> {
        for at in 0..self.special.tuple_len() {
            if self.special.tuple_item(at).is_some_and(|special| class.inherits(special)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// `attach_writer(…)`: takes the Python half.
pub(crate) struct Attach;

impl Many for Attach {
    const NAME: &'static core::ffi::CStr = c"attach_writer";

    fn call(module: &Object, arguments: Arguments<'_>) -> Result<Owned> {
        let attached = Attached::take(arguments.positional())?;
        // Imported a second time, as after `del sys.modules[…]`: the first stays.
        drop(state::of(module)?.writer.attached.set(attached));
        Ok(none())
    }
}
