//! Members of a set that look alike. They can come in either order, and that makes no difference, unless something in one of them
//! is referred to again: by another one of them, or by what comes after the set. The first is tried out, in other orders; where
//! those give other streams, and in the second case, there is an error, never a silent choice.

use crate::python::{Kind, Object, Owned, Raised, Result, tuple};
use crate::writer::session::Session;
use crate::writer::step::Step;

use super::canon::Known;
use super::order::Sorted;
use crate::room::Room as _;

/// Members that look alike and are being written.
pub(crate) struct Tie {
    /// The numbers of each member so far.
    ranges: Vec<(usize, usize)>,
    /// What each of them referred to, with numbers from where the first began.
    referred: Vec<Vec<usize>>,
    /// The members, and the objects with those numbers.
    members: Vec<Owned>,
    objects: Vec<(usize, Owned)>,
    owner: Owned,
}

/// Members that look alike and refer to each other, or to parts of each other. Does it make a difference which one comes first?
/// Every order is made of two: one in which the first two have changed places, and one in which the first is the last.
pub(crate) struct Swaps {
    owner: Owned,
    /// The members' first number.
    start: usize,
    members: Vec<Owned>,
    /// What more than one of them refers to; nothing where that has been looked at.
    objects: Option<Vec<Owned>>,
    orders: Vec<Owned>,
    /// The hash of the stream in the order as it is, when it is known.
    wanted: Option<[u8; 32]>,
    waiting: bool,
}

/// Numbers of which nobody can say which object they are.
pub(crate) struct Ambiguous {
    start: usize,
    end: usize,
    fine: Vec<usize>,
    owner: Owned,
}

impl Session<'_> {
    /// Keeps account of members that look alike: where each begins and ends.
    pub(super) fn tied(&mut self, sorted: &Sorted) -> Result<Option<Swaps>> {
        let mut swaps = None;
        if self.lenient {
            // They come as Python goes through them.
            return Ok(swaps);
        }
        let at = sorted.at;
        let now = self.memo.len();
        let goes_on = sorted.alike.get(at).copied().unwrap_or(false);
        let was = at > 0 && (sorted.alike[at - 1] || goes_on);
        if was {
            if let Some(tie) = self.ties.last_mut().filter(|tie| tie.owner.is(&sorted.owner)) {
                if let Some(range) = tie.ranges.last_mut() {
                    range.1 = now;
                }
            }
        }
        if was && !goes_on {
            if let Some(tie) = self.ties.pop() {
                swaps = self.end_tie(tie)?;
            }
        }
        let starts = !goes_on && sorted.alike.get(at + 1).copied().unwrap_or(false);
        if starts {
            let (owner, members, objects) = (sorted.owner.clone(), Vec::new(), Vec::new());
            self.ties.room()?.push(Tie { ranges: Vec::new(), referred: Vec::new(), members, objects, owner });
        }
        if starts || goes_on {
            if let Some(tie) = self.ties.last_mut() {
                tie.ranges.room()?.push((now, usize::MAX));
                tie.referred.room()?.push(Vec::new());
                tie.members.extend(sorted.items.get(at).cloned());
            }
        }
        Ok(swaps)
    }

    fn end_tie(&mut self, tie: Tie) -> Result<Option<Swaps>> {
        let Tie { ranges, mut referred, members, objects, owner } = tie;
        let Some((first, others)) = ranges.split_first() else { return Ok(None) };
        referred.remove(0);
        let alike = referred.windows(2).all(|pair| pair[0] == pair[1]);
        let fine = referred.into_iter().next().unwrap_or_default();
        if !alike || fine.iter().any(|number| !(first.0..first.1).contains(number)) {
            return Err(self.ambiguity(&owner));
        }
        let end = others.last().map_or(first.1, |last| last.1);
        let mut swaps = (!objects.is_empty()).then(|| Swaps {
            owner: owner.clone(),
            start: first.0,
            members,
            objects: Some(objects.into_iter().map(|(_, object)| object).collect()),
            orders: Vec::new(),
            wanted: None,
            waiting: false,
        });
        if let Some(swaps) = &mut swaps {
            swaps.orders = orders(&swaps.members, &[])?;
        }
        self.ambiguous.room()?.push(Ambiguous { start: first.0, end, fine, owner });
        Ok(swaps)
    }

    /// Goes on with finding out whether the order of members makes a difference, and then whether what they refer to has another
    /// number in another order.
    pub(in crate::writer) fn swaps(&mut self, mut swaps: Box<Swaps>) -> Result<()> {
        if core::mem::take(&mut swaps.waiting) {
            let Some(hash) = self.hashed.take() else { return Err(Raised::system("a hash was lost")) };
            if *swaps.wanted.get_or_insert(hash) != hash {
                if swaps.objects.is_some() {
                    return Err(self.ambiguity(&swaps.owner));
                }
                for ambiguous in self.ambiguous.iter_mut().filter(|known| known.start == swaps.start) {
                    ambiguous.fine.clear();
                }
                return Ok(());
            }
        }
        if swaps.orders.is_empty() {
            let Some(objects) = swaps.objects.take() else { return Ok(()) };
            swaps.orders = orders(&swaps.members, &objects)?;
            swaps.wanted = None;
        }
        let Some(order) = swaps.orders.pop() else { return Ok(()) };
        swaps.waiting = true;
        self.steps.push(Step::Swaps(swaps))?;
        self.suspend(order)
    }

    fn ambiguity(&self, set: &Object) -> Raised {
        Raised::about(
            &self.held.pickling_error,
            "can't give equal bytes to equal input: two members that look alike, and are referred to again, of the set ",
            set,
            "; give them something that tells them apart, or write a list",
        )
    }

    /// Looks at a reference to something that has been written: is it clear which object that is?
    pub(in crate::writer) fn watch(&mut self, object: &Object, number: usize) -> Result<()> {
        if matches!(object.kind(), Kind::Text | Kind::Bytes)
            || matches!(self.values.get(&object.ptr().addr()), Some((_, Known::Value(_))))
        {
            return Ok(());
        }
        self.watch_number(Some(object), number)
    }

    /// As [`Session::watch`], also for what is no object of the caller's.
    pub(in crate::writer) fn watch_number(&mut self, object: Option<&Object>, number: usize) -> Result<()> {
        for tie in &mut self.ties {
            let (Some(first), Some(current), Some(referred)) =
                (tie.ranges.first(), tie.ranges.last(), tie.referred.last_mut())
            else {
                continue;
            };
            if number >= first.0 && number < current.0 {
                referred.room()?.push(number);
                if tie.objects.iter().all(|(known, _)| *known != number) {
                    tie.objects.extend(object.map(|object| (number, object.own())));
                }
            }
        }
        for ambiguous in &self.ambiguous {
            if (ambiguous.start..ambiguous.end).contains(&number) && !ambiguous.fine.contains(&number) {
                let owner = ambiguous.owner.clone();
                return Err(self.ambiguity(&owner));
            }
        }
        Ok(())
    }

    /// Tells whether references have to be looked at.
    #[inline]
    pub(in crate::writer) fn watches(&self) -> bool {
        !self.ties.is_empty() || !self.ambiguous.is_empty()
    }
}

/// The orders in which members are tried, each with these objects behind them.
fn orders(members: &[Owned], objects: &[Owned]) -> Result<Vec<Owned>> {
    let order = |members: &[Owned]| {
        let whole: Vec<&Object> = members.iter().chain(objects).map(|object| &**object).collect();
        tuple(&whole)
    };
    let mut orders = vec![order(members)?];
    let mut other = members.to_vec();
    if other.len() > 1 {
        other.swap(0, 1);
        orders.room()?.push(order(&other)?);
    }
    if other.len() > 2 {
        other.swap(0, 1);
        other.rotate_left(1);
        orders.room()?.push(order(&other)?);
    }
    Ok(orders)
}
