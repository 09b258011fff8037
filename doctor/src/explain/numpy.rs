//! What a message about NumPy tells beyond its kind: whose module it is, and which of the two NumPys is the newer one.

use std::sync::LazyLock;

use regex::Regex;

use super::meaning::Meaning;

static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"File "(?P<file>[^"\n]{1,400})", line \d+, in "#).expect("a checked pattern")
});

/// The module that was imported when NumPy complained: the last frame that isn't NumPy's or Python's.
pub(super) fn blame(meaning: &mut Meaning, before: &str, behind: &str) {
    let name = |text: &str| -> Option<String> {
        let frames = FRAME.captures_iter(text).filter_map(|found| package_of(found.name("file")?.as_str()));
        frames.filter(|name| name != "numpy").last()
    };
    // The traceback comes before an error, and after a warning.
    let blamed = name(before).or_else(|| {
        let end = behind.find("_ARRAY_API not found").unwrap_or(behind.len());
        name(&behind[..end])
    });
    if let Some(module) = blamed {
        meaning.seen.push(format!("the traceback's last frame before NumPy's is in `{module}`"));
        meaning.title =
            meaning.title.replacen("A module", &format!("`{module}`, or a module that it imports,"), 1);
        for step in &mut meaning.next {
            step.say = step.say.replace("the package that the traceback names last", &format!("`{module}`"));
        }
        meaning.names.insert("module".to_owned(), module);
    }
}

/// The package that a file of a traceback belongs to.
fn package_of(file: &str) -> Option<String> {
    let place = ["site-packages", "dist-packages"].iter().find_map(|folder| file.rsplit_once(folder))?.1;
    let name = place.trim_start_matches(['/', '\\']).split(['/', '\\']).next()?;
    let name = name.split('.').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// Sizes of arrays in their order, with the releases that have them.
const ARRAYS: &[(u64, &str)] =
    &[(80, "NumPy before 1.20"), (88, "NumPy 1.20 and 1.21"), (96, "NumPy 1.22 or newer")];

/// Two sizes of a class of NumPy's on 64 bits: which release the module was compiled with, and which one runs.
pub(super) fn size(meaning: &mut Meaning) {
    let number = |name: &str| meaning.names.get(name)?.parse::<u64>().ok();
    let (Some(compiled), Some(running)) = (number("want"), number("size")) else { return };
    let array = |size: u64| ARRAYS.iter().find(|(known, _)| *known == size).map(|(_, release)| *release);
    if meaning.names.get("type").is_some_and(|name| name.ends_with("dtype")) {
        match (compiled, running) {
            (96, 88) => {
                meaning.seen.push(
                    "96 bytes is NumPy 1, and the NumPy that runs is 2, or far older than 1.20".to_owned(),
                );
                meaning.causes.retain(|cause| cause.starts_with("The module was compiled with NumPy 1"));
            }
            (88, 96) => {
                meaning.seen.push("88 bytes is NumPy 2, and the NumPy that runs is 1".to_owned());
                meaning.causes.retain(|cause| cause.starts_with("An older NumPy"));
            }
            _ => {}
        }
        return;
    }
    meaning.causes.retain(|cause| !cause.starts_with("The module was compiled with NumPy 1 and"));
    if let (Some(compiled), Some(running)) = (array(compiled), array(running)) {
        meaning.seen.push(format!("the module was compiled with {compiled}, and {running} runs"));
    }
    if running > compiled {
        meaning.causes = vec![
            "The module was compiled with an older NumPy than the one that runs. Newer releases only add behind what the module uses, \
             so a warning may be left alone, and newer releases of Cython leave it out."
                .to_owned(),
        ];
    }
}
