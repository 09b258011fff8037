//! The one writer of text inside XML and HTML: in an element or in an attribute's value, what a reader gets back is what was
//! written, except for letters that XML has no way to write.

use std::fmt;

/// A text inside XML or HTML.
///
/// Line ends and tabs are written as numbers: readers change them in attributes otherwise.
pub(crate) struct Xml<'a>(pub(crate) &'a str);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' | '\r' => write!(f, "&#{};", u32::from(c))?,
                // XML has no way to write these, and letters that turn the direction of writing disguise names.
                c if c.is_control() || turns(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                    f.write_str("\u{fffd}")?;
                }
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place_in_markup() {
        let text = Xml("</text><script>'\"&\u{0}\u{202e}").to_string();
        assert_eq!(text, "&lt;/text&gt;&lt;script&gt;&#39;&quot;&amp;\u{fffd}\u{fffd}");
    }

    #[test]
    fn line_ends_and_tabs_come_back_as_they_were() {
        assert_eq!(Xml("a\r\n\tb").to_string(), "a&#13;&#10;&#9;b");
    }
}
