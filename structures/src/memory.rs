//! Memory that may be refused: what the implementation allocates while it serves others, so that it can answer instead of
//! ending the process.

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
    let mut place = Vec::new();
    if place.try_reserve_exact(1).is_err() {
        return Err(value);
    }
    place.push(value);
    // As large as it has to be, so nothing moves; the address of the one element is the box's.
    let one = Box::into_raw(place.into_boxed_slice()).cast::<T>();
    // SAFETY: a slice of one is in memory what its element is, and both boxes free the same layout.
    Ok(unsafe { Box::from_raw(one) })
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
    use super::{boxed, copied, push};

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
    }
}
