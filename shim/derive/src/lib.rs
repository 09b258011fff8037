//! The macros of interbind. Use them through the crate `interbind`, which they name in everything they write.
//!
//! Each macro reads its whole input, collects every mistake with its place (`problems`), and writes code only when there
//! is none. The files, in the order in which a type meets them:
//!
//! | file | what it does |
//! |---|---|
//! | `attributes` | reads `#[shared(…)]` and the arguments of `#[interface(…)]` |
//! | `shared`, `enums` | `#[derive(Shared)]`: plain data, and enums inside it |
//! | `methods`, `table`, `handle`, `interface` | `#[interface]`: what a method is, the provider's side, the consumer's |
//! | `provide` | `#[derive(Provide)]`: a class that holds shared data |
//! | `function` | `#[function]`, `lend!`: a function's C function, and its type |
//! | `module` | `module!`: the roles of an extension |
//! | `raw` | `raw_module!`: the same, and the module itself |
//!
//! `pieces`, `demand` and `note` write what several of them need: texts that are put together in constant context,
//! assertions with such a text, and build notes. What is written never panics, names only absolute paths, and keeps its
//! own names apart with `__`.

mod attributes;
mod demand;
mod enums;
mod function;
mod handle;
mod interface;
mod methods;
mod module;
mod note;
mod pieces;
mod problems;
mod provide;
mod raw;
mod shared;
mod table;

use proc_macro::TokenStream;

/// Makes a plain struct a type that other builds can read, or an enum a field of one.
///
/// A struct is `#[repr(C)]`, has named fields and no destructor, declares its padding as
/// [`Reserved`](https://docs.rs/interbind/latest/interbind/struct.Reserved.html), and says its name and version. An
/// enum has no fields and a `#[repr(…)]` of fixed width; it needs no name, because its variants stand in the descriptor
/// of the struct that uses it.
///
/// `cpp = "geo::Point"` names the C++ class with the same layout: consumers take its objects from pybind11 modules that know nothing of
/// interbind. With `conduit` functions of such modules take objects of the provider's class, which holds the data in an
/// [`Untracked`](https://docs.rs/interbind/latest/interbind/struct.Untracked.html).
///
/// # Examples
///
/// <!-- examples/frame-api/src/lib.rs:point -->
/// ```
/// /// A point in the plane.
/// #[derive(Clone, Copy, Debug, PartialEq, Shared)]
/// #[shared(name = "org.frame.Point", version = "1.2.0")]
/// #[repr(C)]
/// pub struct Point {
///     pub x: f64,
///     pub y: f64,
/// }
/// ```
#[proc_macro_derive(Shared, attributes(shared))]
pub fn shared(input: TokenStream) -> TokenStream {
    answer(shared::expand(input.into()))
}

/// Lets a class give out the shared data that stands in one of its fields.
///
/// Mark the field with `#[shared]`; with `#[shared(from)]` others can also make objects of the class, through
/// `From<the field's type>`. Stands above or below `#[pyclass]`. The field may be an `Untracked<Data>`: then nobody tracks who reads and
/// who writes the data, and others take it as a `ForeignRaw<Data>`.
///
/// # Examples
///
/// <!-- examples/frame/src/lib.rs:frozen -->
/// ```
/// /// Never changes: others read it without a call.
/// #[pyclass(frozen, subclass, name = "Point", module = "frame")]
/// #[derive(Provide)]
/// struct PyPoint {
///     #[shared(from)]
///     point: Point,
/// }
/// ```
#[proc_macro_derive(Provide, attributes(shared))]
pub fn provide(input: TokenStream) -> TokenStream {
    answer(provide::expand(input.into()))
}

/// Makes a trait an interface that one build implements and another calls.
///
/// Methods take `&self` and values, and return a value or `Result<value, interbind::Error>`. A slot is a position: new
/// methods go to the end, with `#[since("2.2")]`. A method with a body is optional: where the provider lacks it, the
/// consumer runs the body. `thread = owner` is for objects that only the thread that made them may use; else
/// implementors are `Send + Sync`.
///
/// The consumer's side is a struct with the same methods, named like the trait with `Handle` behind it; each of its
/// methods returns a `Result`, because the other side may fail. It is seen behind a reference only, and says in its type on
/// which threads it may be used: `SeriesHandle` on the attached thread that borrowed the object, `SeriesHandle<AnyThread>`
/// on any, without the methods that handle Python objects.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/snippets/src/newer.rs:series -->
/// ```
/// #[interface(name = "org.frame.Series", version = "2.2.0")]
/// pub trait Series {
///     fn len(&self) -> u64;
///     fn get(&self, i: u64) -> Result<f64, Error>;
///
///     /// New, and optional: a consumer runs this body when the provider is older.
///     #[since("2.2.0")]
///     fn is_empty(&self) -> bool {
///         self.len() == 0
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn interface(arguments: TokenStream, input: TokenStream) -> TokenStream {
    answer(interface::expand(arguments.into(), input.into()))
}

/// Writes the C function of a `#[pyfunction]`, which [`lend!`] gives to others: SciPy, Numba, Cython, and every build of interbind.
///
/// Stands above `#[pyfunction]`, which it leaves as it is: Python calls PyO3's own function, or what `interbind::add_function` makes
/// of it, to which `lend!` gives the function of Rust too. The C function takes the same arguments and calls no Python; a panic in
/// it ends the process, as in every `extern "C" fn`. `native` is its type as C writes it, and is compared with the function's types
/// by the compiler; without it, it is written from them. Numbers, `bool` and types that derive [`Shared`](macro@Shared) can be
/// lent.
///
/// # Examples
///
/// <!-- examples/curves/src/lib.rs:function -->
/// ```
/// /// The length of a vector.
/// #[interbind::function(native = "double (double, double)")]
/// #[pyfunction]
/// fn hypot(x: f64, y: f64) -> f64 {
///     x.hypot(y)
/// }
///
/// /// A bell; its type in C is written from the one in Rust.
/// #[interbind::function]
/// #[pyfunction]
/// fn bell(x: f64) -> f64 {
///     (-x * x).exp()
/// }
/// ```
#[proc_macro_attribute]
pub fn function(arguments: TokenStream, input: TokenStream) -> TokenStream {
    answer(function::expand(arguments.into(), input.into()))
}

/// Lends the C function of a `#[interbind::function]` under its name in a module: `lend!(module, function)?`.
///
/// # Examples
///
/// <!-- examples/curves/src/lib.rs:lend -->
/// ```
/// fn add_hypot(m: &Bound<'_, PyModule>) -> PyResult<()> {
///     interbind::add_function(m, wrap_pyfunction!(hypot, m)?)?;
///     interbind::lend!(m, hypot)
/// }
/// ```
#[proc_macro]
pub fn lend(input: TokenStream) -> TokenStream {
    answer(function::expand_lend(input.into()))
}

/// Declares the roles of an extension, once: what it provides, what it consumes and which versions will do.
///
/// Brings this module's own `Foreign`, `Held`, `publish` and their like into scope, which refuse undeclared types at
/// compile time, and writes the build note. `from` pins by hand the provider that makes new objects.
///
/// # Examples
///
/// <!-- tests/fixtures/snippets/snippets/src/lib.rs:roles -->
/// ```
/// interbind::module! {
///     name = "snippets",
///     provides = [Span, Tally],
///     consumes = [Point ^1.2, Span ">=1.0, <2", Tally ^1 from "frame", dyn Series ^2.0],
/// }
/// ```
#[proc_macro]
pub fn module(input: TokenStream) -> TokenStream {
    answer(module::expand(input.into()))
}

/// Declares a module on bare pyo3-ffi: its roles, as [`module!`] does, and the module itself.
///
/// The module serves each interpreter that imports it, with state of its own in each. It brings `PyInit_…`, a definition
/// with the slots that the running Python knows, and what [`module!`] brings.
///
/// | key | what it says | left out |
/// |---|---|---|
/// | `name`, `provides`, `consumes` | as in [`module!`] | |
/// | `doc` | the docstring | empty |
/// | `interpreters` | `not_supported`: the main interpreter alone; `shared_gil`: also others that share its GIL; `per_interpreter_gil`: all | `not_supported` |
/// | `gil_used` | `false`: nothing in it needs the GIL | `true` |
/// | `bind` | `on_import`: a mismatch is an ImportError at once; `on_first_use`: importing never fails because of one | `on_import` |
/// | `methods` | functions, each with `O`, `NOARGS`, `VARARGS`, `KEYWORDS`, `FASTCALL` or `FASTCALL_KEYWORDS`, and a docstring; `#[cfg(…)]` may stand in front of one | none |
/// | `state` | a type that implements `interbind::raw::ModuleState` | `()` |
/// | `exec` | `unsafe fn(NonNull<PyObject>) -> Result<State, Raised>`, which makes the state | needs none |
///
/// # Examples
///
/// <!-- examples/rawframe/src/lib.rs:module -->
/// ```
/// interbind::raw_module! {
///     name = "rawframe",
///     doc = "Points, without PyO3.",
///     interpreters = per_interpreter_gil,
///     gil_used = false,
///     provides = [Point],
///     methods = [
///         origin: NOARGS "A new point at (0, 0).",
///         records: NOARGS "How many classes are published in this interpreter, for leak checks.",
///     ],
///     state = State,
///     exec = execute,
/// }
/// ```
#[proc_macro]
pub fn raw_module(input: TokenStream) -> TokenStream {
    answer(module::expand_raw(input.into()))
}

fn answer(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(syn::Error::into_compile_error).into()
}
