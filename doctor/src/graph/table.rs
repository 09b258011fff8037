//! The tables of the report: a caption, a header for each column and row, cells that are escaped where they are written.

use std::fmt::{self, Write};

use crate::xml::Xml;

/// A cell: its text, and what colours it.
pub(super) struct Cell {
    text: String,
    class: &'static str,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), class: "" }
    }

    /// Something that doesn't work.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self { text: text.into(), class: "bad" }
    }

    /// Something of which nothing is known.
    pub(super) fn unknown(text: impl Into<String>) -> Self {
        Self { text: text.into(), class: "soft" }
    }

    pub(super) fn code(text: impl Into<String>) -> Self {
        Self { text: text.into(), class: "code" }
    }

    /// A number, which sorts as one.
    pub(super) fn number(count: usize) -> Self {
        Self { text: count.to_string(), class: "number" }
    }
}

/// A table; the first cell of each row names it.
pub(super) struct Table<'a> {
    /// Its name in the page; scripts and links use it.
    pub(super) id: &'a str,
    pub(super) caption: &'a str,
    pub(super) columns: &'a [&'a str],
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Table<'_> {
    pub(super) fn write(&self, out: &mut String) -> fmt::Result {
        let Self { id, caption, columns, rows } = self;
        // A wide table scrolls in its own box, which the keyboard reaches.
        writeln!(
            out,
            "<div class=\"scroll\" role=\"region\" aria-labelledby=\"{id}-caption\" tabindex=\"0\">"
        )?;
        writeln!(out, "<table id=\"{id}\"><caption id=\"{id}-caption\">{}</caption>", Xml(caption))?;
        out.push_str("<thead><tr>");
        for column in *columns {
            write!(out, "<th scope=\"col\">{}</th>", Xml(column))?;
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            out.push_str("<tr>");
            for (at, Cell { text, class }) in row.iter().enumerate() {
                let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
                match at {
                    0 => write!(out, "<th scope=\"row\"{class}>{}</th>", Xml(text))?,
                    _ => write!(out, "<td{class}>{}</td>", Xml(text))?,
                }
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody></table></div>\n");
        Ok(())
    }
}
