//! The processor time of a child: on a machine that others use too, the time on a clock says little about a test.
//!
//! Linux adds the time of a child, and of all that it has waited for, to its parent's account at the moment when the parent waits
//! for it. So one lock lies around each such moment, and the difference is that child's. Elsewhere nothing is known.

use std::fs;
use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Nobody else waits meanwhile.
static WAITING: Mutex<()> = Mutex::new(());

/// The parts of a second in which Linux counts, on every machine that it has been built for.
const TICKS: f64 = 100.0;

/// Waits for a child; says its processor seconds where they can be known.
pub(crate) fn wait(child: &mut Child) -> io::Result<(ExitStatus, Option<f64>)> {
    loop {
        {
            let _alone = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
            let before = of_children();
            if let Some(status) = child.try_wait()? {
                return Ok((status, of_children().zip(before).map(|(after, before)| after - before)));
            }
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The processor seconds of all children that were waited for.
fn of_children() -> Option<f64> {
    ticks(&fs::read_to_string("/proc/self/stat").ok()?).map(|ticks| ticks / TICKS)
}

/// `cutime` and `cstime`, as `man proc_pid_stat` numbers them 16 and 17; the second field may have spaces and brackets.
fn ticks(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(13);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::{ticks, wait};

    #[test]
    fn the_fields_are_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 130 14 15";
        assert_eq!(ticks(stat), Some(144.0));
        assert_eq!(ticks("7 (a) S 1"), None);
        assert_eq!(ticks(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_time_of_what_a_child_has_waited_for_is_its_own() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let said = |script: &str| {
            let mut child =
                Command::new("sh").args(["-c", script]).stdin(Stdio::null()).spawn().expect("a shell starts");
            wait(&mut child).expect("it ends")
        };
        let (status, seconds) = said(&format!("sh -c '{busy}'; exit 3"));
        assert_eq!(status.code(), Some(3));
        assert!(seconds.is_some_and(|seconds| seconds > 0.0), "{seconds:?}");
    }
}
