//! The releases of a framework that fit what was seen in a file.

use crate::facts::Versions;

use super::table::{Framework, Mark, Release};

/// The releases that fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates<'t> {
    framework: &'t Framework,
    fits: Vec<bool>,
}

impl<'t> Candidates<'t> {
    /// Begins with all releases.
    pub fn all(framework: &'t Framework) -> Self {
        Self { framework, fits: vec![true; framework.releases.len()] }
    }

    /// Keeps the releases of which something is true.
    pub fn keep(mut self, is: impl Fn(&Release) -> bool) -> Self {
        for (fits, release) in self.fits.iter_mut().zip(&self.framework.releases) {
            *fits &= is(release);
        }
        self
    }

    /// Keeps the releases that have a mark.
    pub fn having(self, mark: &Mark) -> Self {
        let has = self.framework.having(mark);
        self.keep_places(|place| has[place])
    }

    /// Keeps the releases that lack a mark.
    pub fn lacking(self, mark: &Mark) -> Self {
        let has = self.framework.having(mark);
        self.keep_places(|place| !has[place])
    }

    fn keep_places(mut self, is: impl Fn(usize) -> bool) -> Self {
        self.fits.iter_mut().enumerate().for_each(|(place, fits)| *fits &= is(place));
        self
    }

    /// The releases that are left.
    pub fn releases(&self) -> impl Iterator<Item = &'t Release> + '_ {
        self.framework.releases.iter().zip(&self.fits).filter(|(_, fits)| **fits).map(|(release, _)| release)
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        !self.fits.contains(&true)
    }

    /// From the first to the last. Where the newest release that we know is among them, a later one may be too, and the range
    /// has no end.
    pub fn range(&self) -> Option<Versions> {
        let lowest = self.releases().next()?.version.clone();
        let open = self.fits.last() == Some(&true);
        let highest = if open { None } else { self.releases().last().map(|r| r.version.clone()) };
        Some(Versions { lowest, highest })
    }
}

impl Framework {
    /// For each release: whether it has a mark. Spans that can't be read have no release; a test sees to it that all can.
    fn having(&self, mark: &Mark) -> Vec<bool> {
        let mut has = vec![false; self.releases.len()];
        for span in &mark.releases {
            let (first, last) = span.split_once(" .. ").unwrap_or((span, span));
            if let (Some(first), Some(last)) = (self.position(first), self.position(last)) {
                has.iter_mut().take(last + 1).skip(first).for_each(|h| *h = true);
            }
        }
        has
    }
}
