//! The names of the standard library that streams call. Each is written as module and name once in a stream, and known by its
//! object: where a user's data has it too, it is the same entry of the memo.

use std::sync::OnceLock;

use crate::python::{Object, Owned, Result, import_object, interned};

macro_rules! standards {
    ($($name:ident = $module:literal $path:literal;)*) => {
        /// One of the names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Standard { $($name,)* }

        const NAMES: &[(&str, &str)] = &[$(($module, $path),)*];
    };
}

standards! {
    Function = "types" "FunctionType";
    Code = "types" "CodeType";
    Cell = "types" "CellType";
    Module = "types" "ModuleType";
    Type = "builtins" "type";
    GetAttr = "builtins" "getattr";
    SetAttr = "builtins" "setattr";
    TypeSetAttr = "builtins" "type.__setattr__";
    Builtins = "builtins" "__dict__";
    ImportModule = "importlib" "import_module";
    SetDefault = "builtins" "dict.setdefault";
    DictGet = "builtins" "dict.get";
    DictUpdate = "builtins" "dict.update";
    Contains = "_operator" "contains";
    Is = "_operator" "is_";
    CopyReg = "copyreg" "__dict__";
    WeakValues = "weakref" "WeakValueDictionary";
    WeakSetDefault = "weakref" "WeakValueDictionary.setdefault";
}

/// One name, with what it means.
pub(crate) struct Resolved {
    pub(crate) module: Owned,
    pub(crate) path: Owned,
    pub(crate) object: Owned,
}

/// All names, each looked up when it is first used.
#[derive(Default)]
pub(crate) struct Standards([OnceLock<Resolved>; NAMES.len()]);

impl Standards {
    pub(crate) fn get(&self, which: Standard) -> Result<&Resolved> {
        let place = &self.0[which as usize];
        if let Some(known) = place.get() {
            return Ok(known);
        }
        let (module, path) = NAMES[which as usize];
        let module = interned(module)?;
        let mut object = import_object(&module)?;
        // `import` gives the outermost module; none of these has a dot.
        for part in path.split('.') {
            object = object.get(&*interned(part)?)?;
        }
        let resolved = Resolved { module, path: interned(path)?, object };
        Ok(place.get_or_init(|| resolved))
    }

    /// What has been looked up, for the collector.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.0.iter().filter_map(|place| place.get().map(|known| &*known.object))
    }
}
