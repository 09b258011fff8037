//! Whether cargo failed because it was asked to do without the network. A warm machine is asked so first; what it says when a
//! crate is missing differs: where a part of the registry is here, the resolver speaks of versions that don't fit.

/// What cargo says where it may succeed with the network.
const WORDS: [&str; 4] =
    ["--offline", "failed to select a version", "no matching package named", "attempting to make an HTTP"];

/// Whether a build that was asked to do without the network may succeed with it. What `said` repeats of a command, in
/// lines that begin with `$ `, doesn't count.
pub fn is_wanted(said: &str) -> bool {
    said.lines().any(|line| !line.starts_with("$ ") && WORDS.iter().any(|word| line.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::is_wanted;

    #[test]
    fn a_registry_that_is_here_in_part_wants_the_network() {
        assert!(is_wanted(
            "error: failed to select a version for `pyo3-ffi`.\n    ... required by package `pyo3 v0.28.2`"
        ));
        assert!(is_wanted(
            "error: no matching package named `sha2` found\nlocation searched: crates.io index"
        ));
        assert!(is_wanted("As a reminder, you're using offline mode (--offline) which can"));
        assert!(!is_wanted("$ cargo rustc --lib --offline\nerror[E0308]: mismatched types"));
        assert!(!is_wanted(""));
    }
}
