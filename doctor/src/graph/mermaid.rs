//! The picture in Mermaid's flowchart language, for pages and README files that draw it themselves.

use std::fmt::{self, Write};

use super::picture::{Edge, Kind, Link, Picture};
use crate::environment::Environment;

/// A text inside Mermaid's quotes. All but plain letters becomes a numbered character, so that no text can end its quotes, start
/// Mermaid's markdown or become HTML.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                c if c.is_alphanumeric() || " .,:()_-/+=·≠".contains(c) => f.write_char(c)?,
                c if c.is_control() => f.write_str(" ")?,
                c => write!(f, "#{};", u32::from(c))?,
            }
        }
        f.write_str("\"")
    }
}

/// Writes the groups that share as a Mermaid flowchart.
pub fn mermaid(environment: &Environment) -> String {
    let picture = Picture::of(environment);
    let mut out = String::new();
    write_picture(&mut out, &picture).expect("a String takes any text");
    out
}

fn write_picture(out: &mut String, picture: &Picture) -> fmt::Result {
    writeln!(out, "flowchart LR")?;
    // A title in front of the text would be YAML, which has escapes of its own; a comment ends with its line.
    let title: String = picture.title.chars().filter(|c| !c.is_control() && !"{}%".contains(*c)).collect();
    writeln!(out, "  %% {title}")?;
    for (at, area) in picture.areas.iter().enumerate() {
        let title =
            if area.key.is_empty() { area.title.clone() } else { format!("{}. {}", area.title, area.key) };
        writeln!(out, "  subgraph g{at}[{}]", Quoted(&title))?;
        for (number, node) in area.nodes.iter().enumerate() {
            writeln!(out, "    g{at}n{number}[{}]", Quoted(&node.label))?;
        }
        writeln!(out, "  end")?;
    }
    for edge in &picture.edges {
        let Edge { link, a, b, label } = edge;
        match link {
            Link::Apart => writeln!(out, "  g{a} -. {} .- g{b}", Quoted(label))?,
            Link::Conduit => writeln!(out, "  g{a} <== {} ==> g{b}", Quoted(label))?,
        }
    }
    if let Some(left_out) = &picture.left_out {
        writeln!(out, "  rest[{}]", Quoted(left_out))?;
    }
    for (at, area) in picture.areas.iter().enumerate() {
        let style = match area.kind {
            Kind::Shares => continue,
            Kind::Unknown => "stroke-dasharray:4 3",
            Kind::Alone => "stroke-dasharray:1 3",
            Kind::Broken => "stroke:#c62828,stroke-width:2px",
        };
        writeln!(out, "  style g{at} {style}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_quotes() {
        assert_eq!(
            Quoted("a\"]; click x\n`b`<i>#").to_string(),
            "\"a#34;#93;#59; click x #96;b#96;#60;i#62;#35;\""
        );
    }
}
