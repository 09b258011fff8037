//! The names under which things are found in a running interpreter.
//!
//! Frozen: a name that differed between builds would isolate them silently, which is the disease this project
//! cures. What differs between builds stands inside the records instead.

use core::ffi::CStr;

/// The state dict's key for the core, major 1; also the capsule's name.
pub const CORE: &CStr = c"__interbind_internals_v1__";

/// What every major's key starts with; whoever looks for strangers lists the state dict's keys with this prefix.
pub const CORE_PREFIX: &str = "__interbind_internals_v";

/// The state dict's key for the wheel's runtime, major 1; also the capsule's name.
pub const RUNTIME: &CStr = c"__interbind_runtime_v1__";

/// The state dict's key for the `functions` service, major 1; also the capsule's name. It needs no core.
pub const FUNCTIONS: &CStr = c"__interbind_functions_v1__";

/// The module that puts the runtime there when it's imported.
pub const RUNTIME_MODULE: &CStr = c"interbind._runtime";

/// The service that holds type records.
pub const TYPES: &str = "types";

/// The service that maps C pointers to Python objects, and keeps objects alive.
pub const INSTANCES: &str = "instances";

/// The service that holds what modules share by name.
pub const USERDATA: &str = "userdata";

/// The service that chains translators of native exceptions.
pub const EXCEPTIONS: &str = "exceptions";

/// Names of services that stand elsewhere than in the core; nobody else may claim them.
pub const RESERVED_SERVICES: &[&str] = &[SERVICE_FUNCTIONS];

/// The service that holds the classes of functions; it stands under a key of its own, [`FUNCTIONS`].
pub const SERVICE_FUNCTIONS: &str = "functions";

/// The attribute of an exception that holds the [`Reason`](crate::Reason)'s slug.
pub const REASON_ATTRIBUTE: &CStr = c"interbind_reason";
