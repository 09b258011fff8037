//! The error that another Python version gets. Code belongs to one version: a stream that holds some begins with a call that
//! raises `UnpicklingError`, naming both versions, before anything else is built. Calls of the standard library alone.

use crate::python::{Owned, Result, import, interned};
use crate::writer::session::Session;
use crate::writer::step::op;

fn text(stream: &mut Vec<u8>, text: &str) {
    match u8::try_from(text.len()) {
        Ok(length) => stream.extend([op::SHORT_BINUNICODE, length]),
        Err(_) => {
            stream.push(op::BINUNICODE);
            stream.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
    stream.extend(text.as_bytes());
}

fn name(stream: &mut Vec<u8>, module: &str, path: &str) {
    text(stream, module);
    text(stream, path);
    stream.push(op::STACK_GLOBAL);
}

/// `{tag: operator.is_}.get(sys.implementation.cache_tag, GeneratorType.throw)(generator, UnpicklingError(…))`, thrown away.
/// Nothing gets a number in the memo, so that it can be put in front of what has been written.
fn stream(tag: &str, version: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(400);
    name(&mut out, "builtins", "dict.get");
    out.push(op::EMPTY_DICT);
    text(&mut out, tag);
    name(&mut out, "_operator", "is_");
    out.push(op::SETITEM);
    name(&mut out, "sys", "implementation.cache_tag");
    name(&mut out, "types", "GeneratorType.throw");
    out.extend([op::TUPLE3, op::REDUCE]);
    name(&mut out, "codecs", "iterdecode");
    out.push(op::EMPTY_TUPLE);
    text(&mut out, "utf-8");
    out.extend([op::TUPLE2, op::REDUCE]);
    name(&mut out, "_pickle", "UnpicklingError");
    name(&mut out, "builtins", "str.format");
    text(
        &mut out,
        &format!(
            "this pickle holds code of {version} and can't be loaded by Python {{0}}; \
             load it with that version, or write it with portable=\"source\""
        ),
    );
    name(&mut out, "sys", "version");
    out.extend([op::TUPLE2, op::REDUCE, op::TUPLE1, op::REDUCE, op::TUPLE2, op::REDUCE, op::POP]);
    out
}

/// The guard of the running Python.
pub(crate) fn make() -> Result<Vec<u8>> {
    let sys = import(c"sys")?;
    let tag: Owned = sys.get(&*interned("implementation")?)?.get(&*interned("cache_tag")?)?;
    let version = sys.get(&*interned("version_info")?)?;
    let number = |at: usize| -> Result<i64> {
        version.tuple_item(at).map_or(Ok(0), |number| Ok(number.small_int()?.unwrap_or(0)))
    };
    let version = format!("CPython {}.{}", number(0)?, number(1)?);
    let tag = if tag.is_text() { tag.utf8()?.to_owned() } else { String::new() };
    Ok(stream(&tag, &version))
}

impl Session<'_> {
    /// Puts the guard at the start of the stream, or here, where the start is already with the file.
    pub(super) fn guard(&mut self) -> Result<()> {
        if self.guarded {
            return Ok(());
        }
        self.guarded = true;
        let guard = self.held.guard()?;
        self.out.put_first(guard)
    }
}
