//! Lengths: Python's have a sign, Rust's have none. The bits stay; nothing in memory is as long as half of all addresses.

/// Gives a length the other form.
pub(crate) trait Sign {
    /// The other form.
    type Other;
    /// The same bits.
    fn turned(self) -> Self::Other;
}

impl Sign for usize {
    type Other = isize;

    #[inline]
    fn turned(self) -> isize {
        self as isize
    }
}

impl Sign for isize {
    type Other = usize;

    #[inline]
    fn turned(self) -> usize {
        self as usize
    }
}
