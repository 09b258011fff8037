//! What the number or the signal with which a process ended tells. Windows gives a status of 32 bits, shells 128 and the signal's number,
//! Python the signal's number with a minus.

use super::meaning::Meaning;
use super::refine::first;

/// A way to end: how it is written, what it is, and the cause that it leaves first.
struct End {
    written: &'static [&'static str],
    is: &'static str,
    first: &'static [&'static str],
}

const ENDS: &[End] = &[
    End {
        written: &["0xc0000005", "-1073741819", "3221225477", "access violation"],
        is: "Windows' status for memory that isn't the program's own (access violation)",
        first: &[],
    },
    End {
        written: &[
            "0xc000001d",
            "-1073741795",
            "3221225501",
            "sigill",
            "illegal instruction",
            "132",
            "illegal hardware instruction",
        ],
        is: "an instruction that the processor doesn't have",
        first: &["newer processor"],
    },
    End {
        written: &["0xc00000fd", "-1073741571", "3221225725", "stack overflow"],
        is: "a stack that is used up: calls that go too deep",
        first: &["ran out of stack"],
    },
    End {
        written: &["0xc0000409", "-1073740791", "3221226505"],
        is: "Windows' status for a program that ended itself: `abort()`, a check of its own that failed, an unhandled C++ exception",
        first: &["has a defect"],
    },
    End {
        written: &["sigabrt", "134", "-6", "abort trap"],
        is: "a program that ended itself (`abort`): it printed why before that, mostly",
        first: &["has a defect"],
    },
    End {
        written: &["sigbus", "bus error", "135"],
        is: "memory that is mapped and isn't there: a file that was cut while it was in use, a full `/dev/shm`, a wrong pointer",
        first: &["has a defect"],
    },
    End {
        written: &["sigfpe", "136"],
        is: "a division of integers by zero, mostly",
        first: &["has a defect"],
    },
];

/// Says what the end was, where it is known, and puts the cause first that it leaves.
pub(super) fn refine(meaning: &mut Meaning) {
    let Some(signal) = meaning.names.get("signal").map(|signal| signal.to_ascii_lowercase()) else { return };
    let Some(end) = end(&signal) else { return };
    meaning.seen.push(format!("`{}` is {}", meaning.names["signal"], end.is));
    first(meaning, end.first);
}

/// Says what a number is with which Windows gave up on a DLL: its start-up code ended so.
pub(super) fn of_dll(meaning: &mut Meaning) {
    let number = meaning.names.get("what").and_then(|what| what.strip_prefix("error code "));
    if let Some(end) = number.and_then(end) {
        let cause = format!("A DLL was found, and its start-up code ended in {}.", end.is);
        meaning.causes.insert(0, cause);
    }
}

fn end(written: &str) -> Option<&'static End> {
    ENDS.iter().find(|end| end.written.contains(&written))
}
