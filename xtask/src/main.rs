//! The words of `cargo xtask`.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use xtask::generate::{self, What};
use xtask::{releases, run, tests as all_tests};

/// Chores of this repository
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Words {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Write the files that are made from others in this repository, or check them
    Generate(Generate),
    /// Make the doctor's table of frameworks' releases again from their released headers, which `pip download` fetches once
    /// each into `target/releases`; new releases on the index come in by themselves
    Releases(Check),
    /// Hold the doctor against real wheels: those in `target/corpus`, after fetching what is small
    Corpus(Corpus),
    /// Run all tests, several programs at once, and say which took longest: what `cargo test --workspace` runs one after the other
    Test(Test),
    /// Run what must be green: tests, format, lints, docs, a short stress, a short fuzz
    Ci(Ci),
    /// Say which groups of tests took longest, beside their budgets
    Times(Times),
}

#[derive(Args)]
struct Generate {
    /// What to make
    #[arg(value_enum)]
    what: What,
    /// Where CPython's list is, for `stable-abi`: `Misc/stable_abi.toml` of its newest release
    #[arg(required_if_eq("what", "stable-abi"))]
    source: Option<PathBuf>,
    #[command(flatten)]
    check: Check,
}

#[derive(Args)]
struct Check {
    /// Only say what is out of date; exit 1 if anything is
    #[arg(long)]
    check: bool,
}

#[derive(Args)]
struct Corpus {
    /// Fetch all of them first, about 600 MB, not only those up to 100 KB
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
struct Test {
    /// Only the groups with one of these in their names: `hostile`, `interbind_abi`, `doc`
    groups: Vec<String>,
    /// How many programs run at once; one more than there are cores, because a program often waits for one compiler
    #[arg(long, default_value_t = cores() + 1)]
    jobs: usize,
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[derive(Args)]
struct Times {
    /// What `cargo test` printed
    log: PathBuf,
}

#[derive(Args)]
struct Ci {
    /// And the quick matrix
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// And the full matrix and a longer stress
    #[arg(long)]
    full: bool,
}

fn main() -> ExitCode {
    let done = match Words::parse().chore {
        Chore::Generate(Generate { what, source, check: Check { check } }) => {
            generate::settle(what, source.as_deref(), check)
        }
        Chore::Releases(Check { check }) => {
            if check {
                releases::check()
            } else {
                releases::write()
            }
        }
        Chore::Corpus(Corpus { all }) => run::corpus(all),
        Chore::Test(Test { groups, jobs }) => all_tests::run(&groups, jobs),
        Chore::Ci(Ci { quick, full }) => run::ci(match (quick, full) {
            (true, _) => Some("--quick"),
            (_, true) => Some("--full"),
            _ => None,
        }),
        Chore::Times(Times { log }) => run::times(&log),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_chore_explains_itself() {
        let mut words = Words::command();
        words.build();
        words.clone().debug_assert();
        for chore in words.get_subcommands_mut().filter(|chore| chore.get_name() != "help") {
            let name = chore.get_name().to_owned();
            let help = chore.render_long_help().to_string();
            assert!(help.contains(&format!("Usage: cargo xtask {name}")), "{help}");
            let options = chore.get_arguments().filter(|word| word.get_id() != "help");
            assert!(options.into_iter().all(|word| word.get_help().is_some()), "{help}");
        }
    }
}
