//! A list that only grows: get-or-create without a lock.
//!
//! Used for the core's services, where the maker of a service may run anything and must not be called under a lock.
//! Nodes are pushed at the head and never move, so "not there" is proved by one walk from the head that the push then
//! exchanges; a thread that loses the exchange walks what came in between, and may find that another was faster. Knows
//! nothing of Python; modelled with loom.

use core::ptr;

use crate::memory::boxed_or_back;
use crate::sync::{AtomicPtr, Ordering};

/// A node of a [`Chain`], on the heap.
#[derive(Debug)]
struct Node<T> {
    value: T,
    next: *mut Node<T>,
}

/// A list of values that only grows, until it's dropped.
#[derive(Debug)]
pub struct Chain<T> {
    head: AtomicPtr<Node<T>>,
}

impl<T> Default for Chain<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Chain<T> {
    /// Makes an empty list.
    // Loom's atomics can't be made in constant context.
    #[cfg(any(not(test), miri))]
    pub const fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Makes an empty list.
    #[cfg(all(test, not(miri)))]
    pub fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Finds the first value that `wanted` accepts, newest first.
    pub fn find(&self, wanted: impl Fn(&T) -> bool) -> Option<&T> {
        self.walk(self.head.load(Ordering::Acquire), ptr::null_mut(), &wanted)
    }

    /// Adds `value`, unless one that `wanted` accepts is there.
    ///
    /// # Errors
    /// The one that is there, or none without memory, and `value`.
    pub fn add(&self, value: T, wanted: impl Fn(&T) -> bool) -> Result<&T, (Option<&T>, T)> {
        let mut node = match boxed_or_back(Node { value, next: ptr::null_mut() }) {
            Ok(node) => node,
            Err(node) => return Err((None, node.value)),
        };
        let mut seen = ptr::null_mut();
        loop {
            let head = self.head.load(Ordering::Acquire);
            if let Some(winner) = self.walk(head, seen, &wanted) {
                return Err((Some(winner), node.value));
            }
            seen = head;
            node.next = head;
            let raw = Box::into_raw(node);
            match self.head.compare_exchange(head, raw, Ordering::Release, Ordering::Relaxed) {
                // SAFETY: the node is in the chain now and lives as long as it; nobody mutates it.
                Ok(_) => return Ok(unsafe { &(*raw).value }),
                // SAFETY: `raw` came from the box above and wasn't published.
                Err(_) => node = unsafe { Box::from_raw(raw) },
            }
        }
    }

    /// Walks from `from` up to, and without, `stop`.
    fn walk(&self, from: *mut Node<T>, stop: *mut Node<T>, wanted: &impl Fn(&T) -> bool) -> Option<&T> {
        let mut at = from;
        while at != stop && !at.is_null() {
            // SAFETY: nodes that were published live as long as the chain and aren't mutated.
            let node = unsafe { &*at };
            if wanted(&node.value) {
                return Some(&node.value);
            }
            at = node.next;
        }
        None
    }

    /// Walks all values, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let mut at = self.head.load(Ordering::Acquire);
        core::iter::from_fn(move || {
            // SAFETY: NULL, or a node that was published: it lives as long as the chain and isn't mutated.
            let node = unsafe { at.as_ref() }?;
            at = node.next;
            Some(&node.value)
        })
    }

    /// Calls `visit` with every value, newest first, until it returns `false`.
    pub fn each(&self, visit: impl Fn(&T) -> bool) {
        let _ = self.find(|value| !visit(value));
    }
}

impl<T> Drop for Chain<T> {
    fn drop(&mut self) {
        let mut at = self.head.load(Ordering::Acquire);
        while !at.is_null() {
            // SAFETY: `&mut self`: nobody else walks the chain; each node came from a box and is taken once.
            let node = unsafe { Box::from_raw(at) };
            at = node.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Chain;
    use crate::models::{Arc, AtomicUsize, model, thread};
    use crate::sync::Ordering;

    #[test]
    fn two_makers_of_one_service_agree_and_the_loser_gets_its_copy_back() {
        model(|| {
            let chain = Arc::new(Chain::new());
            let add =
                |chain: &Chain<(u8, usize)>, made: usize| match chain.add((7, made), |value| value.0 == 7) {
                    Ok(value) => (value.1, None),
                    Err((winner, loser)) => (winner.expect("there is memory").1, Some(loser.1)),
                };
            let other = {
                let chain = chain.clone();
                thread::spawn(move || add(&chain, 1))
            };
            let (ours, lost_here) = add(&chain, 2);
            let (theirs, lost_there) = other.join().unwrap();
            assert_eq!(ours, theirs);
            assert_eq!([lost_here, lost_there].into_iter().flatten().collect::<Vec<_>>(), [3 - ours]);
        });
    }

    #[test]
    fn makers_of_two_services_both_find_both() {
        model(|| {
            let chain = Arc::new(Chain::new());
            let other = {
                let chain = chain.clone();
                thread::spawn(move || chain.add(1, |value| *value == 1).is_ok())
            };
            assert!(chain.add(2, |value| *value == 2).is_ok());
            assert!(other.join().unwrap());
            for wanted in [1, 2] {
                assert_eq!(chain.find(|value| *value == wanted), Some(&wanted));
            }
        });
    }

    #[test]
    fn two_makers_of_one_datum_agree_and_one_copy_is_freed() {
        /// A datum whose drop is its `free`, as in the service.
        struct Datum {
            made: usize,
            freed: Arc<AtomicUsize>,
        }
        impl Drop for Datum {
            fn drop(&mut self) {
                self.freed.fetch_add(self.made, Ordering::Relaxed);
            }
        }
        model(|| {
            let freed = Arc::new(AtomicUsize::new(0));
            let chain = Arc::new(Chain::new());
            let get = |chain: &Chain<Datum>, freed: &Arc<AtomicUsize>, made: usize| {
                if let Some(found) = chain.find(|_| true) {
                    return (found.made, 0);
                }
                let datum = Datum { made, freed: freed.clone() };
                (
                    chain
                        .add(datum, |_| true)
                        .unwrap_or_else(|(winner, _loser)| winner.expect("there is memory"))
                        .made,
                    made,
                )
            };
            let other = {
                let (chain, freed) = (chain.clone(), freed.clone());
                thread::spawn(move || get(&chain, &freed, 1))
            };
            let (ours, made_here) = get(&chain, &freed, 2);
            let (theirs, made_there) = other.join().unwrap();
            assert_eq!(ours, theirs);
            // What was made and lost is freed by now, the winner isn't.
            assert_eq!(freed.load(Ordering::Relaxed), made_here + made_there - ours);
            drop(chain);
            assert_eq!(freed.load(Ordering::Relaxed), made_here + made_there);
        });
    }
}
