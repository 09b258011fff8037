//! The parts of map and nurses that are locked apart, and which address belongs to which.
//!
//! With a GIL there is one. Without one there are many more than cores: where a thread's memory lies is chance, and of two
//! threads with twice as many shards one pair in four would meet in one, for as long as they run. Addresses of one megabyte
//! share a shard, because allocators give each thread memory of its own: threads that wrap what they allocated seldom meet.

use interbind_structures::table::{Table, hash_address};

use super::map::Entry;
use super::nurses::Nurse;
use crate::ffi::guarded::Guarded;

/// Bits of an address that don't choose a shard.
pub(super) const SHIFT: u32 = 20;

/// Shards for each core: of as many threads as cores one in thirty-two meets another.
const FOR_A_CORE: usize = 32;

/// The most shards: what is larger costs memory and finds nobody to use it.
const MOST: usize = 1024;

/// What is locked together.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) entries: Table<Entry>,
    pub(super) nurses: Table<Nurse>,
}

/// One shard, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Guarded<Parts>);

/// All shards: a power of two.
#[derive(Debug)]
pub(super) struct Shards(Vec<Shard>);

impl Shards {
    /// As many as this machine can use; none without memory.
    pub(super) fn new() -> Option<Self> {
        let count = if cfg!(interbind_free_threaded) {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            (FOR_A_CORE * cores).next_power_of_two().min(MOST)
        } else {
            1
        };
        let mut shards = Vec::new();
        shards.try_reserve_exact(count).ok()?;
        shards.resize_with(count, Shard::default);
        Some(Self(shards))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The shard of an address.
    #[inline(always)]
    pub(super) fn of(&self, address: usize) -> &Guarded<Parts> {
        if cfg!(not(interbind_free_threaded)) {
            return &self.0[0].0;
        }
        // The uppermost bits, as many as count.
        let place = ((hash_address(address >> SHIFT) >> 32) * self.0.len() as u64) >> 32;
        &self.0[place as usize].0
    }

    /// Every shard, one after the other.
    pub(super) fn each(&self) -> impl Iterator<Item = &Guarded<Parts>> {
        self.0.iter().map(|shard| &shard.0)
    }
}
