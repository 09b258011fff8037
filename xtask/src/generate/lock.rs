//! `abi/abi.lock`: the ABI is a promise, and the lock shows every change to a frozen record in review. Writing it anew refuses
//! a change that breaks the rules: a field is only ever appended, with the minor that brings it; everything else is a new
//! major.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use interbind_abi::FROZEN;

use super::Generated;
use crate::repository;

const LOCK: &str = "abi/abi.lock";

const HEAD: &str = "# Every frozen record: size, alignment, and each field's offset, size, type and first version.\n\
                    # Written by `cargo xtask generate lock`; never edited by hand.\n";

/// The lock of today's records.
pub fn render() -> String {
    let mut text = HEAD.to_owned();
    for (name, size, align, fields) in FROZEN {
        let version = fields.last().map_or("1.0", |field| field.since);
        let _ = writeln!(text, "\nrecord {name} {version} size {size} align {align}");
        for field in *fields {
            let ty = field.ty.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(
                text,
                "  {:>4} {:>3} {} {}: {ty}",
                field.offset, field.size, field.since, field.name
            );
        }
    }
    text
}

/// A record of a lock file: its line, and its fields' lines.
type Records = BTreeMap<String, (String, Vec<String>)>;

fn parse(text: &str) -> Records {
    let mut records = Records::new();
    let mut current = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(head) = line.strip_prefix("record ") {
            current = head.split(' ').next().unwrap_or_default().to_owned();
            records.insert(current.clone(), (head.to_owned(), Vec::new()));
        } else if let Some((_, fields)) = records.get_mut(&current) {
            fields.push(line.trim().to_owned());
        }
    }
    records
}

/// `(major, minor)` of a record's line.
fn version(head: &str) -> (u32, u32) {
    let text = head.split(' ').nth(1).expect("a version");
    let (major, minor) = text.split_once('.').expect("major.minor");
    (major.parse().expect("a number"), minor.parse().expect("a number"))
}

/// Finds what a change breaks: nothing when it only appends with a new minor, or starts a new major.
fn broken(old: &Records, new: &Records) -> Vec<String> {
    let mut found = Vec::new();
    for (name, (old_head, old_fields)) in old {
        let Some((head, fields)) = new.get(name) else {
            found.push(format!("{name}: removed; a promise isn't taken back"));
            continue;
        };
        let (was, is) = (version(old_head), version(head));
        if is.0 > was.0 {
            continue;
        }
        if !fields.starts_with(old_fields) {
            found.push(format!("{name}: a field was moved, retyped or removed within major {}", was.0));
        } else if fields.len() > old_fields.len() && is <= was {
            found.push(format!("{name}: fields were appended without a new minor"));
        } else if fields.len() == old_fields.len() && head != old_head {
            found.push(format!("{name}: size, alignment or version changed without a new field"));
        }
    }
    found
}

/// The file, unless it would break a promise.
pub(super) fn make() -> Result<Vec<Generated>, String> {
    let locked = fs::read_to_string(repository().join(LOCK)).unwrap_or_default();
    let broken = broken_since(&locked);
    if !broken.is_empty() {
        return Err(format!(
            "a frozen record changed; if that is meant, bump its version and add the ABI line to CHANGELOG.md\n  {}",
            broken.join("\n  ")
        ));
    }
    Ok(vec![Generated::text(LOCK, render())])
}

/// What in today's records breaks the promise of a lock file's text.
pub fn broken_since(locked: &str) -> Vec<String> {
    broken(&parse(locked), &parse(&render()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "record R 1.0 size 24 align 8\n  0 16 1.0 header: RecordHeader\n  16 8 1.0 a: u64\n";

    #[test]
    fn a_field_appended_with_a_new_minor_is_fine() {
        let new = OLD.replace("1.0 size 24", "1.1 size 32") + "  24 8 1.1 b: u64\n";
        assert_eq!(broken(&parse(OLD), &parse(&new)), [""; 0]);
    }

    #[test]
    fn a_new_major_may_change_everything() {
        let new = "record R 2.0 size 16 align 8\n  0 16 2.0 header: RecordHeader\n";
        assert_eq!(broken(&parse(OLD), &parse(new)), [""; 0]);
    }

    #[test]
    fn every_other_change_is_refused() {
        let appended = OLD.replace("size 24", "size 32") + "  24 8 1.0 b: u64\n";
        for new in [
            appended.as_str(),
            &OLD.replace("a: u64", "a: i64"),
            &OLD.replace("a: u64", "b: u64"),
            &OLD.replace("  16 8 1.0 a: u64\n", ""),
            &OLD.replace("align 8", "align 16"),
            &OLD.replace("1.0 size 24", "1.1 size 32").replace("  16 8", "  20 8"),
            "",
        ] {
            assert_eq!(broken(&parse(OLD), &parse(new)).len(), 1, "{new}");
        }
    }
}
