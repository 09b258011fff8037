//! JUnit XML, which test reports of CI are read from: suites of cases that passed, failed or were skipped. Whatever the texts
//! hold, the document is well-formed. The matrix writes its reports with it too.

use std::fmt::Write;

use crate::xml::Xml;

/// A group of cases.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// Its cases, in order.
    pub cases: Vec<Case>,
}

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is a case of.
    pub class: String,
    /// Its own name.
    pub name: String,
    /// How long it took.
    pub millis: u64,
    /// What came of it.
    pub end: End,
}

/// What came of a case.
#[derive(Clone, Debug)]
pub enum End {
    /// It passed, and said this.
    Passed {
        /// Empty: nothing.
        said: String,
    },
    /// There was nothing to judge.
    Skipped {
        /// Why.
        message: String,
    },
    /// It failed.
    Failed {
        /// One word on what kind of failure.
        kind: &'static str,
        /// One line.
        message: String,
        /// All of it.
        text: String,
    },
}

/// The document.
pub fn write(name: &str, suites: &[Suite]) -> String {
    let all: Vec<&Case> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    _ = writeln!(out, "<testsuites name=\"{}\" {}>", Xml(name), counts(&all));
    for suite in suites {
        let cases: Vec<&Case> = suite.cases.iter().collect();
        _ = writeln!(out, "  <testsuite name=\"{}\" {}>", Xml(&suite.name), counts(&cases));
        suite.cases.iter().for_each(|case| write_case(&mut out, case));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts(cases: &[&Case]) -> String {
    let failures = cases.iter().filter(|case| matches!(case.end, End::Failed { .. })).count();
    let skipped = cases.iter().filter(|case| matches!(case.end, End::Skipped { .. })).count();
    let time = seconds(cases.iter().map(|case| case.millis).sum());
    format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" time=\"{time}\"",
        cases.len()
    )
}

fn write_case(out: &mut String, case: &Case) {
    let (class, name, time) = (Xml(&case.class), Xml(&case.name), seconds(case.millis));
    _ = write!(out, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"{time}\"");
    let inside = match &case.end {
        End::Passed { said } if said.is_empty() => {
            out.push_str("/>\n");
            return;
        }
        End::Passed { said } => format!("<system-out>{}</system-out>", Xml(said)),
        End::Skipped { message } => format!("<skipped message=\"{}\"/>", Xml(message)),
        End::Failed { kind, message, text } => {
            let (kind, message, text) = (Xml(kind), Xml(message), Xml(text));
            format!("<failure type=\"{kind}\" message=\"{message}\">{text}</failure>")
        }
    };
    _ = writeln!(out, ">\n      {inside}\n    </testcase>");
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_end_is_counted_and_written() {
        let case = |end| Case { class: "c".to_owned(), name: "n".to_owned(), millis: 1500, end };
        let failed = End::Failed { kind: "wrong", message: "a\nb".to_owned(), text: "x < y".to_owned() };
        let skipped = End::Skipped { message: "no host".to_owned() };
        let passed = End::Passed { said: String::new() };
        let suites = [
            Suite { name: "one".to_owned(), cases: vec![case(failed), case(passed)] },
            Suite { name: "two".to_owned(), cases: vec![case(skipped)] },
        ];
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"all\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"4.500\">
  <testsuite name=\"one\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"3.000\">
    <testcase classname=\"c\" name=\"n\" time=\"1.500\">
      <failure type=\"wrong\" message=\"a&#10;b\">x &lt; y</failure>
    </testcase>
    <testcase classname=\"c\" name=\"n\" time=\"1.500\"/>
  </testsuite>
  <testsuite name=\"two\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\" time=\"1.500\">
    <testcase classname=\"c\" name=\"n\" time=\"1.500\">
      <skipped message=\"no host\"/>
    </testcase>
  </testsuite>
</testsuites>
";
        assert_eq!(write("all", &suites), expected);
    }
}
