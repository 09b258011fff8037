//! The name of an entry: SHA-256 over everything that reaches it and is known before, each piece under its own name, so that no
//! two different builds can spell the same text.

use sha2::{Digest, Sha256};

/// Raised whenever the same pieces would make something else.
const FORMAT: u32 = 1;

/// A key in the making.
#[derive(Clone, Debug)]
pub struct Key {
    hash: Sha256,
}

impl Key {
    /// Starts the key of a kind of thing.
    pub fn of(kind: &str) -> Self {
        let key = Self { hash: Sha256::new() };
        key.piece("format", FORMAT.to_le_bytes()).piece("kind", kind)
    }

    /// Adds a piece.
    #[must_use]
    pub fn piece(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        self.hash.update(format!("{}:{name}:{}:", name.len(), bytes.len()));
        self.hash.update(bytes);
        self
    }

    /// Adds several of one name, and how many there are.
    #[must_use]
    pub fn pieces<T: AsRef<[u8]>>(self, name: &str, all: impl IntoIterator<Item = T>) -> Self {
        let (mut key, mut count) = (self, 0_u64);
        for bytes in all {
            key = key.piece(name, bytes);
            count += 1;
        }
        key.piece(&format!("{name}, how many"), count.to_le_bytes())
    }

    /// The first 32 hexadecimal digits.
    pub fn name(self) -> String {
        self.hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn no_two_builds_spell_the_same_text() {
        let of = |pieces: &[(&str, &str)]| {
            pieces.iter().fold(Key::of("c"), |key, (name, text)| key.piece(name, text)).name()
        };
        let all = [
            of(&[("a", "bc")]),
            of(&[("ab", "c")]),
            of(&[("a", "b"), ("a", "c")]),
            of(&[("a", "c"), ("a", "b")]),
            Key::of("d").piece("a", "bc").name(),
            Key::of("c").pieces("a", ["bc"]).name(),
            Key::of("c").pieces("a", ["b", "c"]).name(),
            Key::of("c").pieces("a", [""]).name(),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert!(all.iter().all(|name| name.len() == 32), "{all:?}");
    }
}
