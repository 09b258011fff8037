//! Columns that fit: cells are cut before columns go, and columns go in the order that the view says.

use super::line::{Line, Role};

/// Which end of a cell that is too long is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The start.
    End,
    /// The end: for paths.
    Start,
    /// All of it; the column is left out rather than cut.
    Never,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    heading: &'static str,
    cut: Cut,
    least: usize,
    leaves: u8,
}

impl Column {
    /// A column that is never left out; `least` is how far it can be cut.
    pub fn new(heading: &'static str, cut: Cut, least: usize) -> Self {
        Self { heading, cut, least, leaves: 0 }
    }

    /// The column, left out where there is no room: the highest number goes first.
    pub fn leaves(mut self, order: u8) -> Self {
        self.leaves = order;
        self
    }
}

/// Rows under headings.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Line>>,
}

/// Between two columns.
const GAP: usize = 2;

impl Table {
    /// A table without rows.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub fn row(&mut self, cells: Vec<Line>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells);
    }

    /// The lines, the headings first. Without a width nothing is cut.
    pub fn lines(&self, width: Option<usize>) -> Vec<Line> {
        let widths = self.widths(width);
        let heading = |column: &Column| Line::of(Role::Dim, column.heading);
        let headings: Vec<_> = self.columns.iter().map(heading).collect();
        std::iter::once(&headings).chain(&self.rows).map(|cells| self.line(cells, &widths)).collect()
    }

    fn line(&self, cells: &[Line], widths: &[Option<usize>]) -> Line {
        let mut out = Line::new();
        let mut owed = 0;
        for ((cell, column), width) in cells.iter().zip(&self.columns).zip(widths) {
            let Some(width) = *width else { continue };
            let cell = if column.cut == Cut::Start { cell.cut_start(width) } else { cell.cut_end(width) };
            let taken = cell.width();
            if taken > 0 {
                out.push(Role::Plain, " ".repeat(owed));
                owed = 0;
            }
            // Blanks are written in front of what follows: no line ends in some.
            owed += width - taken.min(width) + GAP;
            out = out.and(cell);
        }
        out
    }

    /// Each column's width; `None`: it is left out.
    fn widths(&self, width: Option<usize>) -> Vec<Option<usize>> {
        let mut widths: Vec<_> = (0..self.columns.len()).map(|i| self.natural(i)).collect();
        let Some(room) = width else { return widths };
        let total = |widths: &[Option<usize>]| {
            let shown = widths.iter().flatten().count();
            widths.iter().flatten().sum::<usize>() + GAP * shown.saturating_sub(1)
        };
        // Without the columns that can't be had even when all are cut …
        let least = |i: usize, width: usize| match self.columns[i].cut {
            Cut::Never => width,
            _ => self.columns[i].least.min(width),
        };
        loop {
            let cut: Vec<_> =
                widths.iter().enumerate().map(|(i, width)| width.map(|width| least(i, width))).collect();
            let last = (0..widths.len()).filter(|i| widths[*i].is_some() && self.columns[*i].leaves > 0);
            match last.max_by_key(|i| self.columns[*i].leaves) {
                Some(last) if total(&cut) > room => widths[last] = None,
                _ => break,
            }
        }
        // … the widest gives a column at a time.
        while total(&widths) > room {
            let given = widths.iter().enumerate().filter_map(|(i, width)| {
                let width = (*width)?;
                (width > least(i, width)).then_some((width, i))
            });
            let Some((width, widest)) = given.max() else { break };
            widths[widest] = Some(width - 1);
        }
        widths
    }

    /// The width at which nothing of a column is cut; a column that is empty throughout isn't shown.
    fn natural(&self, column: usize) -> Option<usize> {
        let widest = self.rows.iter().filter_map(|row| row.get(column)).map(Line::width).max().unwrap_or(0);
        (widest > 0).then(|| widest.max(self.columns[column].heading.chars().count()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(vec![
            Column::new("module", Cut::Start, 10),
            Column::new("framework", Cut::Never, 0),
            Column::new("nothing", Cut::End, 4),
            Column::new("system", Cut::End, 6).leaves(1),
        ]);
        table.row(["a/long/path/to/_core.so", "pybind11", "", "linux x86_64"].map(Line::plain).to_vec());
        table.row(["b.so", "", "", "linux x86_64"].map(Line::plain).to_vec());
        table
    }

    fn text(width: Option<usize>) -> Vec<String> {
        let mut out = Vec::new();
        for line in table().lines(width) {
            let mut text = String::new();
            line.render(false, &mut text);
            out.push(text);
        }
        out
    }

    #[test]
    fn nothing_is_cut_without_a_width() {
        assert_eq!(
            text(None),
            [
                "module                   framework  system",
                "a/long/path/to/_core.so  pybind11   linux x86_64",
                "b.so                                linux x86_64"
            ]
        );
    }

    #[test]
    fn every_line_fits_and_the_last_column_goes_first() {
        for width in 21..60 {
            assert!(text(Some(width)).iter().all(|line| line.chars().count() <= width), "{width}");
        }
        let narrow = ["module         framework", "…/to/_core.so  pybind11", "b.so"];
        assert_eq!(text(Some(24)), narrow);
    }
}
