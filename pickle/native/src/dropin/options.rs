//! The options of one pickler. The Python half checks what the user passed and makes an object of it; here it is read once.

use crate::by_value::Rules;
use crate::python::{Object, Owned, Result, Visit, none};

use super::names::Names;

/// The options.
pub(crate) struct Options {
    /// The Python object, or `None` where all is as usual.
    pub(crate) object: Owned,
    /// Cloudpickle's bytes or its error, where ours would be right.
    pub(crate) strict: bool,
    /// Code keeps the names of its files, as before cloudpickle 3.1.3.
    pub(crate) filenames: bool,
    /// What is in `__main__` goes by reference.
    pub(crate) main_by_reference: bool,
    /// Something is set that the Python half has to see to.
    pub(crate) configured: bool,
    /// The rules of `by_value`.
    pub(crate) rules: Rules,
}

impl Options {
    /// What holds where nothing was said.
    pub(crate) fn usual() -> Self {
        Self {
            object: none(),
            strict: false,
            filenames: false,
            main_by_reference: false,
            configured: false,
            rules: Rules::default(),
        }
    }

    /// Reads the object.
    pub(crate) fn read(names: &Names, object: &Object) -> Result<Self> {
        if object.is_none() {
            return Ok(Self::usual());
        }
        let says = |name: &Object| object.get(name)?.truth();
        Ok(Self {
            object: object.own(),
            strict: says(&names.strict)?,
            filenames: says(&names.filenames)?,
            main_by_reference: says(&names.main_by_reference)?,
            configured: says(&names.configured)?,
            rules: Rules::read(&*object.get(&names.rules)?)?,
        })
    }

    /// Shows the collector what is held.
    pub(crate) fn visit(&self, visit: &mut Visit) {
        visit.see(&self.object);
        for asked in self.rules.objects() {
            visit.see(asked);
        }
    }
}
