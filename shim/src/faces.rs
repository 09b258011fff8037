//! What `module!` brings into the user's crate: the handles and functions that carry its roles.
//!
//! A generic of this crate can't know a module's requirements and a static can't live in a generic, so each extension
//! gets aliases of its own.

/// Brings the handles; the same with and without PyO3.
#[doc(hidden)]
#[macro_export]
macro_rules! handles {
    ($module:ident) => {
        /// A shared borrow of another build's object.
        #[allow(dead_code, reason = "a module uses what it needs")]
        pub(crate) type Foreign<'a, 'py, T> = $crate::Foreign<'a, 'py, T, $module>;
        /// An exclusive borrow of another build's data.
        #[allow(dead_code, reason = "a module uses what it needs")]
        pub(crate) type ForeignMut<'a, 'py, T> = $crate::ForeignMut<'a, 'py, T, $module>;
        /// Another build's data whose provider tracks no borrows.
        #[allow(dead_code, reason = "a module uses what it needs")]
        pub(crate) type ForeignRaw<'a, 'py, T> = $crate::ForeignRaw<'a, 'py, T, $module>;
        /// A strong reference to another build's object.
        #[allow(dead_code, reason = "a module uses what it needs")]
        pub(crate) type Held<T> = $crate::Held<T, $module>;
    };
}

/// Brings handles and functions for PyO3.
#[cfg(feature = "pyo3")]
#[doc(hidden)]
#[macro_export]
macro_rules! faces {
    ($module:ident) => {
        $crate::handles!($module);

        /// Binds this module to the interpreter that imports it; a mismatch is an ImportError.
        #[allow(dead_code, reason = "a module uses what it needs")]
        pub(crate) fn bind(
            module: &$crate::__private::pyo3::Bound<'_, $crate::__private::pyo3::types::PyModule>,
        ) -> $crate::__private::pyo3::PyResult<()> {
            $crate::bind_module::<$module>(module)
        }

        /// Publishes a class as `T`, while the module is imported.
        #[allow(dead_code, reason = "a module uses what it needs")]
        pub(crate) fn publish<C, T>(
            module: &$crate::__private::pyo3::Bound<'_, $crate::__private::pyo3::types::PyModule>,
        ) -> $crate::__private::pyo3::PyResult<()>
        where
            C: $crate::__private::pyo3::PyClass,
            C::Frozen: $crate::__private::Mutability<C>,
            T: $crate::ProvidedBy<C> + ?Sized,
            $module: $crate::Provider<T>,
        {
            $crate::publish::<C, T, $module>(module)
        }

        /// Makes a new object of the provider's class out of a copy of `value`.
        #[allow(dead_code, reason = "a module uses what it needs")]
        pub(crate) fn to_python<'py, T>(
            py: $crate::__private::pyo3::Python<'py>,
            value: &T,
        ) -> $crate::__private::pyo3::PyResult<
            $crate::__private::pyo3::Bound<'py, $crate::__private::pyo3::PyAny>,
        >
        where
            T: $crate::abi::values::PlainData + $crate::Shared,
            $module: $crate::Consumer<T>,
        {
            $crate::__private::to_python::<T, $module>(py, value)
        }

        /// Counts the records in this interpreter, for leak checks.
        #[allow(dead_code, reason = "a module uses what it needs")]
        pub(crate) fn count_records(
            py: $crate::__private::pyo3::Python<'_>,
        ) -> $crate::__private::pyo3::PyResult<$crate::Counts> {
            $crate::__private::count_records::<$module>(py)
        }
    };
}

/// Brings the handles for modules on bare pyo3-ffi, whose functions are the generic ones of this crate.
#[cfg(not(feature = "pyo3"))]
#[doc(hidden)]
#[macro_export]
macro_rules! faces {
    ($module:ident) => {
        $crate::handles!($module);
    };
}
