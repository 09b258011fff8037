//! What a call site asks: which record fits an object, first of what it remembers, then of the runtime.
//!
//! Everything here but [`remembered`] is cold. Records are judged in the order of the check by
//! [`runtime`](crate::runtime), wherever that is; what passes is a [`Fitting`], and only those are remembered.

use interbind_abi::types::record::KIND_NATIVE;
use interbind_abi::{Reason, Requirement, Version};

use crate::adapter::{Adapter, Declared};
use crate::ffi::error::{self, Class};
use crate::ffi::live::Live;
use crate::ffi::{Attached, Raised};
use crate::fits::Fitting;
use crate::identity::Identity;
use crate::interpreters::Binding;
use crate::judged::{Judged, Records};
use crate::refusal::{Sides, refuse};
use crate::runtime::{self, Expected};
use crate::shared::{Consumer, Shared, SiteOf};
use crate::site::Site;
use crate::types::List;

/// What the site remembers for an object of this class, if anything: the very class as one of the first four, else one that
/// inherits from the first.
#[inline(always)]
pub(crate) fn remembered<'a>(site: &Site, object: Live<'a>) -> Option<Fitting<'a>> {
    let first = site.records.first()?;
    Fitting::exact(first, object)
        .or_else(|| site.records.second_to_fourth().find_map(|record| Fitting::exact(record, object)))
        .or_else(|| Fitting::of(first, object))
}

/// Finds and judges the record for an object, and remembers it.
///
/// # Errors
/// An exception with both sides' values is set.
#[cold]
#[inline(never)]
pub(crate) fn judge<'a, T, M>(object: Live<'a>) -> Result<Fitting<'a>, Raised>
where
    T: Shared + ?Sized,
    M: Consumer<T>,
{
    judge_object(object, &Request::of::<T, M>())
}

/// Where a consumer remembers.
#[derive(Clone, Copy)]
enum Place {
    /// A call site, of the current interpreter.
    Site(SiteOf),
    /// Records alone.
    Records(&'static Records),
}

/// Who asks for what, without generics: one copy of the cold path serves every type.
pub(crate) struct Request {
    place: Place,
    identity: &'static Identity,
    name: &'static str,
    kind: u32,
    descriptor: &'static str,
    requirement: Requirement,
    requirement_text: &'static str,
    align: usize,
    /// What takes objects of other frameworks, and publishes them as this declares.
    adapter: Option<(&'static Adapter, Version, &'static str)>,
}

impl Request {
    pub(crate) fn of<T, M>() -> Self
    where
        T: Shared + ?Sized,
        M: Consumer<T>,
    {
        Self {
            place: Place::Site(SiteOf::of::<T, M>()),
            identity: M::identity(),
            name: T::NAME,
            kind: T::KIND,
            descriptor: T::DESCRIPTOR,
            requirement: M::REQUIREMENT,
            requirement_text: M::REQUIREMENT_TEXT,
            align: T::ALIGN,
            adapter: T::adapter().map(|adapter| (adapter, T::VERSION, T::VERSION_TEXT)),
        }
    }

    /// Asks for a native class of any version: `abi` is the ABI of its language.
    pub(crate) fn of_native(
        records: &'static Records,
        identity: &'static Identity,
        key: &'static str,
        abi: &'static str,
    ) -> Self {
        Self {
            place: Place::Records(records),
            identity,
            name: key,
            kind: KIND_NATIVE,
            descriptor: abi,
            requirement: ANY_VERSION,
            requirement_text: "*",
            align: 1,
            adapter: None,
        }
    }

    /// Asks for the binding to the current interpreter.
    pub(crate) fn binding<'a>(&self, at: Attached<'a>) -> Result<&'a Binding, Raised> {
        self.identity.binding(at)
    }

    /// The consumer's call site in the current interpreter; none before the module is bound to it.
    pub(crate) fn site<'a>(&self, at: Attached<'a>) -> Option<&'a Site> {
        match self.place {
            Place::Site(site) => site.get(at),
            Place::Records(_) => None,
        }
    }

    /// Where judged records are remembered.
    fn records<'a>(&self, at: Attached<'a>) -> Option<&'a Records> {
        match self.place {
            Place::Site(_) => self.site(at).map(|site| &site.records),
            Place::Records(records) => Some(records),
        }
    }

    /// What the runtime is asked for.
    pub(crate) fn expected<'a>(
        &'a self,
        at: Attached,
        binding: &'a Binding,
        from: Option<&'a str>,
    ) -> Result<Expected<'a>, Raised> {
        Ok(Expected {
            consumer: binding.owner,
            core: &binding.core,
            list: self.list(at, binding)?,
            name: self.name,
            kind: self.kind,
            descriptor: self.descriptor,
            requirement: self.requirement,
            requirement_text: self.requirement_text,
            align: self.align,
            from,
        })
    }

    /// Has another framework's class published, whose object was refused because nobody has.
    fn adapt(&self, object: Live<'_>, binding: &Binding, raised: Raised) -> Result<(), Raised> {
        let Some((adapter, version, version_text)) = self.adapter else { return Err(raised) };
        let declared =
            Declared { name: self.name, version_text, version, kind: self.kind, descriptor: self.descriptor };
        adapter.adapt(&declared, object, binding, raised)
    }

    /// The registry's list of the type's name.
    fn list(&self, at: Attached, binding: &Binding) -> Result<List, Raised> {
        let place = self.site(at).map(|site| &site.list);
        if let Some(known) = place.and_then(|place| place.get(binding.types)) {
            return Ok(known);
        }
        let Some(list) = binding.types.list(at, self.name) else {
            if binding.is_open() {
                // An open registry has a list for every name, or no memory for it.
                return Err(error::no_memory(at));
            }
            let template = "cannot look for {0}\nthe registry gives no list for this name\n\
                            use shared objects before the interpreter ends";
            let sides = Sides::consumer(binding.owner);
            return Err(refuse(at, Class::Type, Reason::InterpreterEnding, template, &[self.name], sides));
        };
        if let Some(place) = place {
            place.set(list);
        }
        Ok(list)
    }
}

/// Every version of a type.
const ANY_VERSION: Requirement =
    Requirement { least: Version::new(0, 0, 0), below: Version::new(u32::MAX, u32::MAX, u32::MAX) };

/// As [`judge`], without generics.
#[inline(never)]
pub(crate) fn judge_object<'a>(object: Live<'a>, request: &Request) -> Result<Fitting<'a>, Raised> {
    let at = object.at();
    let known = request.records(at).and_then(|records| {
        let exact = records.all().find_map(|record| Fitting::exact(record, object));
        // The first was tried by `remembered`.
        exact.or_else(|| records.all().skip(1).find_map(|record| Fitting::of(record, object)))
    });
    known.map_or_else(|| judge_anew(object, request), Ok)
}

/// Asks the registry, or the runtime, and remembers what it judged.
#[cold]
#[inline(never)]
fn judge_anew<'a>(object: Live<'a>, request: &Request) -> Result<Fitting<'a>, Raised> {
    let at = object.at();
    let binding = request.binding(at)?;
    let expected = request.expected(at, binding, None)?;
    let judged = match ask(object, &expected) {
        Ok(judged) => judged,
        Err(raised) => {
            request.adapt(object, binding, raised)?;
            ask(object, &expected)?
        }
    };
    let Some(found) = Fitting::nearest(judged, object) else {
        let template = "cannot borrow '{0}' as {1}\nits class is not published any more\n\
                        publish a class for as long as its objects are shared";
        let values = [&*object.class_name(), request.name];
        return Err(refuse(
            at,
            Class::Type,
            Reason::WrongObject,
            template,
            &values,
            Sides::consumer(binding.owner),
        ));
    };
    if let Some(records) = request.records(at) {
        records.remember(judged);
    }
    Ok(found)
}

/// [`runtime::judge`], in one place of the code.
#[inline(never)]
fn ask(object: Live<'_>, expected: &Expected<'_>) -> Result<Judged, Raised> {
    runtime::judge(object, expected)
}
