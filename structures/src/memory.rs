//! Memory that may be refused: what the implementation allocates while it serves others, so that it can answer instead of
//! ending the process.

use std::alloc::{Layout, alloc};

use crate::table::Full;

/// Puts a value on the heap.
///
/// # Errors
/// [`Full`]: there is no memory; the value is dropped.
pub fn boxed<T>(value: T) -> Result<Box<T>, Full> {
    boxed_or_back(value).map_err(|_| Full)
}

/// Puts a value on the heap, or hands it back where there is no memory.
///
/// # Errors
/// The value.
pub fn boxed_or_back<T>(value: T) -> Result<Box<T>, T> {
    if size_of::<T>() == 0 {
        return Ok(Box::new(value));
    }
    // SAFETY: the layout has a size.
    let place = unsafe { alloc(Layout::new::<T>()) }.cast::<T>();
    if place.is_null() {
        return Err(value);
    }
    // SAFETY: allocated just now for one `T`.
    unsafe { place.write(value) };
    // SAFETY: allocated by the global allocator with the layout of `T`, which is written.
    Ok(unsafe { Box::from_raw(place) })
}

/// Copies a text.
///
/// # Errors
/// [`Full`]: there is no memory.
pub fn copied(text: &str) -> Result<Box<str>, Full> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len()).map_err(|_| Full)?;
    copy.push_str(text);
    Ok(copy.into_boxed_str())
}

/// Adds to a text. Never unwinds, which the optimiser sees: no caller carries code for that.
///
/// # Errors
/// [`Full`]: there is no memory, and nothing has changed.
pub fn append(text: &mut String, part: &str) -> Result<(), Full> {
    text.try_reserve(part.len()).map_err(|_| Full)?;
    // SAFETY: a whole text is added to a whole text.
    let written = unsafe { text.as_mut_vec() };
    for (place, byte) in written.spare_capacity_mut().iter_mut().zip(part.bytes()) {
        place.write(byte);
    }
    // SAFETY: reserved above, and written just now.
    unsafe { written.set_len(written.len() + part.len()) };
    Ok(())
}

/// Adds to a list.
///
/// # Errors
/// [`Full`]: there is no memory, and nothing has changed.
pub fn push<T>(list: &mut Vec<T>, value: T) -> Result<(), Full> {
    list.try_reserve(1).map_err(|_| Full)?;
    list.push(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{append, boxed, copied, push};

    #[test]
    fn a_boxed_value_is_dropped_once() {
        let value = std::rc::Rc::new(7);
        let kept = boxed(value.clone()).expect("there is memory");
        assert_eq!((**kept, std::rc::Rc::strong_count(&value)), (7, 2));
        drop(kept);
        assert_eq!(std::rc::Rc::strong_count(&value), 1);
        assert!(boxed(()).is_ok());
    }

    #[test]
    fn a_copy_is_the_text() {
        assert_eq!(copied("text").as_deref(), Ok("text"));
        let mut list = Vec::new();
        assert_eq!((push(&mut list, 1), list), (Ok(()), vec![1]));
        let mut text = String::from("a");
        for part in ["", "bc", "ä"] {
            assert_eq!(append(&mut text, part), Ok(()));
        }
        assert_eq!(text, "abcä");
    }
}
