//! The options of one pickler. The Python half checks what the user passed and makes an object of it; here it is read once.

use crate::python::{Object, Owned, Result, Visit, none};

use super::names::Names;

/// Which modules go by value, for this pickler alone.
pub(crate) enum Rule {
    /// Those whose name is this, or starts with this and a dot.
    Package(String),
    /// Those whose name starts so.
    Prefix(String),
    /// Those for whose name a function says so.
    Ask(Owned),
}

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
    pub(crate) rules: Vec<Rule>,
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
            rules: Vec::new(),
        }
    }

    /// Reads the object.
    pub(crate) fn read(names: &Names, object: &Object) -> Result<Self> {
        if object.is_none() {
            return Ok(Self::usual());
        }
        let says = |name: &Object| object.get(name)?.truth();
        let given = object.get(&names.rules)?;
        let mut rules = Vec::new();
        for at in 0..given.tuple_len() {
            let Some(rule) = given.tuple_item(at) else { break };
            rules.push(if rule.is_text() {
                let text = rule.utf8()?;
                match text.strip_suffix('\0') {
                    Some(package) => Rule::Package(package.to_owned()),
                    None => Rule::Prefix(text.to_owned()),
                }
            } else {
                Rule::Ask(rule.own())
            });
        }
        Ok(Self {
            object: object.own(),
            strict: says(&names.strict)?,
            filenames: says(&names.filenames)?,
            main_by_reference: says(&names.main_by_reference)?,
            configured: says(&names.configured)?,
            rules,
        })
    }

    /// Shows the collector what is held.
    pub(crate) fn visit(&self, visit: &mut Visit) {
        visit.see(&self.object);
        for rule in &self.rules {
            if let Rule::Ask(ask) = rule {
                visit.see(ask);
            }
        }
    }
}
