//! Notes on exceptions, and texts of objects for people.

use super::object::Object;
use super::raised::{Raised, Result};
use super::{interned, text, tuple};

/// Adds a note to an exception. Before Python 3.11 nobody shows notes, but they are put where later Pythons have them; and an
/// exception that the engine itself raised, with its text as the only argument, gets a longer one. What somebody's code raised
/// keeps its arguments.
pub(crate) fn add_note(exception: &Object, note: &str) -> Result<()> {
    #[cfg(Py_3_11)]
    {
        exception.call_method(&*interned("add_note")?, &[&*text(note)?]).map(drop)
    }
    #[cfg(not(Py_3_11))]
    {
        let name = interned("args")?;
        let given = exception.get(&name)?;
        let notes_name = interned("__notes__")?;
        let notes = match exception.find(&notes_name)? {
            Some(notes) => notes,
            None => super::list()?,
        };
        notes.call_method(&*interned("append")?, &[&*text(note)?])?;
        exception.set(&notes_name, &notes)?;
        if !exception.get(&*interned("__traceback__")?)?.is_none() {
            return Ok(());
        }
        if let (1, Some(said)) = (given.tuple_len(), given.tuple_item(0)) {
            if said.is_text() {
                let longer = format!("{}\n{note}", said.utf8()?);
                exception.set(&name, &*tuple(&[&*text(&longer)?])?)?;
            }
        }
        Ok(())
    }
}

impl Object {
    /// `str(self)` for a message; what has none is shown as a question mark. Text is itself, and Python isn't asked for it: that would
    /// let a signal's handler run, whose exception would be lost here.
    pub(crate) fn shown(&self) -> String {
        let text = if self.is_text() { Ok(self.own()) } else { self.to_text() };
        let shown = text.and_then(|text| match text.utf8() {
            Ok(text) => Ok(text.to_owned()),
            Err(raised) => {
                raised.dismiss();
                let escaped = text.encode_with_surrogates()?;
                Ok(String::from_utf8_lossy(escaped.bytes()?).into_owned())
            }
        });
        shown.unwrap_or_else(|raised| {
            raised.dismiss();
            "?".to_owned()
        })
    }
}

/// Lets signal handlers run.
pub(crate) fn signals() -> Result<()> {
    // SAFETY: attached, as every thread that works with references.
    let said = unsafe { pyo3_ffi::PyErr_CheckSignals() };
    // SAFETY: not 0 says that an exception is set.
    if said != 0 { Err(unsafe { Raised::already() }) } else { Ok(()) }
}
