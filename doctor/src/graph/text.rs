//! Texts in pictures: shortening, and how wide letters are where nobody can measure them.

/// The width of a text in the picture's font, in pixels at 13 px; rather too much than too little.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(letter).sum()
}

fn letter(c: char) -> f64 {
    match c {
        'i' | 'l' | 'j' | '.' | ',' | '\'' | '|' | ':' | ';' | '!' | ' ' => 4.2,
        'f' | 'r' | 't' | '(' | ')' | '-' | '[' | ']' | '`' => 5.4,
        'm' | 'w' | 'M' | 'W' | '@' => 12.0,
        'A'..='Z' | '≠' | '…' => 9.6,
        c if c.is_ascii() => 7.9,
        // Wide letters of other scripts.
        _ => 13.5,
    }
}

/// Cuts a text to a width, in the middle: both ends of a dotted name say something.
pub(super) fn shortened(text: &str, most: f64) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let half = (most - letter('…')) / 2.0;
    let take = |chars: &mut dyn Iterator<Item = char>| {
        let mut room = half;
        let fits = |c: &char| {
            room -= letter(*c);
            room >= 0.0
        };
        chars.take_while(fits).collect::<Vec<_>>()
    };
    let start: String = take(&mut text.chars()).into_iter().collect();
    let end: String = take(&mut text.chars().rev()).into_iter().rev().collect();
    format!("{start}…{end}")
}

/// A number with its noun: `1 module`, `3 modules`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortened_text_fits_and_keeps_both_ends() {
        let short = shortened("scipy.spatial.transform._rotation_cy", 120.0);
        assert!(width(&short) <= 120.0);
        assert!(short.starts_with("scipy") && short.ends_with("cy"), "{short}");
        assert_eq!(shortened("short", 120.0), "short");
        assert_eq!(shortened("日本語日本語日本語", 1.0), "…");
    }
}
