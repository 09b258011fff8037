//! The picture as SVG: one file for light and dark, every text escaped, what is shortened in full as a tooltip.

use std::fmt::{self, Write};

use super::layout::{Layout, NODE, PlacedEdge, WIDTH};
use super::picture::{Kind, Link, Picture};
use crate::environment::Environment;
use crate::xml::Xml;

/// Colours and fonts; the names are ours alone, for the picture also stands in pages.
const STYLE: &str = include_str!("picture.css");

/// Draws the groups that share as an SVG file.
pub fn svg(environment: &Environment) -> String {
    let picture = Picture::of(environment);
    let mut out = String::new();
    write_picture(&mut out, &picture).expect("a String takes any text");
    out
}

fn write_picture(out: &mut String, picture: &Picture) -> fmt::Result {
    let layout = Layout::of(picture);
    let note = if picture.left_out.is_some() { 24.0 } else { 0.0 };
    let height = layout.height + note;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ib-picture\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-labelledby=\"ib-title ib-desc\">"
    )?;
    writeln!(out, "<title id=\"ib-title\">{}</title>", Xml(&picture.title))?;
    writeln!(out, "<desc id=\"ib-desc\">{}</desc>", Xml(&describe(picture)))?;
    writeln!(out, "<style>{STYLE}</style>")?;
    writeln!(out, "<rect class=\"ib-ground\" width=\"{WIDTH}\" height=\"{height}\"/>")?;
    for edge in &layout.edges {
        write_edge(out, edge)?;
    }
    for (at, (area, placed)) in picture.areas.iter().zip(&layout.areas).enumerate() {
        let kind = match area.kind {
            Kind::Shares => "ib-shares",
            Kind::Unknown => "ib-unknown",
            Kind::Alone => "ib-alone",
            Kind::Broken => "ib-broken",
        };
        let rect = placed.rect;
        if let Some((name, y)) = &placed.heading {
            writeln!(out, "<text class=\"ib-heading\" x=\"{}\" y=\"{y}\">{}</text>", rect.x, Xml(name))?;
        }
        writeln!(out, "<g class=\"{kind}\">")?;
        if !area.full_key.is_empty() {
            writeln!(out, "<title>{}</title>", Xml(&area.full_key))?;
        }
        writeln!(
            out,
            "<rect class=\"ib-area\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8\"/>",
            rect.x, rect.y, rect.width, rect.height
        )?;
        let (text_x, text_y) = (rect.x + 14.0, rect.y + 20.0);
        writeln!(out, "<text class=\"ib-name\" x=\"{text_x}\" y=\"{text_y}\">{}</text>", Xml(&placed.title))?;
        if area.framework.is_some() {
            let x = rect.x + rect.width - 14.0;
            writeln!(out, "<text class=\"ib-number\" x=\"{x}\" y=\"{text_y}\">{}</text>", at + 1)?;
        }
        if !placed.key.is_empty() {
            let y = text_y + 18.0;
            writeln!(out, "<text class=\"ib-key\" x=\"{text_x}\" y=\"{y}\">{}</text>", Xml(&placed.key))?;
        }
        for (node, placed) in area.nodes.iter().zip(&placed.nodes) {
            let rect = placed.rect;
            writeln!(
                out,
                "<g class=\"ib-node\"><title>{}</title>",
                Xml(&members(&node.members, &node.label))
            )?;
            writeln!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"{:.1}\" height=\"{NODE}\" rx=\"5\"/>",
                rect.x, rect.y, rect.width
            )?;
            let mut x = rect.x + 10.0;
            if node.conduit {
                writeln!(
                    out,
                    "<circle class=\"ib-dot\" cx=\"{}\" cy=\"{}\" r=\"4\"/>",
                    x + 3.0,
                    rect.y + NODE / 2.0
                )?;
                x += 14.0;
            }
            writeln!(out, "<text x=\"{x}\" y=\"{}\">{}</text></g>", rect.y + 17.5, Xml(&placed.label))?;
        }
        writeln!(out, "</g>")?;
    }
    if let Some(left_out) = &picture.left_out {
        writeln!(out, "<text class=\"ib-key\" x=\"16\" y=\"{}\">{}</text>", height - 12.0, Xml(left_out))?;
    }
    writeln!(out, "</svg>")
}

/// The names behind a node, the first thirty.
fn members(members: &[String], label: &str) -> String {
    const MOST: usize = 30;
    if members.is_empty() {
        return label.to_owned();
    }
    let more = members.len().saturating_sub(MOST);
    let shown = members[..members.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// The picture in words, for those who don't see it.
fn describe(picture: &Picture) -> String {
    let mut words = String::new();
    for (at, area) in picture.areas.iter().enumerate() {
        let _ = write!(words, "{}. {}. ", at + 1, area.title);
    }
    for edge in &picture.edges {
        let between = match edge.link {
            Link::Apart => "don't share",
            Link::Conduit => "are joined",
        };
        let _ = write!(words, "{} and {} {between}: {}. ", edge.a + 1, edge.b + 1, edge.label);
    }
    words
}

fn write_edge(out: &mut String, edge: &PlacedEdge) -> fmt::Result {
    let class = match edge.link {
        Link::Apart => "ib-apart",
        Link::Conduit => "ib-conduit",
    };
    let ((from_x, from_y), (to_x, to_y), lane) = (edge.from, edge.to, edge.lane);
    writeln!(out, "<g class=\"{class}\"><title>{}</title>", Xml(&edge.full))?;
    writeln!(out, "<path d=\"M {from_x} {from_y} H {lane} V {to_y} H {to_x}\"/>")?;
    // Objects pass both ways: an arrow at each end.
    if edge.link == Link::Conduit {
        for (x, y) in [edge.from, edge.to] {
            let (tip, back) = (x + 1.0, x + 8.0);
            writeln!(
                out,
                "<path class=\"ib-tip\" d=\"M {tip} {y} L {back} {} L {back} {} Z\"/>",
                y - 4.0,
                y + 4.0
            )?;
        }
    }
    let (x, y) = edge.text;
    writeln!(out, "<text x=\"{x}\" y=\"{y}\">{}</text></g>", Xml(&edge.label))
}
