//! A list that only grows: get-or-create without a lock.
//!
//! Used for the core's services, where the maker of a service may run anything and must not be called under a lock.
//! Nodes are pushed at the head and never move, so "not there" is proved by one walk from the head that the push then
//! exchanges; whoever loses the exchange walks what came in between and may find that somebody else was faster. Knows
//! nothing of Python; modelled with loom in `tests/`.

use core::ptr;

use crate::sync::{AtomicPtr, Ordering};

/// A node of a [`Chain`], on the heap.
#[derive(Debug)]
pub(crate) struct Node<T> {
    pub(crate) value: T,
    next: *mut Node<T>,
}

/// A list of values that only grows, until it's dropped.
#[derive(Debug)]
pub(crate) struct Chain<T> {
    head: AtomicPtr<Node<T>>,
}

impl<T> Chain<T> {
    pub(crate) fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Finds the first value that `wanted` accepts, newest first.
    pub(crate) fn find(&self, wanted: impl Fn(&T) -> bool) -> Option<&T> {
        self.walk(self.head.load(Ordering::Acquire), ptr::null_mut(), &wanted)
    }

    /// Adds `value` unless one that `wanted` accepts is there; that one comes back together with the loser.
    pub(crate) fn add(&self, value: T, wanted: impl Fn(&T) -> bool) -> Result<&T, (&T, T)> {
        let mut node = Box::new(Node { value, next: ptr::null_mut() });
        let mut seen = ptr::null_mut();
        loop {
            let head = self.head.load(Ordering::Acquire);
            if let Some(winner) = self.walk(head, seen, &wanted) {
                return Err((winner, node.value));
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

    /// Calls `visit` with every value, newest first, until it returns `false`.
    pub(crate) fn each(&self, visit: impl Fn(&T) -> bool) {
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
