//! A greedy pairwise cover: the fewest cells, nearly, such that any two axis values which meet in some
//! candidate meet in a chosen one. Deterministic: ties go to the earlier candidate.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::cell::CellId;

const AXES: usize = 7;

/// Chooses from `candidates`; those in `chosen` are taken already. Returns positions, sorted.
pub fn pairwise(candidates: &[CellId], chosen: impl Iterator<Item = usize>) -> Vec<usize> {
    let coded = encode(candidates);
    let mut met: HashSet<u64> = HashSet::new();
    let mut taken: Vec<usize> = chosen.collect();
    for &index in &taken {
        met.extend(pairs(&coded[index]));
    }
    let gain =
        |index: usize, met: &HashSet<u64>| pairs(&coded[index]).filter(|pair| !met.contains(pair)).count();
    // A gain only ever shrinks, so a stale entry is put back with its true gain and the top is always right.
    let mut heap: BinaryHeap<(usize, Reverse<usize>)> =
        (0..coded.len()).map(|index| (AXES * AXES, Reverse(index))).collect();
    while let Some((believed, Reverse(index))) = heap.pop() {
        let real = gain(index, &met);
        if real == 0 {
            continue;
        }
        if real < believed {
            heap.push((real, Reverse(index)));
            continue;
        }
        met.extend(pairs(&coded[index]));
        taken.push(index);
    }
    taken.sort_unstable();
    taken.dedup();
    taken
}

fn encode(cells: &[CellId]) -> Vec<[u32; AXES]> {
    let mut words: HashMap<(usize, String), u32> = HashMap::new();
    let mut code = |axis: usize, word: String| {
        let next = u32::try_from(words.len()).unwrap_or(u32::MAX);
        *words.entry((axis, word)).or_insert(next)
    };
    cells
        .iter()
        .map(|cell| {
            [
                code(0, cell.case.clone()),
                code(1, cell.provider.to_string()),
                code(2, cell.consumer.to_string()),
                code(3, cell.host.clone()),
                code(4, cell.order.to_string()),
                code(5, cell.mode.to_string()),
                code(6, cell.mutation.to_string()),
            ]
        })
        .collect()
}

/// Every pair of values in a cell as one number; a code is unique across axes, so two codes say it all.
fn pairs(cell: &[u32; AXES]) -> impl Iterator<Item = u64> + '_ {
    (0..AXES).flat_map(move |a| (a + 1..AXES).map(move |b| (u64::from(cell[a]) << 32) | u64::from(cell[b])))
}
