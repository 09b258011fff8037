//! Escapes that other programs put into a message: HTML's entities, and the backslashes of JSON and of a `repr`. A line is
//! unescaped only where it shows that it is one of theirs, since a Windows path has backslashes of its own.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// How deep texts are put into texts: a JSON log inside a JSON log.
const DEEPEST: usize = 3;

/// The entities that take the place of what messages have.
static ENTITY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"&(?:(lt|gt|amp|quot|apos|nbsp)|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));")
        .expect("a checked pattern")
});

/// What a line of JSON or of a `repr` has and others hardly have: a key or an item that is a text, an escaped line end before
/// a traceback's line or an error, an escaped quote.
static ESCAPED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = concat!(
        r#"^\s*(?:[\[{(,]\s*)*(?:b|"[\w.-]{1,60}"\s*:\s*)?["'].{0,400}\\[nrtu"'\\]"#,
        r#"|"[\w.-]{1,60}"\s*:\s*".{0,400}\\[nrtu"\\]"#,
        r#"|\\n(?:\\n)*\s*(?:File \\?"|Traceback \(|During handling|The above exception|[A-Z]\w*(?:Error|Exception|Warning): )"#,
        r#"|\\u00(?:22|27|3[ceCE]|26)"#,
        r#"|\\".{1,400}\\""#,
    );
    Regex::new(pattern).expect("a checked pattern")
});

/// A byte in percent-encoding, in a text that was copied from a web address: `%20undefined%20symbol`.
static PERCENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"%([2-7][0-9a-fA-F])").expect("a checked pattern"));

static BACKSLASH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))"#).expect("a checked pattern")
});

/// A line as it was before it was put into another format; it may be several then.
pub(super) fn unescaped(line: &str) -> Cow<'_, str> {
    let mut line = Cow::Borrowed(line);
    for _ in 0..DEEPEST {
        let before = line.len();
        if line.contains('&') && ENTITY.is_match(&line) {
            line = Cow::Owned(ENTITY.replace_all(&line, entity).into_owned());
        }
        if line.contains('\\') && ESCAPED.is_match(&line) {
            line = Cow::Owned(BACKSLASH.replace_all(&line, backslash).into_owned());
        }
        // Two spaces so written are an address; a lone per cent sign may be a format's.
        if line.split(' ').any(|word| word.matches("%20").nth(1).is_some()) {
            line = Cow::Owned(PERCENT.replace_all(&line, percent).into_owned());
        }
        if line.len() == before {
            break;
        }
    }
    line
}

fn entity(found: &Captures<'_>) -> String {
    let number = |group: usize, radix| {
        let digits = found.get(group)?;
        char::from_u32(u32::from_str_radix(digits.as_str(), radix).ok()?).filter(|c| !c.is_control())
    };
    match found.get(1).map(|name| name.as_str()) {
        Some("lt") => "<".to_owned(),
        Some("gt") => ">".to_owned(),
        Some("amp") => "&".to_owned(),
        Some("quot") => "\"".to_owned(),
        Some("apos") => "'".to_owned(),
        Some(_) => " ".to_owned(),
        None => number(2, 10).or_else(|| number(3, 16)).map_or_else(|| found[0].to_owned(), String::from),
    }
}

fn percent(found: &Captures<'_>) -> String {
    let letter = u32::from_str_radix(&found[1], 16).ok().and_then(char::from_u32);
    letter.map_or_else(|| found[0].to_owned(), String::from)
}

fn backslash(found: &Captures<'_>) -> String {
    let code = found.get(1).or_else(|| found.get(2));
    if let Some(digits) = code {
        let letter = u32::from_str_radix(digits.as_str(), 16).ok().and_then(char::from_u32);
        return letter.map_or_else(|| found[0].to_owned(), String::from);
    }
    match &found[3] {
        "n" => "\n".to_owned(),
        "t" => "\t".to_owned(),
        "r" => String::new(),
        sign @ ("\"" | "'" | "\\" | "/") => sign.to_owned(),
        _ => found[0].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn a_line_of_json_html_or_a_repr_becomes_what_it_was() {
        for line in [
            r#"{"level": "error", "message": "ImportError: type \"A\" is bad\n  File \"x.py\""}"#,
            r#"{"log":"{\"message\": \"ImportError: type \\\"A\\\" is bad\\n\"}"}"#,
            r#"ImportError: type &quot;A&quot; is bad"#,
            r#"ImportError: type &#34;A&#x22; is bad"#,
            r#"  "error": "ImportError: type \u0022A\u0022 is bad","#,
            r#"['ImportError: type "A" is bad\n']"#,
            "https://example.org/?q=ImportError:%20type%20%22A%22%20is%20bad",
        ] {
            let lines = unescaped(line);
            assert!(lines.contains(r#"ImportError: type "A" is bad"#), "{line}: {lines}");
        }
    }

    #[test]
    fn the_backslashes_of_a_windows_path_stay() {
        for line in [
            r"ImportError: DLL load failed while importing x: C:\new\python\table.pyd",
            r"OSError: [WinError 126] The specified module could not be found. Error loading 'C:\torch\lib\fbgemm.dll'",
        ] {
            assert_eq!(unescaped(line), line);
        }
    }
}
