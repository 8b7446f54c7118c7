//! `[packages.tool.slsa-pip]`: notes that nothing depends on. What does not fit is left out without a word.

use slsa_pip_policy::EvidenceKind;
use toml::de::DeValue;

use super::table::Table;
use crate::error::Collector;
use crate::model::Recorded;

/// Most files that an entry lists as verified.
const MAX_VERIFIED: usize = 2000;

pub(super) fn read(package: &Table<'_>) -> Option<Recorded> {
    // Mistakes in here are nobody's business.
    let mut unheard = Collector::new("");
    let errors = &mut unheard;
    let Some((span, DeValue::Table(tool))) = package.get("tool") else {
        return None;
    };
    let table = Table::new(tool, "tool", &span).table("slsa-pip", errors)?;
    let mut text = |key: &str| table.text(key, errors).map(|(_, text)| text.to_owned());
    let recorded = Recorded {
        repository: text("repository"),
        repository_id: text("repository-id"),
        owner_id: text("owner-id"),
        workflow: text("workflow"),
        builder: text("builder"),
        reference: text("ref"),
        trigger: text("trigger"),
        runner_environment: text("runner-environment"),
        exempt: text("exempt"),
        tolerated: text("tolerated"),
        evidence: text("evidence").and_then(|kind| match kind.as_str() {
            "build" => Some(EvidenceKind::Build),
            "publish" => Some(EvidenceKind::Publish),
            _ => None,
        }),
        level: table
            .integer("level", errors)
            .and_then(|level| u8::try_from(level).ok()),
        verified: table.list(
            "verified",
            MAX_VERIFIED,
            |text| Ok::<_, String>(text.to_owned()),
            errors,
        ),
    };
    (recorded != Recorded::default()).then_some(recorded)
}
