//! What can be said of the pictures and the page without a browser.

use std::collections::BTreeMap;
use std::path::Path;

use crate::environment::{Environment, survey};
use crate::facts::{FrameworkKind, Inspection, Problem};
use crate::graph::{html, mermaid, svg};
use crate::installed::Installed;
use crate::samples::{host, inspection, nanobind, plain, pybind11};

/// A text that ends whatever it stands in, if anything lets it.
const EVIL: &str = "\"]</title></style></script><script>alert(1)</script>`--><!-- & ' \u{0}\u{202e}";

fn evil() -> (Environment, Inspection) {
    let mut modules =
        vec![pybind11(EVIL, 11, 1), pybind11("b", 12, 1), pybind11("c", 4, 0), nanobind("d", Some(EVIL))];
    modules.push(plain(EVIL, FrameworkKind::Pyo3));
    modules[0].path = format!("/site/{EVIL}.so");
    modules[2].frameworks[0].warnings.push(EVIL.to_owned());
    let mut inspection = inspection(modules);
    let (kind, path, message) = (EVIL.to_owned(), EVIL.to_owned(), EVIL.to_owned());
    inspection.problems.push(Problem { kind, path, message, evidence: None });
    let mut installed = Installed::default();
    installed.add_wheel(Path::new(&inspection.modules[0].path), EVIL, EVIL);
    (survey(&inspection, Some(&host()), &installed), inspection)
}

fn many(count: usize) -> (Environment, Inspection) {
    let module = |at: usize| match at % 3 {
        0 => pybind11(&format!("package{}.module{at}", at % 40), 11, 1),
        1 => pybind11(&format!("other.m{at}"), (at % 12) as u32, 0),
        _ => plain(&format!("plain{at}"), FrameworkKind::Cython),
    };
    let inspection = inspection((0..count).map(module).collect());
    (survey(&inspection, Some(&host()), &Installed::default()), inspection)
}

/// The names of all elements, after proving that they nest.
fn elements(xml: &str) -> Vec<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut all = Vec::new();
    let mut rest = xml;
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>'), "a bare > in {before:?}");
        let entities = before.split('&').skip(1);
        entities.for_each(|entity| {
            assert!(entity.split_once(';').is_some_and(|(name, _)| name.len() < 6), "{before:?}")
        });
        let (tag, next) = after.split_once('>').expect("a tag that ends");
        rest = next;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.split([' ', '/']).next().unwrap();
        all.push(name.to_owned());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    all
}

#[test]
fn the_svg_is_well_formed_whatever_the_names_are() {
    let (environment, _) = evil();
    let text = svg(&environment);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    let all = elements(&text);
    assert!(all.iter().all(|name| {
        ["svg", "title", "desc", "style", "rect", "g", "text", "path", "circle"].contains(&name.as_str())
    }));
    assert_eq!(all.iter().filter(|name| *name == "style").count(), 1);
}

#[test]
fn each_group_and_each_edge_is_drawn() {
    let (environment, _) = evil();
    let text = svg(&environment);
    assert_eq!(text.matches("class=\"ib-shares\"").count(), environment.groups.len());
    assert_eq!(text.matches("class=\"ib-apart\"").count(), environment.apart.len());
    assert_eq!(text.matches("class=\"ib-conduit\"").count(), 1);
    assert!(text.contains("prefers-color-scheme: dark"));
}

#[test]
fn boxes_dont_overlap_and_nodes_stay_inside_theirs() {
    for count in [1, 5, 300, 2000] {
        let (environment, _) = many(count);
        let picture = super::super::picture::Picture::of(&environment);
        let layout = super::super::layout::Layout::of(&picture);
        let mut bottom = 0.0;
        for area in &layout.areas {
            assert!(area.rect.y >= bottom, "{count}");
            bottom = area.rect.y + area.rect.height;
            for node in area.nodes.iter().map(|node| node.rect) {
                assert!(
                    node.x >= area.rect.x && node.x + node.width <= area.rect.x + area.rect.width,
                    "{count}"
                );
                assert!(node.y >= area.rect.y && node.y + node.height <= bottom, "{count}");
            }
        }
        assert!(layout.height >= bottom);
        assert!(layout.edges.iter().all(|edge| edge.lane > 0.0 && edge.lane < super::super::layout::WIDTH));
    }
}

#[test]
fn a_large_group_shows_packages_in_place_of_modules() {
    let (environment, _) = many(300);
    let picture = super::super::picture::Picture::of(&environment);
    assert!(picture.areas.iter().all(|area| area.nodes.len() <= 120));
}

#[test]
fn the_mermaid_text_has_no_letter_that_its_grammar_reads() {
    let (environment, _) = evil();
    let text = mermaid(&environment);
    assert!(text.starts_with("flowchart LR\n"));
    for line in text.lines().skip(2) {
        assert!(matches!(line.matches('"').count(), 0 | 2), "{line}");
        let quoted = line.split('"').nth(1).unwrap_or_default();
        assert!(!quoted.contains(['<', '>', '&', '`', '[', ']', '{', '}']), "{line}");
    }
    assert_eq!(text.matches("subgraph ").count(), text.matches("  end\n").count());
    assert_eq!(text.matches(" -. ").count(), environment.apart.len());
    assert_eq!(text.matches(" <== ").count(), 1);
}

#[test]
fn no_name_becomes_markup_in_the_page() {
    let (environment, inspection) = evil();
    let page = html(&environment, &inspection);
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("alert(1)</script>"));
    // Everything but the script and the styles nests as XML does; void elements stand in the head alone.
    let body = &page[page.find("<body>").unwrap()..page.find("<script>").unwrap()];
    elements(&format!("{body}</body>"));
}

#[test]
fn the_page_asks_for_nothing_else() {
    let (environment, inspection) = many(30);
    let page = html(&environment, &inspection).replace("http://www.w3.org/2000/svg", "");
    for other in ["http:", "https:", "src=", "@import", "url(", "<link", "fetch("] {
        assert!(!page.contains(other), "{other}");
    }
}

#[test]
fn the_page_has_headings_captions_and_a_region_for_the_keyboard() {
    let (environment, inspection) = many(30);
    let page = html(&environment, &inspection);
    assert_eq!(page.matches("<h1>").count(), 1);
    assert_eq!(page.matches("<table ").count(), page.matches("<caption ").count());
    assert_eq!(page.matches("class=\"scroll\"").count(), page.matches("tabindex=\"0\"").count());
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    for id in page.split(" id=\"").skip(1) {
        *ids.entry(id.split('"').next().unwrap()).or_default() += 1;
    }
    assert!(ids.values().all(|count| *count == 1), "{ids:?}");
    for link in page.split("href=\"#").skip(1) {
        assert!(ids.contains_key(link.split('"').next().unwrap()));
    }
}

/// The colours of a block of declarations.
fn colours(css: &str) -> BTreeMap<&str, [f64; 3]> {
    let mut found = BTreeMap::new();
    for declaration in css.split("--").skip(1) {
        let Some((name, value)) = declaration.split_once(": #") else { continue };
        let number = |at: usize| f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap()) / 255.0;
        found.insert(name, [number(0), number(2), number(4)]);
    }
    found
}

/// How much two colours differ, as the accessibility guidelines define it.
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let light = |colour: [f64; 3]| {
        let linear = colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05
    };
    let (a, b) = (light(a), light(b));
    a.max(b) / a.min(b)
}

#[test]
fn every_text_stands_out_from_its_ground_in_light_and_dark() {
    let check = |css: &str, texts: &[&str], grounds: &[&str]| {
        for (scheme, css) in
            [("light", css.split("@media").next().unwrap()), ("dark", css.split("dark)").nth(1).unwrap())]
        {
            let colours = colours(css);
            for (text, ground) in
                texts.iter().flat_map(|text| grounds.iter().map(move |ground| (text, ground)))
            {
                let found = contrast(colours[text], colours[ground]);
                assert!(found >= 4.5, "{scheme}: {text} on {ground}: {found:.2}");
            }
        }
    };
    let page = include_str!("page.css");
    check(page, &["ink", "soft", "link", "error", "warning", "note"], &["ground", "panel"]);
    check(page, &["ink", "soft", "link"], &["code"]);
    let picture = include_str!("picture.css");
    check(picture, &["ib-ink", "ib-soft"], &["ib-ground", "ib-area", "ib-node", "ib-broken-area"]);
    check(picture, &["ib-apart", "ib-conduit"], &["ib-ground"]);
}
