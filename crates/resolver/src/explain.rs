//! Why there is no solution, in plain words.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pubgrub::{DefaultStringReporter, DerivationTree, External, Map, ReportFormatter, Reporter, Term};
use slsa_pip_distribution::PackageName;

use crate::collapse::{Collapse, Merged};
use crate::derivation::{Cause, Fact, Step, Tree, facts, ruled_out, shortest_first, single_cause};
use crate::edges::{Edges, Reason};
use crate::error::ResolveError;
use crate::package::Package;
use crate::page::Page;
use crate::provider::{Inner, Texts};
use crate::rules::Rules;
use crate::store::Store;
use crate::version_set::{Index, VersionSet};

/// Longest explanation, in lines: past that nobody reads on.
const MAX_LINES: usize = 60;
/// From how many lines on the end of an explanation is told first.
const LONG: usize = 4;
/// Most versions or reasons that one sentence lists.
const MAX_LISTED: usize = 4;

type Terms = Map<Package, Term<VersionSet>>;

/// The error for a failed run: a plain cause if there is only one, else the derivation.
pub(crate) fn no_solution<F: Clone>(tree: &Tree, run: &Inner<'_, F>) -> ResolveError {
    let (store, rules, texts, known) = (&*run.store, &*run.rules, &run.texts, &run.known);
    let length = |name: &PackageName| store.page(name).map_or(0, |page| page.len());
    let mut collapse = Collapse::new(&length);
    let short = collapse.collapse(tree);
    let words = Words {
        store,
        rules,
        texts,
        known,
        merged: collapse.merged,
    };
    let explanation = match &short {
        DerivationTree::External(fact) => sentence(&words.format_external(fact)),
        DerivationTree::Derived(_) => {
            let told = DefaultStringReporter::report_with_formatter(&shortest_first(&short), &words);
            cut(&told, || words.in_short(tree))
        }
    };
    match single_cause(tree, store) {
        Some((name, required_by, Cause::Missing)) => ResolveError::NotFound { name, required_by },
        Some((name, required_by, Cause::OnlySdists)) => ResolveError::OnlySdists {
            name,
            required_by,
            explanation,
        },
        Some((name, required_by, Cause::WheelsExcluded)) => ResolveError::WheelsExcluded { name, required_by },
        None => ResolveError::Unsatisfiable {
            explanation,
            ruled_out: ruled_out(tree, store).into_iter().collect(),
        },
    }
}

fn sentence(fact: &str) -> String {
    let mut letters = fact.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    format!("{}{}.", first.into_iter().collect::<String>(), letters.as_str())
}

/// Of a long text the beginning, after what it comes to.
fn cut(text: &str, in_short: impl FnOnce() -> String) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let in_short = if lines.len() > LONG { in_short() } else { String::new() };
    let kept = lines.iter().take(MAX_LINES).copied().collect::<Vec<_>>().join("\n");
    match lines.len().saturating_sub(MAX_LINES) {
        0 => format!("{in_short}{kept}"),
        more => format!("{in_short}{kept}\n… and {more} more steps"),
    }
}

struct Words<'a, F> {
    store: &'a Store<F>,
    rules: &'a Rules,
    texts: &'a Texts,
    known: &'a HashMap<(Package, Index), Edges>,
    merged: Merged,
}

impl<F: Clone> Words<'_, F> {
    fn page(&self, package: &Package) -> Option<&Page<F>> {
        self.store.page(package.project()?).map(AsRef::as_ref)
    }

    /// `foo 1.0`, `foo>=1.0,<=2.0`, or only `foo` if it is about all releases.
    fn releases(&self, package: &Package, set: &VersionSet) -> String {
        let Some(page) = self.page(package) else {
            return package.to_string();
        };
        let runs = runs(set, page.len());
        let version = |index: Index| {
            page.release(index)
                .map(|release| release.version.to_string())
                .unwrap_or_default()
        };
        let last = page.len().saturating_sub(1);
        if let (MAX_LISTED.., Some((from, _)), Some((_, to))) = (runs.len(), runs.first(), runs.last()) {
            return format!("some of {package}>={},<={}", version(*from), version(*to));
        }
        let shown: Vec<String> = runs
            .iter()
            .map(|&(from, to)| match (from == 0, to == last) {
                (true, true) => String::new(),
                _ if from == to => format!(" {}", version(from)),
                (true, false) => format!("<={}", version(to)),
                (false, true) => format!(">={}", version(from)),
                (false, false) => format!(">={},<={}", version(from), version(to)),
            })
            .collect();
        if shown.is_empty() {
            return format!("no release of {package}");
        }
        format!("{package}{}", shown.join(" or "))
    }

    /// What was found out about the newest of many releases that are told of together.
    fn example(&self, package: &Package, set: &VersionSet, other: Option<(&Package, &VersionSet)>) -> Option<String> {
        let other = other.map(|(other, needed)| (other.clone(), needed.clone()));
        let (index, fact) = self.merged.get(&(package.clone(), set.clone(), other))?;
        let newest = &self.page(package)?.release(*index)?.version;
        match fact {
            External::FromDependencyOf(from, _, to, set) => {
                let edges = self
                    .known
                    .get(&(from.clone(), *index))
                    .and_then(|edges| edges.as_ref().ok());
                let own = edges
                    .into_iter()
                    .flatten()
                    .find(|edge| edge.to == *to && edge.set == *set);
                let text = match own.and_then(|edge| edge.requirement.as_ref()) {
                    Some(requirement) => format!("`{requirement}`"),
                    None => self.requirement(from, to, set),
                };
                Some(format!("{newest} requires {text}"))
            }
            External::Custom(_, _, Reason::RuledOut(reason)) => Some(format!("{newest} {reason}")),
            External::Custom(_, _, reason) => Some(format!("{newest}: {reason}")),
            _ => None,
        }
    }

    /// The user's requirements that cannot all be met.
    fn in_short(&self, tree: &Tree) -> String {
        let own: BTreeSet<String> = facts(tree)
            .into_iter()
            .filter_map(|fact| match fact {
                External::FromDependencyOf(Package::Root, _, to, set) => {
                    Some(self.requirement(&Package::Root, to, set))
                }
                _ => None,
            })
            .collect();
        let own: Vec<String> = own.into_iter().collect();
        match own.as_slice() {
            [] => String::new(),
            [one] => format!("{one} cannot be met.\n"),
            [first @ .., last] => format!("{} and {last} cannot be met together.\n", first.join(", ")),
        }
    }

    fn requirement(&self, from: &Package, to: &Package, set: &VersionSet) -> String {
        let texts = self.texts.get(&(from.clone(), to.clone()));
        let Some((_, texts)) = texts.and_then(|texts| texts.iter().find(|(known, _)| known == set)) else {
            return self.releases(to, set);
        };
        // Several wordings may mean the same releases.
        let bare = |text: &String| text.replace(|c: char| c.is_whitespace() || "()".contains(c), "");
        let mut wordings: BTreeMap<String, &String> = BTreeMap::new();
        for text in texts {
            let known = wordings.entry(bare(text)).or_insert(text);
            if text.len() < known.len() {
                *known = text;
            }
        }
        let shown: Vec<String> = wordings
            .values()
            .take(MAX_LISTED)
            .map(|text| format!("`{text}`"))
            .collect();
        shown.join(" or ")
    }

    /// What is wrong with the releases of a set of which none can be chosen.
    fn reasons(&self, package: &Package, set: &VersionSet) -> String {
        let (Some(page), Some(name)) = (self.page(package), package.project()) else {
            return String::new();
        };
        let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (index, release) in page.numbered().rev().filter(|(index, _)| set.has(*index)) {
            let reason = match &release.wheel {
                _ if release.installed => None,
                Err(reason) => Some(reason.to_string()),
                Ok(_) => self.rules.refusal(name, page, index),
            };
            if let Some(reason) = reason {
                by_reason.entry(reason).or_default().push(release.version.to_string());
            }
        }
        let shown = by_reason.iter().take(MAX_LISTED).map(|(reason, versions)| {
            let more = versions.len().saturating_sub(MAX_LISTED);
            let mut listed = versions.iter().take(MAX_LISTED).cloned().collect::<Vec<_>>().join(", ");
            if more > 0 {
                listed = format!("{listed} and {more} older");
            }
            format!("{listed}: {reason}")
        });
        let shown = shown.collect::<Vec<_>>().join("; ");
        let more = by_reason.len().saturating_sub(MAX_LISTED);
        if more > 0 {
            format!("{shown}; and {more} other reasons")
        } else {
            shown
        }
    }

    fn nothing(&self, to: &Package) -> String {
        match self.page(to) {
            Some(page) if !page.found() => format!(", and no index has {to}"),
            Some(page) => match page.releases.last() {
                Some(newest) => format!(", which no release satisfies (the newest is {})", newest.version),
                None => format!(", and {to} has no release"),
            },
            None => String::new(),
        }
    }
}

/// The consecutive runs, both ends included, of the releases `0..length` in a set.
fn runs(set: &VersionSet, length: Index) -> Vec<(Index, Index)> {
    let mut runs: Vec<(Index, Index)> = Vec::new();
    for index in (0..length).filter(|index| set.has(*index)) {
        match runs.last_mut() {
            Some((_, to)) if *to + 1 == index => *to = index,
            _ => runs.push((index, index)),
        }
    }
    runs
}

impl<F: Clone> ReportFormatter<Package, VersionSet, Reason> for Words<'_, F> {
    type Output = String;

    fn format_external(&self, fact: &Fact) -> String {
        match fact {
            External::NotRoot(..) => "your requirements are to be met".to_owned(),
            External::NoVersions(package, set) => match self.reasons(package, set) {
                reasons if reasons.is_empty() => format!("{} does not exist", self.releases(package, set)),
                reasons => format!("{} cannot be installed ({reasons})", self.releases(package, set)),
            },
            External::Custom(package, set, Reason::RuledOut(reason)) => {
                format!("{} {reason}", self.releases(package, set))
            }
            External::Custom(package, set, reason) => {
                let reason = self.example(package, set, None).unwrap_or_else(|| reason.to_string());
                format!("{} cannot be used ({reason})", self.releases(package, set))
            }
            External::FromDependencyOf(Package::Extra(name, extra), ..) => {
                format!("{name}[{extra}] is always of the same release as {name}")
            }
            External::FromDependencyOf(from, from_set, to, set)
                if let Some(example) = self.example(from, from_set, Some((to, set))) =>
            {
                let (from, to) = (self.releases(from, from_set), self.releases(to, set));
                format!("{from} needs {to} ({example})")
            }
            External::FromDependencyOf(from, from_set, to, set) => {
                let missing = if set.is_empty() {
                    self.nothing(to)
                } else {
                    String::new()
                };
                let text = self.requirement(from, to, set);
                match from {
                    Package::Root => format!("you require {text}{missing}"),
                    _ => format!("{} requires {text}{missing}", self.releases(from, from_set)),
                }
            }
        }
    }

    fn format_terms(&self, terms: &Terms) -> String {
        let mut terms: Vec<_> = terms.iter().filter(|(package, _)| **package != Package::Root).collect();
        terms.sort_by_key(|(package, _)| *package);
        match terms.as_slice() {
            [] => "your requirements cannot all be met".to_owned(),
            [(package, Term::Positive(set))] => format!("{} cannot be used", self.releases(package, set)),
            [(package, Term::Negative(set))] => format!("{} is needed", self.releases(package, set)),
            [(from, Term::Positive(a)), (to, Term::Negative(b))]
            | [(to, Term::Negative(b)), (from, Term::Positive(a))] => {
                format!("{} needs {}", self.releases(from, a), self.releases(to, b))
            }
            several => {
                let shown = several.iter().map(|(package, term)| match term {
                    Term::Positive(set) => self.releases(package, set),
                    Term::Negative(set) => format!("anything but {}", self.releases(package, set)),
                });
                format!("{} exclude each other", shown.collect::<Vec<_>>().join(" and "))
            }
        }
    }

    fn explain_both_external(&self, a: &Fact, b: &Fact, terms: &Terms) -> String {
        let (a, b) = (self.format_external(a), self.format_external(b));
        format!("Because {a}, and {b}, {}.", self.format_terms(terms))
    }

    fn explain_both_ref(&self, id1: usize, a: &Step, id2: usize, b: &Step, terms: &Terms) -> String {
        let (a, b) = (self.format_terms(&a.terms), self.format_terms(&b.terms));
        format!("Because {a} ({id1}), and {b} ({id2}), {}.", self.format_terms(terms))
    }

    fn explain_ref_and_external(&self, id: usize, step: &Step, fact: &Fact, terms: &Terms) -> String {
        let (step, fact) = (self.format_terms(&step.terms), self.format_external(fact));
        format!("Because {step} ({id}), and {fact}, {}.", self.format_terms(terms))
    }

    fn and_explain_external(&self, fact: &Fact, terms: &Terms) -> String {
        format!(
            "And because {}, {}.",
            self.format_external(fact),
            self.format_terms(terms)
        )
    }

    fn and_explain_ref(&self, id: usize, step: &Step, terms: &Terms) -> String {
        let step = self.format_terms(&step.terms);
        format!("And because {step} ({id}), {}.", self.format_terms(terms))
    }

    fn and_explain_prior_and_external(&self, prior: &Fact, fact: &Fact, terms: &Terms) -> String {
        let (prior, fact) = (self.format_external(prior), self.format_external(fact));
        format!("And because {prior}, and {fact}, {}.", self.format_terms(terms))
    }
}
