//! The sheet that views write on: it knows how wide the screen is and whether it has colours.

use super::line::{Line, Role};
use super::table::Table;

/// What the text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Columns of the terminal; `None`: a file or a pipe, for which nothing is cut.
    pub width: Option<usize>,
    /// Whether to write colours.
    pub colour: bool,
}

impl Screen {
    /// The width at which prose is wrapped: long lines are hard to read on any screen.
    fn prose(self) -> usize {
        self.width.unwrap_or(100).clamp(20, 120)
    }
}

/// Text on its way to the screen.
#[derive(Debug)]
pub struct Page {
    screen: Screen,
    text: String,
}

impl Page {
    /// An empty page.
    pub fn new(screen: Screen) -> Self {
        Self { screen, text: String::new() }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }

    /// What the text is for.
    pub fn screen(&self) -> Screen {
        self.screen
    }

    /// Ends a part: an empty line, unless nothing stands in front of it or there is one.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A line as it is, whatever its width.
    pub fn raw(&mut self, indent: usize, line: &Line) {
        self.indent(indent);
        line.render(self.screen.colour, &mut self.text);
        self.text.push('\n');
    }

    /// Text, wrapped; the lines behind the first stand `hang` further in.
    pub fn prose(&mut self, indent: usize, hang: usize, line: &Line) {
        let width = self.screen.prose().saturating_sub(indent);
        let lines = line.clone().with_commands().wrap(width, width.saturating_sub(hang));
        for (i, line) in lines.iter().enumerate() {
            self.raw(if i == 0 { indent } else { indent + hang }, line);
        }
    }

    /// A command: one line, whatever its width, so that it can be copied.
    pub fn command(&mut self, indent: usize, command: &str) {
        self.raw(indent, &Line::of(Role::Code, command));
    }

    /// A label and its text, which is wrapped in a column of its own.
    pub fn row(&mut self, indent: usize, label: &str, column: usize, line: &Line) {
        let label = Line::of(Role::Dim, label);
        let start = indent + label.width();
        self.indent(indent);
        label.render(self.screen.colour, &mut self.text);
        let gap = column.saturating_sub(start).max(2);
        self.indent(gap);
        let room = |from: usize| self.screen.prose().saturating_sub(from).max(12);
        for (i, line) in line.wrap(room(start + gap), room(column)).iter().enumerate() {
            if i > 0 {
                self.indent(column);
            }
            line.render(self.screen.colour, &mut self.text);
            self.text.push('\n');
        }
    }

    /// A table, made to fit.
    pub fn table(&mut self, indent: usize, table: &Table) {
        for line in table.lines(self.screen.width.map(|width| width.saturating_sub(indent))) {
            self.raw(indent, &line);
        }
    }

    fn indent(&mut self, columns: usize) {
        self.text.extend(std::iter::repeat_n(' ', columns));
    }
}
