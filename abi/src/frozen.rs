//! Every frozen record: what `abi.lock` promises.

use crate::record::{FieldLayout, Frozen};

/// A record as `abi.lock` lists it: name, size, alignment, fields.
pub type LockEntry = (&'static str, usize, usize, &'static [FieldLayout]);

/// Every frozen record, in the order of `abi.lock`.
pub const FROZEN: &[LockEntry] = &[
    entry::<crate::text::Str>(),
    entry::<crate::header::RecordHeader>(),
    entry::<crate::core::CoreHead>(),
    entry::<crate::core::CoreRecord>(),
    entry::<crate::owner::OwnerRecord>(),
    entry::<crate::services::ServiceHead>(),
    entry::<crate::types::registry::TypesService>(),
    entry::<crate::types::registry::TypeCounts>(),
    entry::<crate::types::record::TypeRecord>(),
    entry::<crate::types::native::Base>(),
    entry::<crate::services::InstancesService>(),
    entry::<crate::services::InstanceCounts>(),
    entry::<crate::services::UserdataService>(),
    entry::<crate::services::ExceptionsService>(),
    entry::<crate::services::Translator>(),
    entry::<crate::services::FunctionsService>(),
    entry::<crate::services::FunctionClass>(),
    entry::<crate::services::FunctionRecord>(),
    entry::<crate::services::Overload>(),
    entry::<crate::services::Parameter>(),
    entry::<crate::services::NativeEntry>(),
    entry::<crate::runtime::Runtime>(),
    entry::<crate::runtime::Expectation>(),
    entry::<crate::runtime::Refusal>(),
    entry::<crate::interface::TableHead>(),
    entry::<crate::values::Slice>(),
    entry::<crate::values::Owned>(),
    entry::<crate::values::Maybe<u64>>(),
    entry::<crate::values::Fault>(),
];

const fn entry<R: Frozen>() -> LockEntry {
    (R::NAME, R::SIZE, R::ALIGN, R::FIELDS)
}
