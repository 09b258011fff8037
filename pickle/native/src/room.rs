//! Room in collections of Rust's, which end the process when there is no memory for what is added.
//!
//! What grows with the object that is pickled asks here first, and then there is a `MemoryError`.

use std::collections::{HashMap, HashSet, TryReserveError};
use std::hash::{BuildHasher, Hash};

use crate::python::{Raised, Result};

/// A collection that can be asked for room.
pub(crate) trait Room: Sized {
    /// Makes room for one more.
    fn reserve_one(&mut self) -> core::result::Result<(), TryReserveError>;

    /// The collection, with room for one more.
    fn room(&mut self) -> Result<&mut Self> {
        self.reserve_one().map_err(|_| Raised::memory())?;
        Ok(self)
    }
}

impl<T> Room for Vec<T> {
    fn reserve_one(&mut self) -> core::result::Result<(), TryReserveError> {
        self.try_reserve(1)
    }
}

impl<K: Eq + Hash, V, S: BuildHasher> Room for HashMap<K, V, S> {
    fn reserve_one(&mut self) -> core::result::Result<(), TryReserveError> {
        self.try_reserve(1)
    }
}

impl<T: Eq + Hash, S: BuildHasher> Room for HashSet<T, S> {
    fn reserve_one(&mut self) -> core::result::Result<(), TryReserveError> {
        self.try_reserve(1)
    }
}
