//! Services: named, separately versioned tables that stand in the core.
//!
//! Every table starts with a [`ServiceHead`]; each service has a file here (the `types` service stands with the records
//! that it holds, in [`types`](crate::types)) and a chapter in the spec, which states what a consumer does when a slot or
//! the whole service is missing.

pub mod exceptions;
pub mod functions;
mod head;
pub mod instances;
pub mod userdata;

pub use self::exceptions::{ExceptionsService, Translator};
pub use self::functions::{
    FunctionClass, FunctionRecord, FunctionsService, NativeEntry, Overload, Parameter,
};
pub use self::head::ServiceHead;
pub use self::instances::{InstanceCounts, InstancesService};
pub use self::userdata::UserdataService;
