//! The functions that loading calls: cloudpickle's where it can be imported, else those of `interbind.pickle.cloudpickle`.
//!
//! They are looked for when the first function or class goes by value, so that a program that pickles data imports neither.

use crate::python::{Object, Owned, Raised, Result, Visit, interned};

use super::Held;

macro_rules! home {
    ($($field:ident: $name:literal,)*) => {
        /// What is needed of the module.
        pub(crate) struct Home {
            $(#[doc = $name] pub(crate) $field: Owned,)*
            /// The dict in the tracker of classes: weak reference → id.
            tracked: Owned,
            /// The module's own dict, in which somebody may have put another function.
            content: Owned,
            /// The name of `id_of`.
            id_name: Owned,
            /// Gives a class an id, without the lock that `id_of` takes.
            new_id: Owned,
        }

        impl Home {
            fn read(module: &Object, new_id: &Object, data: &Object, dict: &Object) -> Result<Self> {
                let tracker = module.get(&*interned("_DYNAMIC_CLASS_TRACKER_BY_CLASS")?)?;
                Ok(Self {
                    $($field: module.get(&*interned($name)?)?,)*
                    tracked: tracker.get(data)?,
                    content: module.get(dict)?,
                    id_name: interned("_get_or_create_tracker_id")?,
                    new_id: new_id.own(),
                })
            }

            /// Tells whether it is one of the functions: those go by name.
            pub(crate) fn has(&self, object: &Object) -> bool {
                false $(|| object.is(&self.$field))*
            }

            /// Shows the collector what is held.
            pub(crate) fn visit(&self, visit: &mut Visit) {
                $(visit.see(&self.$field);)*
                visit.see(&self.tracked);
                visit.see(&self.content);
                visit.see(&self.new_id);
            }
        }
    };
}

home! {
    make_function: "_make_function",
    set_function: "_function_setstate",
    make_empty_cell: "_make_empty_cell",
    make_cell: "_make_cell",
    make_class: "_make_skeleton_class",
    set_class: "_class_setstate",
    builtin_type: "_builtin_type",
    subimport: "subimport",
    dynamic_subimport: "dynamic_subimport",
    id_of: "_get_or_create_tracker_id",
}

impl Home {
    /// The id by which a class is known again where it is loaded.
    pub(crate) fn id(&self, class: &Object) -> Result<Owned> {
        let replaced = match self.content.dict_find(&self.id_name)? {
            Some(now) if now.is(&self.id_of) => None,
            now => now,
        };
        if let Some(replaced) = replaced {
            return replaced.call(&[class]);
        }
        if let Some(id) = self.tracked.dict_find(&*class.weak()?)? {
            return Ok(id);
        }
        self.new_id.call(&[class])
    }
}

/// The home, looked for once.
pub(crate) fn of(held: &Held) -> Result<&Home> {
    if let Some(known) = held.home.get() {
        return Ok(known);
    }
    let found = held.attached()?.home.call(&[])?;
    let (Some(module), Some(new_id)) = (found.tuple_item(0), found.tuple_item(1)) else {
        return Err(Raised::runtime("interbind.pickle is of another release than interbind._pickle"));
    };
    let home = Home::read(module, new_id, &held.names.data, &held.names.dict)?;
    Ok(held.home.get_or_init(|| home))
}

/// Tells whether nothing was registered to go by value.
pub(crate) fn nothing_registered(held: &Held) -> Result<bool> {
    let all = &held.attached()?.registries;
    for at in 0..all.list_len() {
        if all.list_item(at)?.set_len() > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The sets of names of modules that go by value: ours, and cloudpickle's where somebody has imported it.
pub(crate) fn registries(held: &Held) -> Result<Vec<Owned>> {
    let all = &held.attached()?.registries;
    (0..all.list_len()).map(|at| all.list_item(at)).collect()
}
