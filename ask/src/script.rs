//! Writes a script that can be run at once.
//!
//! Linux refuses to run a file that any process has open for writing ("Text file busy"). A program that writes a script
//! itself and starts others on further threads meets that by chance: a child has its parent's open files from its `fork`
//! until its `exec`. So the file is never open in this process: a shell writes it.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes `text` as a `/bin/sh` script that everyone may read and run. The first line is added.
///
/// # Errors
///
/// The shell can't be started, or the file can't be written: with the shell's words.
pub fn write_script(path: &Path, text: &str) -> io::Result<()> {
    let mut shell = Command::new("/bin/sh")
        .args(["-c", r#"cat > "$1" && chmod 755 "$1""#, "sh"])
        .arg(path)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // A shell that could not open the file reads nothing: its own words say more than the broken pipe.
    let written = shell.stdin.take().map_or(Ok(()), |mut pipe| write!(pipe, "#!/bin/sh\n{text}\n"));
    let output = shell.wait_with_output()?;
    if output.status.success() {
        return written;
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_run_at_once_while_other_threads_start_programs() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let folder = folder.path();
                scope.spawn(move || {
                    for round in 0..50 {
                        let script = folder.join(format!("{thread}-{round}"));
                        write_script(&script, "exit 7").unwrap();
                        assert_eq!(Command::new(&script).status().unwrap().code(), Some(7));
                    }
                });
            }
        });
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_script(&folder.path().join("missing/script"), "exit 0").unwrap_err();
        assert!(error.to_string().contains("missing/script"), "{error}");
    }
}
