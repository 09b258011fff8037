//! What the caller chose, and by name or by value? By name goes what can be imported: what its module has under its name, unless
//! that module is `__main__`, or was registered to go by value.

use std::sync::Arc;

use crate::by_value::Rules;
use crate::python::{Object, Owned, Raised, Result, interned, none, text};
use crate::writer::session::Session;

/// What the name of a function or a class has in it that is found nowhere.
const LOCAL: &str = "<locals>";

/// By what a class is known again where it is loaded twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Each load makes a new class.
    #[default]
    Nothing,
    /// A process's class keeps its id until it changes.
    Tracked,
    /// What the class is made of says it.
    Content,
}

/// From where on equal input gives equal bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Canonical {
    /// Nowhere: an object is known again by which one it is, and sets come as Python goes through them.
    #[default]
    Never,
    /// From the first function or class that goes by value. Data has the bytes that Python's own pickler gives it, but for sets
    /// whose order differs from process to process. What nobody can tell apart comes as it comes.
    FromValues,
    /// From the start, or an error.
    Always,
}

/// What the caller chose.
pub(crate) struct Choices {
    /// Functions and classes go by value where they can't be imported.
    pub(crate) values: bool,
    pub(crate) canonical: Canonical,
    pub(crate) identity: Identity,
    /// Code goes as source.
    pub(crate) source: bool,
    /// Without the places of code in its file.
    pub(crate) strip: bool,
    /// The order of dicts doesn't count; only for hashes.
    pub(crate) sort_keys: bool,
    /// class → function that says what of an object counts; only for hashes.
    pub(crate) normalize: Option<Owned>,
    rules: Rules,
    /// The options as the Python half has them.
    pub(crate) object: Owned,
}

/// What is chosen where nothing was said.
pub(crate) struct Unsaid {
    /// By `interbind._pickle` itself, for data.
    pub(crate) by_name: Arc<Choices>,
    /// By `interbind.pickle.own`.
    pub(crate) usual: Arc<Choices>,
}

impl Unsaid {
    pub(crate) fn new() -> Self {
        Self { by_name: Choices::by_name().shared(), usual: Choices::usual().shared() }
    }
}

impl Choices {
    /// To be shared by dumps.
    pub(crate) fn shared(self) -> Arc<Self> {
        #[allow(
            clippy::arc_with_non_send_sync,
            reason = "threads that have it are attached; the count is all they share"
        )]
        Arc::new(self)
    }

    /// As Python's own pickler: all by name.
    pub(crate) fn by_name() -> Self {
        Self {
            values: false,
            canonical: Canonical::Never,
            identity: Identity::Nothing,
            source: false,
            strip: false,
            sort_keys: false,
            normalize: None,
            rules: Rules::default(),
            object: none(),
        }
    }

    /// What holds in `interbind.pickle.own` where nothing was said.
    pub(crate) fn usual() -> Self {
        Self {
            values: true,
            canonical: Canonical::FromValues,
            identity: Identity::Tracked,
            ..Self::by_name()
        }
    }

    /// Reads what the Python half has checked.
    pub(crate) fn read(object: &Object) -> Result<Self> {
        let says = |name: &str| object.get(&*interned(name)?)?.truth();
        let identity = object.get(&*interned("identity")?)?;
        let identity = if identity.is_none() {
            Identity::Nothing
        } else {
            match identity.utf8()? {
                "tracked" => Identity::Tracked,
                "content" => Identity::Content,
                _ => return Err(Raised::value("identity is 'tracked', 'content' or None")),
            }
        };
        let values = says("values")?;
        let canonical = object.get(&*interned("deterministic")?)?;
        let canonical = match (canonical.is_none(), canonical.truth()?) {
            (true, _) if values => Canonical::FromValues,
            (false, true) => Canonical::Always,
            _ => Canonical::Never,
        };
        Ok(Self {
            values,
            canonical,
            identity,
            source: says("source")?,
            strip: says("strip")?,
            sort_keys: says("sort_keys")?,
            normalize: Some(object.get(&*interned("normalize")?)?).filter(|table| table.is_exact_dict()),
            rules: Rules::read(&*object.get(&*interned("rules")?)?)?,
            object: object.own(),
        })
    }

    /// All that is held, for the collector.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Owned> {
        self.rules.objects().chain([&self.object]).chain(&self.normalize)
    }
}

impl Session<'_> {
    /// Tells whether a function or a class can be imported where it is loaded.
    pub(in crate::writer) fn goes_by_name(&self, object: &Object) -> Result<bool> {
        let names = &self.held.names;
        let Some(path) = object.find(&names.qualname)? else { return Ok(false) };
        if !path.is_text() || path.utf8().map_err(Raised::dismiss).is_ok_and(|path| path.contains(LOCAL)) {
            return Ok(false);
        }
        let Some(module) = object.find(&names.module)? else { return Ok(false) };
        self.is_found(object, &path, &module)
    }

    /// Tells whether a function or a class is found by its module's name and its own.
    pub(in crate::writer) fn is_found(
        &self,
        object: &Object,
        path: &Object,
        module: &Object,
    ) -> Result<bool> {
        let names = &self.held.names;
        if !path.is_text() || !module.is_text() || self.is_main(module)? {
            return Ok(false);
        }
        let Ok(path) = path.utf8().map_err(Raised::dismiss) else { return Ok(false) };
        if path.contains(LOCAL) {
            return Ok(false);
        }
        let modules = self.held.sys.get(&names.modules)?;
        let Some(found) = modules.find_item(module)?.filter(|found| !found.is_none()) else {
            return Ok(false);
        };
        let mut at = found;
        for part in path.split('.') {
            match at.find(&*interned(part)?)? {
                Some(next) => at = next,
                None => return Ok(false),
            }
        }
        Ok(at.is(object) && !self.registered(module)?)
    }

    /// Tells whether a module is the program itself, whose name another process has for its own program.
    pub(super) fn is_main(&self, name: &Object) -> Result<bool> {
        let main = &self.held.names.main;
        if name.is(main) {
            return Ok(true);
        }
        Ok(name.is_text() && matches!(name.utf8().map_err(Raised::dismiss), Ok("__main__" | "__mp_main__")))
    }

    /// The name of a module as it is written: the program has one name, also in a process that `multiprocessing` started.
    pub(super) fn home(&self, name: &Object) -> Result<Owned> {
        Ok(if self.is_main(name)? { self.held.names.main.clone() } else { name.own() })
    }

    /// Tells whether what is in a module goes by value because somebody said so.
    pub(super) fn registered(&self, name: &Object) -> Result<bool> {
        let attached = self.held.attached()?;
        if self.choices.rules.is_empty() && attached.nothing_registered()? {
            return Ok(false);
        }
        let Ok(whole) = name.utf8().map_err(Raised::dismiss) else { return Ok(false) };
        let ends = whole.match_indices('.').map(|(at, _)| at).chain([whole.len()]);
        for end in ends {
            if attached.has_registered(&*text(&whole[..end])?)? {
                return Ok(true);
            }
        }
        self.choices.rules.mean(whole, name)
    }
}
