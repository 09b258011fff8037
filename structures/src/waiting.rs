//! What threads leave for one that can use it.
//!
//! Any thread pushes, and the thread that takes gets everything that was there. No lock, so a fork in the middle of a push loses at
//! most that one; and nothing is read behind the head before it's taken, so a head that comes back is no trap. Knows nothing
//! of Python; modelled with loom.

use core::ptr;

use crate::memory::boxed_or_back;
use crate::schedule::point;
use crate::sync::{AtomicPtr, Ordering};

#[derive(Debug)]
struct Node<T> {
    value: T,
    next: *mut Node<T>,
}

/// A list of what waits.
#[derive(Debug)]
pub struct Waiting<T> {
    head: AtomicPtr<Node<T>>,
}

// SAFETY: values are moved in by one thread and out by another, and never shared.
unsafe impl<T: Send> Send for Waiting<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Waiting<T> {}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()) }
    }
}

impl<T> Waiting<T> {
    /// Makes an empty list.
    // Loom's atomics can't be made in constant context.
    #[cfg(any(not(test), miri))]
    pub const fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Leaves a value.
    ///
    /// # Errors
    /// The value: there is no memory.
    pub fn push(&self, value: T) -> Result<(), T> {
        let node = boxed_or_back(Node { value, next: ptr::null_mut() }).map_err(|node| node.value)?;
        let node = Box::into_raw(node);
        point("before a value is left");
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // SAFETY: not published yet, so it's ours.
            unsafe { (*node).next = head };
            match self.head.compare_exchange(head, node, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(other) => head = other,
            }
        }
    }

    /// Tells whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.head.load(Ordering::Relaxed).is_null()
    }

    /// Takes everything, the last first.
    pub fn take(&self) -> Taken<T> {
        Taken(self.head.swap(ptr::null_mut(), Ordering::Acquire))
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

/// What was taken.
#[derive(Debug)]
pub struct Taken<T>(*mut Node<T>);

impl<T> Iterator for Taken<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: it came from a box, and only the thread that took the list has it.
        let node = unsafe { Box::from_raw(self.0) };
        self.0 = node.next;
        Some(node.value)
    }
}

impl<T> Drop for Taken<T> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

#[cfg(test)]
mod tests {
    use super::Waiting;
    use crate::models::{Arc, bounded, model, thread};

    #[test]
    fn what_is_left_is_taken_once() {
        bounded(|| {
            let waiting = Arc::new(Waiting::default());
            let leaves = |from: u32| {
                let waiting = waiting.clone();
                thread::spawn(move || {
                    waiting.push(from).expect("there is memory");
                    waiting.push(from + 1).expect("there is memory");
                })
            };
            let (one, two) = (leaves(0), leaves(2));
            let mut taken: Vec<_> = waiting.take().collect();
            one.join().expect("no panic");
            two.join().expect("no panic");
            taken.extend(waiting.take());
            assert!(waiting.is_empty());
            taken.sort_unstable();
            assert_eq!(taken, [0, 1, 2, 3]);
        });
    }

    #[test]
    fn what_nobody_takes_is_dropped_once() {
        model(|| {
            let (waiting, value) = (Waiting::default(), Arc::new(()));
            waiting.push(value.clone()).expect("there is memory");
            waiting.push(value.clone()).expect("there is memory");
            let mut taken = waiting.take();
            assert!(taken.next().is_some());
            drop(taken);
            waiting.push(value.clone()).expect("there is memory");
            drop(waiting);
            assert_eq!(Arc::strong_count(&value), 1);
        });
    }
}
