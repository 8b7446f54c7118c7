//! Which copy of each repository is used (rule B9): refreshed, else kept, else embedded; and what is said about it.

use jiff::Timestamp;
use slsa_pip_verify::{Instance, RootError, TrustRoots};

use crate::describe;
use crate::embedded::EMBEDDED_DATE;
use crate::error::LoadError;
use crate::kept::{self, Kept};
use crate::loaded::{Loaded, Part};
use crate::metadata;
use crate::open::Copy;
use crate::origin::Origin;
use crate::problem::Problem;

/// What a refresh has brought.
pub(crate) struct Outcome {
    pub(crate) copy: Copy,
    /// The new copy; `None` where the kept one is used.
    pub(crate) new: Option<Kept>,
    /// Why it is not fresh.
    pub(crate) unreachable: Option<String>,
}

/// Prepares the roots, then keeps what is new: what cannot be used is not kept either.
pub(crate) fn assemble(outcomes: &[Outcome], now: Timestamp) -> Result<Loaded, LoadError> {
    let parts = outcomes
        .iter()
        .map(|outcome| part(outcome, now))
        .collect::<Result<Vec<_>, _>>()?;
    let roots = prepare(&parts).map_err(|source| unusable(outcomes, &parts, source))?;
    let mut loaded = Loaded::new(roots, parts);
    loaded.notes.extend(not_fresh(outcomes, &loaded.parts, now));
    for outcome in outcomes {
        if let (Some(new), Some(folder)) = (&outcome.new, &outcome.copy.folder)
            && let Err(error) = kept::write(&outcome.copy.repository, folder, new, outcome.copy.anew)
        {
            loaded
                .notes
                .push(format!("the trusted root could not be kept: {}", in_one_line(&error)));
        }
    }
    Ok(loaded)
}

/// The copy that is used of a repository.
fn part(outcome: &Outcome, now: Timestamp) -> Result<Part, LoadError> {
    let Copy { repository, kept, .. } = &outcome.copy;
    let url = Some(repository.url.clone());
    let fresh = outcome.new.is_some() || outcome.copy.is_fresh(now);
    let kept = kept
        .as_ref()
        .filter(|kept| fresh || repository.embedded.is_none() || !is_before_embedded(kept, now));
    if let Some(used) = outcome.new.as_ref().or(kept) {
        let refreshed = used.refreshed;
        return Ok(Part {
            name: repository.name,
            url,
            origin: if fresh {
                Origin::Fresh { refreshed }
            } else {
                Origin::Cached { refreshed }
            },
            roles: describe::roles(&used.set),
            json: used.files.target.clone(),
        });
    }
    let address = slsa_pip_http::redact(&repository.url);
    match (repository.embedded, &outcome.unreachable) {
        (Some(json), _) => {
            let origin = Origin::Embedded { taken: EMBEDDED_DATE };
            Ok(Part::plain(repository.name, url, origin, json.to_owned()))
        }
        (None, Some(reason)) if reason != "--offline" => Err(LoadError::Unreachable {
            url: address,
            reason: reason.clone(),
        }),
        (None, _) => Err(LoadError::NoCopy { url: address }),
    }
}

/// Whether it was kept before the embedded copies were taken: by an earlier release. A clock that says that they are yet to be
/// taken is wrong, and decides nothing.
fn is_before_embedded(kept: &Kept, now: Timestamp) -> bool {
    let embedded = Origin::Embedded { taken: EMBEDDED_DATE }.as_of();
    embedded.is_some_and(|taken| kept.refreshed < taken && taken <= now)
}

fn prepare(parts: &[Part]) -> Result<TrustRoots, RootError> {
    let json = |name| {
        parts
            .iter()
            .find(|part| part.name == name)
            .map(|part| part.json.as_str())
    };
    match json("public-good") {
        Some(public_good) => TrustRoots::new(public_good, json("github")),
        None => TrustRoots::custom(json("custom").unwrap_or_default()),
    }
}

/// Whose root cannot be used; a repository that has just served it is refused.
fn unusable(outcomes: &[Outcome], parts: &[Part], source: RootError) -> LoadError {
    let (RootError::Unreadable { instance, .. }
    | RootError::Unusable { instance, .. }
    | RootError::Incomplete { instance, .. }) = &source;
    let name = match instance {
        Instance::PublicGood => "public-good",
        Instance::Github => "github",
        Instance::Custom => "custom",
    };
    let found = outcomes.iter().zip(parts).find(|(_, part)| part.name == name);
    match found {
        Some((outcome, _)) if outcome.new.is_some() => LoadError::Refused {
            url: slsa_pip_http::redact(&outcome.copy.repository.url),
            problem: Problem::Unusable(Box::new(source)),
        },
        Some((_, part)) => LoadError::Unusable {
            origin: part.origin.clone(),
            source,
        },
        None => LoadError::Unusable {
            origin: Origin::Embedded { taken: EMBEDDED_DATE },
            source,
        },
    }
}

/// One note for all copies that are not fresh: which is used, how old it is, and why.
fn not_fresh(outcomes: &[Outcome], parts: &[Part], now: Timestamp) -> Option<String> {
    let mut used = Vec::new();
    let mut reasons: Vec<&str> = Vec::new();
    for (outcome, part) in outcomes.iter().zip(parts) {
        if matches!(part.origin, Origin::Fresh { .. }) {
            continue;
        }
        let expired = outcome
            .copy
            .kept
            .as_ref()
            .filter(|_| matches!(part.origin, Origin::Cached { .. }))
            .and_then(|kept| metadata::expired(&kept.set, now))
            .map_or_else(String::new, |(role, end)| {
                format!(" (its {role} metadata expired on {end})")
            });
        used.push(format!("{}: {}{expired}", part.name, part.origin.describe(now)));
        reasons.extend(
            outcome
                .unreachable
                .as_deref()
                .filter(|reason| !reasons.contains(reason)),
        );
    }
    if used.is_empty() {
        return None;
    }
    let why = if reasons.is_empty() {
        String::new()
    } else {
        format!(" ({})", reasons.join("; "))
    };
    Some(format!(
        "the trusted root was not refreshed{why}; used: {}",
        used.join("; ")
    ))
}

fn in_one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
