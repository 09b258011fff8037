//! Texts inside foreign bytes: names that end with a NUL, the text round a place. Every reader has a bound, so that a file
//! without any NUL costs no more than one with them.

/// Names longer than this are cut off by no linker we know, and by us.
pub(crate) const LONGEST_NAME: usize = 16 * 1024;

/// The NUL-terminated text at `at`; `None` where it isn't UTF-8 or doesn't end within 16 KiB.
pub fn text_at(data: &[u8], at: u64) -> Option<&str> {
    let rest = data.get(usize::try_from(at).ok()?..)?;
    let window = &rest[..rest.len().min(LONGEST_NAME)];
    let end = memchr::memchr(0, window)?;
    std::str::from_utf8(&window[..end]).ok()
}

/// The printable text round `at`: from behind the last byte before it that is no text, to the next; at most `bound` bytes
/// each way. With it comes the place where it starts.
pub fn text_round(data: &[u8], at: u64, bound: usize) -> Option<(u64, &str)> {
    let at = usize::try_from(at).ok().filter(|at| *at < data.len())?;
    let printable = |byte: &u8| matches!(byte, 0x20..=0x7e);
    let before = &data[at.saturating_sub(bound)..at];
    let start = at - before.iter().rev().take_while(|byte| printable(byte)).count();
    let behind = &data[at..data.len().min(at.saturating_add(bound))];
    let end = at + behind.iter().take_while(|byte| printable(byte)).count();
    let text = std::str::from_utf8(&data[start..end]).ok()?;
    Some((start as u64, text))
}

/// A text cut to what a reader wants to see in a message.
pub fn cut_text(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_its_end_is_none() {
        assert_eq!(text_at(b"abc\0def", 0), Some("abc"));
        assert_eq!(text_at(b"abc\0def", 4), None);
        assert_eq!(text_at(b"abc\0def", 99), None);
        assert_eq!(text_at(&[b'a'; LONGEST_NAME + 1], 0), None);
    }

    #[test]
    fn the_text_round_a_place_ends_where_printing_does() {
        assert_eq!(text_round(b"\0one two\0", 5, 64), Some((1, "one two")));
        assert_eq!(text_round(b"\0one two\0", 5, 2), Some((3, "e tw")));
        assert_eq!(text_round(b"", 0, 64), None);
    }
}
