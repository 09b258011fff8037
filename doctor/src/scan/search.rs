//! The searcher: vector instructions over all fingerprints at once, and every occurrence of each, overlapping or not.

use std::sync::LazyLock;

use aho_corasick::packed::{self, MatchKind};
use aho_corasick::{AhoCorasick, Span};

use crate::binary::{Image, Kind, Section};

use super::hits::{Hits, patterns};

/// Places kept of one fingerprint; a file that repeats one for ever costs no more memory than this.
pub const MOST_OF_ONE: usize = 4096;
/// Places looked at in all; a file that consists of fingerprints costs no more time than this.
const MOST_IN_ALL: usize = 1 << 20;

static SEARCHER: LazyLock<Searcher> =
    LazyLock::new(|| Searcher::new(patterns().map(|(_, bytes)| bytes).collect()));

struct Searcher {
    /// The longest first, so that what a match may hide starts at the same place and is shorter.
    order: Vec<usize>,
    /// For each of `order`: the patterns that it starts with, itself included.
    heads: Vec<Vec<usize>>,
    engine: Engine,
}

enum Engine {
    /// Vector instructions.
    Packed(packed::Searcher),
    /// Processors without them.
    Automaton(AhoCorasick),
}

impl Searcher {
    fn new(patterns: Vec<&'static [u8]>) -> Self {
        let mut order: Vec<usize> = (0..patterns.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(patterns[*index].len()));
        let heads = order
            .iter()
            .map(|long| {
                let starts = |short: &usize| patterns[*long].starts_with(patterns[*short]);
                (0..patterns.len()).filter(starts).collect()
            })
            .collect();
        let sorted = || order.iter().map(|index| patterns[*index]);
        let mut config = packed::Config::new();
        let mut builder = config.match_kind(MatchKind::LeftmostFirst).builder();
        let engine = match builder.extend(sorted()).build() {
            Some(searcher) => Engine::Packed(searcher),
            None => Engine::Automaton(
                AhoCorasick::builder()
                    .match_kind(aho_corasick::MatchKind::LeftmostFirst)
                    .build(sorted())
                    .expect("the fingerprints are few and short"),
            ),
        };
        Self { order, heads, engine }
    }

    /// The first match from `from` on: which of `order`, and where it starts.
    fn find(&self, bytes: &[u8], from: usize) -> Option<(usize, usize)> {
        let span = Span { start: from, end: bytes.len() };
        let found = match &self.engine {
            Engine::Packed(searcher) => searcher.find_in(bytes, span),
            Engine::Automaton(automaton) => automaton.find(aho_corasick::Input::new(bytes).span(span)),
        }?;
        Some((found.pattern().as_usize(), found.start()))
    }
}

/// Finds every fingerprint in the sections that can hold one.
pub fn scan(image: &Image<'_>) -> Hits {
    let mut hits = Hits { places: vec![Vec::new(); patterns().count()], cut: false };
    let mut looked_at = 0;
    for (offset, bytes) in stretches(image) {
        let mut from = 0;
        while let Some((found, start)) = SEARCHER.find(bytes, from) {
            for index in &SEARCHER.heads[found] {
                let places = &mut hits.places[*index];
                if places.len() < MOST_OF_ONE {
                    places.push(offset + start as u64);
                } else {
                    hits.cut = true;
                }
            }
            // A shorter one may start inside this one.
            from = start + 1;
            looked_at += 1;
            if looked_at == MOST_IN_ALL {
                hits.cut = true;
                return hits;
            }
        }
    }
    debug_assert_eq!(SEARCHER.order.len(), hits.places.len());
    hits
}

/// The stretches of the file that are searched, in its order and without overlap: sections of a hostile file may all be
/// the same bytes.
fn stretches<'a>(image: &Image<'a>) -> Vec<(u64, &'a [u8])> {
    let constants = |section: &&Section<'_>| section.kind == Kind::ReadOnly && section.name != ".dynstr";
    if !image.sections.iter().any(|section| constants(&section)) {
        return vec![(0, image.data)];
    }
    let searched = |section: &&Section<'_>| matches!(section.kind, Kind::Data | Kind::ReadOnly);
    let mut ranges: Vec<(u64, u64)> = image
        .sections
        .iter()
        .filter(searched)
        .map(|section| (section.offset, section.offset.saturating_add(section.size)))
        .collect();
    ranges.sort_unstable();
    let mut end = 0;
    let mut found = Vec::new();
    for (start, stop) in ranges {
        let start = start.max(end);
        if start < stop {
            let bytes = image.part(start, stop - start);
            if !bytes.is_empty() {
                found.push((start, bytes));
            }
            end = stop;
        }
    }
    found
}
