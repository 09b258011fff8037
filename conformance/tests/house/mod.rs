//! A house made for a test: the real child, zoo and host axis, with cases, rules and participants of the
//! test's own. Its participants are plain Python, so nothing is compiled. The command's tests use it too.
#![allow(dead_code, reason = "each test binary uses what it needs")]

use std::fs;
use std::path::{Path, PathBuf};

use interbind_conformance::house::House;
use interbind_conformance::report::{CellReport, Report};
use interbind_conformance::run::{Options, Suite};
use tempfile::TempDir;

/// A participant in Python that tells the truth; a lie is what is appended to it.
pub const HONEST: &str = r#"
import os, sys

COUNTS = {"objects": 0, "touched": 0}
KEPT = []

class Box:
    def __init__(self, type, data):
        self.type, self.data = type, bytes(data)
        COUNTS["objects"] += 1
    def __del__(self):
        COUNTS["objects"] -= 1

class Refusal(TypeError):
    def __init__(self, reason, text):
        super().__init__(text)
        self.interbind_reason = reason

FULL = """cannot borrow
  provider: one 1.0 (one.so)
  consumer: two 1.0 (two.so)
  fix: rebuild one of them"""

def identity(): return {"role": __name__}
def live(): return dict(COUNTS)
def make(type, data): return Box(type, data)
def peek(obj): return obj.data
def drop_all(): pass
def read(type, obj): return obj.data
"#;

/// A test's own house.
pub struct TestHouse {
    folder: TempDir,
}

impl TestHouse {
    /// An empty one: no case, no participant, no rule.
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("conformance");
        let this = Self { folder };
        let child = fs::read_dir(real.join("child")).expect("the real house has a child");
        let child = child.map(|entry| entry.expect("it can be listed").file_name());
        let scripts = child.filter_map(|name| name.into_string().ok()).filter(|name| name.ends_with(".py"));
        let data = ["fixtures/zoo.toml", "hosts.toml"].map(String::from);
        for file in scripts.map(|name| format!("child/{name}")).chain(data) {
            let text = fs::read_to_string(real.join(&file)).expect("the real house has it");
            this.write(&file, &text);
        }
        this.write(
            "sets.toml",
            "[quick]\ncold-budget = 1\nwarm-budget = 1\n[full]\ncold-budget = 1\nwarm-budget = 1\n",
        );
        this.write("expect/base.toml", "schema = 1\n");
        this
    }

    /// Writes a data file.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.data().join(file);
        fs::create_dir_all(path.parent().expect("below the house")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    /// Adds a case: description and body.
    pub fn case(&self, name: &str, toml: &str, body: &str) {
        let path = name.replace('.', "/");
        self.write(&format!("cases/{path}.toml"), &format!("title = \"{name}\"\nspec = []\n{toml}"));
        self.write(&format!("cases/{path}.py"), body);
    }

    /// Adds a participant with a version per lie.
    pub fn participant(&self, name: &str, interbind: bool, flags: &[&str], lies: &[(&str, &str)]) {
        let mut builds: Vec<String> = lies.iter().map(|(lie, _)| format!("\"{lie}\"")).collect();
        let mut tables = String::new();
        for (lie, code) in lies {
            tables.push_str(&format!("[versions.{lie}]\n"));
            builds.extend(flags.iter().map(|flag| format!("\"{lie}+{flag}\"")));
            self.write(&format!("participants/{name}/{lie}.py"), &format!("{HONEST}\n{code}\n"));
        }
        for flag in flags {
            tables.push_str(&format!("[flags.{flag}]\n"));
        }
        self.write(
            &format!("participants/{name}/participant.toml"),
            &format!(
                "name = \"{name}\"\nmaintainer = \"a test\"\nlanguage = \"python\"\ninterbind = {interbind}\n\
                 capabilities = [\"provide\", \"consume\"]\nbuilds = [{}]\n\
                 [modules]\nprovider = \"one\"\nconsumer = \"two\"\n\
                 [build]\nkind = \"copy\"\nfile = \"{{version}}.py\"\n{tables}",
                builds.join(", ")
            ),
        );
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("conformance")
    }

    /// The repository that it is in.
    pub fn repo(&self) -> &Path {
        self.folder.path()
    }

    /// Where things are, for the runner.
    pub fn house(&self) -> House {
        let repo = self.folder.path().to_owned();
        House { data: self.data(), work: repo.join("work"), repo }
    }

    /// Reads the data.
    pub fn suite(&self) -> interbind_conformance::Result<Suite> {
        Suite::read(self.house(), &[])
    }

    /// Runs everything on the default host; `None` = there is no Python here, said on stderr.
    pub fn run(&self, patterns: &[&str]) -> Option<Report> {
        let suite = self.suite().expect("the test's data is sound");
        if suite.hosts.resolve("default").is_none() {
            eprintln!("skipped: no `python3` on the PATH that hosts.toml knows");
            return None;
        }
        let options = Options {
            set: "full".to_owned(),
            hosts: vec!["default".to_owned()],
            patterns: patterns.iter().map(|text| text.parse().expect("a pattern")).collect(),
            patience: Some(std::time::Duration::from_secs(4)),
            ..Options::default()
        };
        let plan = suite.plan(&options).expect("the patterns match");
        Some(suite.run(&options, &plan).expect("the run comes to its end"))
    }
}

/// The report of the only cell whose provider is of that version.
pub fn of<'r>(report: &'r Report, version: &str) -> &'r CellReport {
    report.cells.iter().find(|cell| cell.id.provider.version() == version).expect("the cell was planned")
}
