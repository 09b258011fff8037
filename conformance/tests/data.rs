//! The data: what is refused when read, what a plan is made of, what a key depends on. No Python runs here.

mod house;

use std::collections::BTreeSet;

use house::TestHouse;
use interbind_conformance::axes::Mutation;
use interbind_conformance::forge::Order;
use interbind_conformance::forge::instruments::Instruments;
use interbind_conformance::forge::key::{self, Inputs};
use interbind_conformance::house::House;
use interbind_conformance::participant::{Participants, Role};
use interbind_conformance::run::{Options, Suite};
use interbind_conformance::sets::Set;

const CASE: &str =
    "needs = { provider = [\"provide\"], consumer = [\"consume\"] }\n[[expect]]\noutcome = \"interop\"\n";
const BODY: &str = "def act(p, type): pass\n";

fn small_house() -> TestHouse {
    let house = TestHouse::new();
    house.case("group.case", CASE, BODY);
    house.participant("liar", true, &["bad-magic"], &[("a", ""), ("b", "")]);
    house
}

fn refusal(house: &TestHouse) -> String {
    house.suite().err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn the_repository_s_own_data_is_sound() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate stands in the repository");
    let suite = Suite::read(House::at(root), &[]).unwrap_or_else(|error| panic!("{error}"));
    assert!(!suite.cases.is_empty());
    for cell in suite.product().cells().expect("the builds parse").step_by(7) {
        let expected = suite.expectations.of(&cell, &suite.facts()).unwrap_or_else(|error| panic!("{error}"));
        assert!(expected.is_some(), "no rule speaks about {cell}");
    }
}

#[test]
fn every_body_has_its_description() {
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    for group in std::fs::read_dir(cases).expect("there are cases").flatten() {
        for file in
            std::fs::read_dir(group.path()).expect("a group is a folder").flatten().map(|entry| entry.path())
        {
            if file.extension().is_some_and(|ending| ending == "py") {
                assert!(file.with_extension("toml").is_file(), "{} has no description", file.display());
            }
        }
    }
}

#[test]
fn a_description_without_its_body_is_refused() {
    let house = small_house();
    house.write("cases/group/lonely.toml", &format!("title = \"t\"\nspec = []\n{CASE}"));
    assert!(refusal(&house).contains("lonely.py"));
}

#[test]
fn a_rule_that_matches_no_cell_is_refused() {
    let house = small_house();
    house.write("expect/base.toml", "schema = 1\n[[rule]]\ncells = [\"other\"]\noutcome = \"interop\"\n");
    assert!(refusal(&house).contains("matches no cell"), "{}", refusal(&house));
}

#[test]
fn a_gap_without_an_issue_is_refused() {
    let house = small_house();
    house.write("expect/base.toml", "schema = 1\n[[rule]]\noutcome = \"interop\"\ntoday = \"silent\"\n");
    assert!(refusal(&house).contains("needs an `issue`"));
}

#[test]
fn no_rule_can_expect_a_crash_between_interbind_builds() {
    for forbidden in ["crash(SIGSEGV)", "corrupt", "hang", "silent"] {
        let house = small_house();
        house.write("expect/base.toml", &format!("schema = 1\n[[rule]]\noutcome = \"{forbidden}\"\n"));
        let suite = house.suite().expect("the rule is used, so reading it is fine");
        let cell = suite.product().cells().expect("the builds parse").next().expect("there is a cell");
        assert!(suite.expectations.of(&cell, &suite.facts()).is_err(), "{forbidden}");
    }
}

#[test]
fn a_record_mutation_meets_only_the_cases_that_ask_for_it() {
    let house = small_house();
    house.case("group.hostile", &format!("record = [\"bad-magic\"]\n{CASE}"), BODY);
    let suite = house.suite().expect("the data is sound");
    for cell in suite.product().cells().expect("the builds parse") {
        assert_eq!(cell.provider.has("bad-magic"), cell.case == "group.hostile", "{cell}");
        assert!(!cell.consumer.has("bad-magic"), "{cell}");
    }
}

#[test]
fn the_product_is_cases_times_pairs_times_hosts_times_orders() {
    let house = small_house();
    let suite = house.suite().expect("the data is sound");
    let cells: Vec<_> = suite.product().cells().expect("the builds parse").collect();
    assert_eq!(cells.len(), 2 * 2 * suite.hosts.all.len() * 2);
    assert_eq!(cells.iter().collect::<BTreeSet<_>>().len(), cells.len());
}

#[test]
fn a_pairwise_cover_leaves_no_two_values_unmet_and_is_the_same_each_time() {
    let house = small_house();
    house.case("group.second", CASE, BODY);
    let suite = house.suite().expect("the data is sound");
    let all: Vec<_> = suite.product().cells().expect("the builds parse").collect();
    let cover = |_| interbind_conformance::cover::pairwise(&all, std::iter::empty());
    let chosen = cover(());
    assert_eq!(chosen, cover(()));
    assert!(chosen.len() < all.len() / 2, "{} of {}", chosen.len(), all.len());
    let pairs = |cells: &[&interbind_conformance::cell::CellId]| {
        let mut met = BTreeSet::new();
        for cell in cells {
            let words = [
                cell.case.clone(),
                format!("p{}", cell.provider),
                format!("c{}", cell.consumer),
                cell.host.clone(),
                cell.order.to_string(),
            ];
            for (index, a) in words.iter().enumerate() {
                met.extend(words[index + 1..].iter().map(|b| (a.clone(), b.clone())));
            }
        }
        met
    };
    let chosen: Vec<_> = chosen.iter().map(|&index| &all[index]).collect();
    assert_eq!(pairs(&chosen), pairs(&all.iter().collect::<Vec<_>>()));
}

#[test]
fn a_row_s_builds_may_be_kept_apart_and_a_row_may_be_for_some_cases_only() {
    let house = small_house();
    house.write(
        "sets.toml",
        "[quick]\ncold-budget = 1\nwarm-budget = 1\n\
         [[quick.take]]\nbuilds = [\"liar-a\"]\napart = true\n\
         [[quick.take]]\nbuilds = [\"liar-b\"]\n\
         [[quick.take]]\nbuilds = [\"liar-a\"]\ncases = [\"other\"]\n",
    );
    let set = Set::read(&house.house(), "quick").expect("the set is sound");
    let suite = house.suite().expect("the data is sound");
    let takes = |case: &str, pair: &str| {
        let id = format!("{case}::{pair}::cp311::p1::main").parse().expect("an id");
        set.takes(&id, &suite.hosts)
    };
    assert!(!takes("group.case", "liar-a..liar-a"));
    assert!(takes("group.case", "liar-a..liar-b"));
    assert!(takes("group.case", "liar-b..liar-a"));
    assert!(takes("group.case", "liar-b..liar-b"));
    assert!(takes("other.case", "liar-a..liar-a"));
}

#[test]
fn a_plan_is_deterministic_and_harness_comes_first() {
    let house = small_house();
    house.case("harness.first", CASE, BODY);
    let suite = house.suite().expect("the data is sound");
    let options = Options { set: "full".to_owned(), ..Options::default() };
    let plan = suite.plan(&options).expect("a plan can be made");
    assert_eq!(plan.cells, suite.plan(&options).expect("a plan can be made").cells);
    let groups: Vec<bool> = plan.cells.iter().map(|cell| cell.group() == "harness").collect();
    assert!(groups.is_sorted_by(|a, b| a >= b));
}

#[test]
fn a_host_that_is_not_here_stays_visible() {
    let house = small_house();
    let suite = house.suite().expect("the data is sound");
    let Some(absent) = suite.hosts.all.iter().find(|host| host.python.is_none()) else {
        eprintln!("skipped: every host of the axis is here");
        return;
    };
    let patterns = vec![format!("::{}", absent.name).parse().expect("a pattern")];
    let plan =
        suite.plan(&Options { set: "full".to_owned(), patterns, ..Options::default() }).expect("a plan");
    assert!(plan.cells.is_empty());
    assert!(!plan.absent.is_empty());
}

#[test]
fn a_capability_that_a_side_lacks_is_listed() {
    let house = small_house();
    house.case("group.more", "needs = { consumer = [\"fly\"] }\n", BODY);
    let suite = house.suite().expect("the data is sound");
    let plan = suite.plan(&Options { set: "full".to_owned(), ..Options::default() }).expect("a plan");
    assert!(plan.cells.iter().all(|cell| cell.case != "group.more"));
    assert!(plan.unsupported.iter().any(|line| line.case == "group.more" && line.capability == "fly"));
}

#[test]
fn the_cache_key_changes_with_each_input_and_with_nothing_else() {
    let house = small_house();
    let participants = Participants::read(&house.house(), &[]).expect("the participants are sound");
    let participant = participants.0.values().next().expect("there is one");
    let order = Order {
        build: "liar-a".parse().expect("a build"),
        role: Role::Provider,
        mutation: Mutation::Same,
        host: None,
    };
    let repo = house.house().repo;
    let base = Inputs {
        format: 1,
        order: &order,
        participant,
        repo: &repo,
        compilers: "rustc 1",
        host_tag: "any",
        host_version: "any",
        zoo_text: "struct A;",
        instruments: None,
    };
    let key = |inputs: &Inputs<'_>| key::of(inputs).expect("the inputs are there");
    let first = key(&base);
    assert_eq!(first, key(&base));
    let other = |build: &str, role, mutation| Order {
        build: build.parse().expect("a build"),
        role,
        mutation,
        host: None,
    };
    let orders = [
        other("liar-b", Role::Provider, Mutation::Same),
        other("liar-a+bad-magic", Role::Provider, Mutation::Same),
        other("liar-a", Role::Consumer, Mutation::Same),
        other("liar-a", Role::Provider, Mutation::Widened),
    ];
    let mut keys: BTreeSet<String> =
        orders.iter().map(|order| key(&Inputs { order, ..base.clone() })).collect();
    keys.insert(key(&Inputs { format: 2, ..base.clone() }));
    keys.insert(key(&Inputs { compilers: "rustc 2", ..base.clone() }));
    keys.insert(key(&Inputs { host_tag: ".cp311.so", ..base.clone() }));
    keys.insert(key(&Inputs { host_version: "3.11.7", ..base.clone() }));
    keys.insert(key(&Inputs { zoo_text: "struct B;", ..base.clone() }));
    let nightly = |version: &str| Instruments {
        toolchain: "nightly".to_owned(),
        version: version.to_owned(),
        triple: "x86_64-unknown-linux-gnu".to_owned(),
    };
    for instruments in [nightly("rustc 3"), nightly("rustc 4")] {
        keys.insert(key(&Inputs { instruments: Some(&instruments), ..base.clone() }));
    }
    house.write("participants/liar/a.py", "changed = True\n");
    keys.insert(key(&base));
    assert_eq!(keys.len(), 12);
    assert!(!keys.contains(&first));
}

#[test]
fn the_zoo_places_every_type_without_holes_under_every_mutation() {
    let suite = small_house().suite().expect("the data is sound");
    for &mutation in Mutation::ALL {
        let zoo = suite.zoo.mutated(mutation).expect("the mutation is sound");
        for kind in &zoo.types {
            let filled: usize = kind.layout.fields.iter().map(|field| field.kind.size()).sum();
            assert_eq!(filled, kind.layout.size, "{} under {mutation}", kind.id);
        }
    }
}
