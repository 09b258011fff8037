//! SARIF 2.1.0, as code scanning takes it: a rule for each kind of finding, a result for each finding.
//!
//! Code scanning wants a line for every location, and binaries have none: it is always the first.

use std::collections::BTreeMap;

use interbind_abi::types::digest::digest;
use serde_json::{Value, json};

use crate::finding::{Finding, Level};

use super::rules;

/// The schema that the document follows.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Findings as a SARIF log with one run.
pub fn sarif(findings: &[Finding]) -> String {
    let mut index = BTreeMap::<&str, usize>::new();
    for finding in findings {
        index.entry(&finding.rule).or_default();
    }
    for (at, place) in index.values_mut().enumerate() {
        *place = at;
    }
    let rules: Vec<_> = index.keys().map(|rule| describe(rule)).collect();
    let results: Vec<_> =
        findings.iter().map(|finding| result(finding, index[finding.rule.as_str()])).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "interbind",
                "informationUri": "https://github.com/interbind/interbind",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn describe(rule: &str) -> Value {
    json!({
        "id": rule,
        "shortDescription": { "text": rule.replace('-', " ") },
        "helpUri": rules::page(rule),
    })
}

fn result(finding: &Finding, index: usize) -> Value {
    let level = match finding.level {
        Level::Note => "note",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": level,
        "message": { "text": rules::text(finding) },
        "partialFingerprints": { "interbind/v1": fingerprint(finding) },
    });
    if let Some((first, others)) = finding.files.split_first() {
        result["locations"] = json!([location(first)]);
        if !others.is_empty() {
            let related = others.iter().enumerate().map(|(i, file)| {
                let mut place = location(file);
                place["id"] = json!(i + 1);
                place["message"] = json!({ "text": file });
                place
            });
            result["relatedLocations"] = related.collect();
        }
    }
    result
}

fn location(file: &str) -> Value {
    let (file, member) = rules::file_and_member(file);
    let mut place = json!({
        "physicalLocation": { "artifactLocation": { "uri": uri(file) }, "region": { "startLine": 1 } },
    });
    if let Some(member) = member {
        place["logicalLocations"] = json!([{ "fullyQualifiedName": member, "kind": "member" }]);
    }
    place
}

/// The same for the same finding in the next run, however its sentence reads by then.
fn fingerprint(finding: &Finding) -> String {
    let mut text = finding.rule.clone();
    for file in &finding.files {
        text.push('\0');
        text += file;
    }
    digest(&text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A path as a URI reference: relative as it is, absolute as a `file:` URI.
fn uri(path: &str) -> String {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    let windows = drive || path.starts_with("\\\\");
    let path = if windows { path.replace('\\', "/") } else { path.to_owned() };
    let mut out = match (drive, path.starts_with('/')) {
        (true, _) => "file:///".to_owned(),
        (_, true) if windows => "file:".to_owned(),
        (_, true) => "file://".to_owned(),
        _ => String::new(),
    };
    for (at, byte) in path.bytes().enumerate() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'+' | b'@' => {
                out.push(char::from(byte));
            }
            b':' if drive && at == 1 => out.push(':'),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &str, files: &[&str]) -> Finding {
        Finding {
            rule: rule.into(),
            level: Level::Warning,
            message: "m".into(),
            files: files.iter().map(|file| (*file).to_owned()).collect(),
            details: vec!["d".into()],
            fix: Some("f".into()),
        }
    }

    #[test]
    fn each_rule_stands_once_and_results_point_to_theirs() {
        let log = sarif(&[finding("z", &["a"]), finding("b", &[]), finding("z", &["c", "d.whl!e.so"])]);
        let log: Value = serde_json::from_str(&log).unwrap();
        let run = &log["runs"][0];
        let rules: Vec<_> = run["tool"]["driver"]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["id"].as_str().unwrap())
            .collect();
        assert_eq!(rules, ["b", "z"]);
        for result in run["results"].as_array().unwrap() {
            assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize], result["ruleId"]);
        }
        assert_eq!(run["results"][1].get("locations"), None);
        let related = &run["results"][2]["relatedLocations"][0];
        assert_eq!(related["physicalLocation"]["artifactLocation"]["uri"], "d.whl");
        assert_eq!(related["logicalLocations"][0]["fullyQualifiedName"], "e.so");
        assert_eq!(run["results"][0]["message"]["text"], "m\n  d\nfix: f");
    }

    #[test]
    fn a_fingerprint_depends_on_rule_and_files_alone() {
        let (one, mut other) = (finding("a", &["b"]), finding("a", &["b"]));
        other.message = "said better".into();
        assert_eq!(fingerprint(&one), fingerprint(&other));
        assert_ne!(fingerprint(&one), fingerprint(&finding("a", &["b", "c"])));
    }

    #[test]
    fn paths_become_uri_references_on_every_system() {
        assert_eq!(uri("dist/a b#%.so"), "dist/a%20b%23%25.so");
        assert_eq!(uri("/usr/ü.so"), "file:///usr/%C3%BC.so");
        assert_eq!(uri("C:\\x\\y.pyd"), "file:///C:/x/y.pyd");
        assert_eq!(uri("\\\\host\\share\\y.pyd"), "file://host/share/y.pyd");
        // A relative path can't look like a scheme.
        assert_eq!(uri("ab:c.so"), "ab%3Ac.so");
    }
}
