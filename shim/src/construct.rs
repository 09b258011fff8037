//! New objects of another build's class: the provider makes them of a copy of the data.
//!
//! The provider is pinned at the first use for each consumer and type, so that a result's class doesn't depend on what
//! else is imported later; `from "frame"` in `module!` pins it by hand.

use core::marker::PhantomData;

use interbind_abi::Reason;
use interbind_abi::values::PlainData;

use crate::ffi::error::Class;
use crate::ffi::{Attached, Raised, Strong};
use crate::foreign::make;
use crate::interpreters::Binding;
use crate::judge::Request;
use crate::judged::{Judged, Pin};
use crate::object::Object;
use crate::refusal::{Sides, refuse};
use crate::runtime;
use crate::shared::{Consumer, Shared};

/// The provider's record through which objects of `T` are made, and its class, which can't die meanwhile: making an object may
/// run the collector.
pub(crate) struct Maker<T> {
    record: Judged,
    _class: Strong,
    makes: PhantomData<fn(&T)>,
}

impl<T> Maker<T> {
    /// The record, which was judged for `T`.
    pub(crate) fn record(&self) -> Judged {
        self.record
    }
}

/// Makes a new object of the provider's class out of a copy of `value`.
///
/// # Errors
/// As [`to_python`](crate::to_python).
pub(crate) fn construct<T, M>(at: Attached, value: &T) -> Result<Object, Raised>
where
    T: PlainData + Shared,
    M: Consumer<T>,
{
    let request = Request::of::<T, M>();
    let binding = request.binding(at)?;
    make(at, &maker::<T, M>(at, &request, binding)?, value)
}

/// Finds who makes objects of `T`. A pinned record counts while it is published in this interpreter: one that was given up is
/// claimed anew anywhere.
fn maker<T, M>(at: Attached, request: &Request, binding: &Binding) -> Result<Maker<T>, Raised>
where
    T: Shared,
    M: Consumer<T>,
{
    let pin = request.site(at).map(|site| &site.maker);
    if let Some(record) = pin.and_then(Pin::get) {
        if let Some(class) = binding.types.hold(at, record.record()) {
            return Ok(Maker { record, _class: class, makes: PhantomData });
        }
    }
    let record = runtime::maker(at, &request.expected(at, binding, M::FROM)?)?;
    if let Some(pin) = pin {
        pin.set(record);
    }
    let Some(class) = binding.types.hold(at, record.record()) else {
        let template =
            "cannot make an object as {0}\nits class died meanwhile\nimport a module that provides {0}";
        let sides = Sides { provider: Some(record.owner), ..Sides::consumer(binding.owner) };
        return Err(refuse(at, Class::Type, Reason::NotPublished, template, &[T::NAME], sides));
    };
    Ok(Maker { record, _class: class, makes: PhantomData })
}
