//! The report for people: one block a file, refusals last, what can be typed at the very end.

use std::fmt::Write as _;

use slsa_pip_distribution::SourceRepository;
use slsa_pip_verify::{Attested, Basis, Code, EvidenceKind, ExemptBasis, Refusal};

use crate::printer::Printer;
use crate::report::exemptions::Exemptions;
use crate::report::{FileReport, Outcome, Report, Searched, Verdict, table};

/// Width of the labels of a block.
const LABEL_WIDTH: usize = 11;

/// Places of one kind with one answer that are shown; each tag's spelling is a place of its own.
const SEARCHED_ALIKE: usize = 2;

/// Refusals with one code that are shown of a file.
const REFUSED_ALIKE: usize = 3;

/// Prints the blocks of the accepted files, then the refusals.
pub(crate) fn print(report: &Report, policy_file: &str, printer: &Printer) {
    for file in report.files.iter().filter(|file| file.verdict == Verdict::Verified) {
        printer.result(&accepted(file, printer));
    }
    for file in report.files.iter().filter(|file| file.verdict == Verdict::Tolerated) {
        printer.important(&tolerated(file, printer));
    }
    for file in report.files.iter().filter(|file| file.verdict == Verdict::Refused) {
        printer.important(&refused(file, policy_file, printer));
    }
    if report.files.len() > 1 {
        printer.result(&table::of(&report.files, printer));
    }
    if let Some(line) = left_alone(report) {
        printer.progress(&line);
    }
    if let Some(root) = &report.trusted_root {
        printer.progress(&format!("trusted root: {}", printer.plain_line(root)));
    }
    printer.progress(&counts(report));
    let exemptions = report.exemptions.iter().flat_map(Exemptions::notes);
    for note in report.notes.iter().cloned().chain(exemptions) {
        printer.progress(&format!("{} {}", printer.note("note:"), printer.plain_line(&note)));
    }
    if let Some(warning) = not_verified(report) {
        printer.important(&format!("{} {warning}\n", printer.warn("warning:")));
    }
}

/// That some files pass though they were refused: the last word, and silenced by nothing.
fn not_verified(report: &Report) -> Option<String> {
    let tolerated = report.files.iter().filter(|file| file.verdict == Verdict::Tolerated);
    let is_refused = report.verdict == Verdict::Refused;
    let text = match (tolerated.count(), is_refused) {
        (0, _) => return None,
        (count, true) => format!("{count} more would pass unverified: policy says `mode = \"warn\"`"),
        (1, false) => "1 file passes UNVERIFIED, only because policy says `mode = \"warn\"`".to_owned(),
        (count, false) => format!("{count} files pass UNVERIFIED, only because policy says `mode = \"warn\"`"),
    };
    Some(text)
}

/// That what satisfies the requirements already was not looked at.
fn left_alone(report: &Report) -> Option<String> {
    let what = match report.satisfied.len() {
        0 => return None,
        1 => "1 installed package was".to_owned(),
        count => format!("{count} installed packages were"),
    };
    Some(format!(
        "{what} left alone, and not verified by this run (`--verify-installed` does that)"
    ))
}

/// What the run has cost, and what the cache has spared it.
fn counts(report: &Report) -> String {
    let confirmed = match report.revalidated {
        0 => String::new(),
        count => format!(" ({count} to confirm what the cache holds)"),
    };
    let cached = match report.cached {
        0 => String::new(),
        count => format!("; from the cache without a request: {count}"),
    };
    format!("requests: {}{confirmed}{cached}", report.requests)
}

/// How many files there were, where it is more than one.
pub(crate) fn print_count(report: &Report, printer: &Printer) {
    let count = report.files.len();
    let refused = report
        .files
        .iter()
        .filter(|file| file.verdict == Verdict::Refused)
        .count();
    match (count, refused) {
        (0 | 1, _) => {}
        (_, 0) => printer.result(&format!("{} all {count} files\n", printer.good("verified"))),
        _ => printer.important(&format!(
            "{} Refused {refused} of {count} files\n",
            printer.bad("error:")
        )),
    }
}

fn accepted(file: &FileReport, printer: &Printer) -> String {
    let mut block = Block::new(printer);
    match &file.evidence {
        Some(Basis::Attested(attested)) => {
            block.heading(&printer.good("verified"), &file.name);
            block.maybe("file", file.path.as_deref().filter(|path| *path != file.name));
            block.digest(file);
            block.maybe("from", file.origin.as_deref());
            block.attested(attested, file.declared_repository.as_deref());
            if file.declared_unknown && !attested.pinned {
                block.line(
                    "declared",
                    "not known: the index could not be asked what the package's metadata names",
                );
            }
        }
        Some(Basis::Exempt(exempt)) => {
            block.heading(&printer.warn("exempt"), &file.name);
            block.digest(file);
            block.maybe("from", file.origin.as_deref());
            block.exempt(exempt);
        }
        // The others have blocks of their own.
        Some(Basis::Tolerated(_)) | None => block.heading(&printer.good("verified"), &file.name),
    }
    block.wheel(file);
    if printer.is_verbose() {
        block.searched(&file.searched);
    } else {
        for place in file.searched.iter().filter(|place| place.outcome == Outcome::Refused) {
            block.line(
                "besides",
                &format!("{}: {} ({})", place.location, place.answer, place.place),
            );
        }
    }
    block.finish()
}

/// A block that nobody can take for that of an accepted file.
fn tolerated(file: &FileReport, printer: &Printer) -> String {
    let mut block = Block::about(file, &printer.warn("warning:"), "Not verified, but tolerated:", printer);
    if let Some(Basis::Tolerated(basis)) = &file.evidence {
        block.line("tolerated by", &basis.written_at);
    }
    block.wheel(file);
    block.why(file);
    block.finish()
}

fn refused(file: &FileReport, policy_file: &str, printer: &Printer) -> String {
    let mut block = Block::about(file, &printer.bad("error:"), "Refused", printer);
    block.why(file);
    if file.lacks_evidence() && file.may_be_found_later() {
        let _ = writeln!(
            block.text,
            "\n{} some places did not answer: try again when they can be reached, or give the proof: `--provenance-dir DIR`",
            printer.note("hint:")
        );
    }
    if file.lacks_evidence()
        && let Some(lines) = file.exemption_lines()
    {
        let _ = writeln!(
            block.text,
            "\n{} to allow exactly this file without provenance, add to `{policy_file}`:\n",
            printer.note("hint:")
        );
        for line in lines.lines() {
            let _ = writeln!(block.text, "    {line}");
        }
    }
    block.finish()
}

/// A block of labelled lines under construction.
pub(super) struct Block<'a> {
    text: String,
    printer: &'a Printer,
}

impl<'a> Block<'a> {
    pub(super) fn new(printer: &'a Printer) -> Self {
        Self {
            text: String::new(),
            printer,
        }
    }

    /// The beginning of a block on a file that did not pass every rule.
    fn about(file: &FileReport, severity: &str, verdict: &str, printer: &'a Printer) -> Self {
        let mut block = Self::new(printer);
        let subject = match (&file.package, &file.version) {
            (Some(package), Some(version)) => format!("`{package}=={version}`"),
            _ => format!("`{}`", file.path.as_ref().unwrap_or(&file.name)),
        };
        let _ = writeln!(block.text, "{severity} {verdict} {}", printer.plain_line(&subject));
        block.line("file", file.path.as_ref().unwrap_or(&file.name));
        block.digest(file);
        block.maybe("from", file.origin.as_deref());
        if !file.required_by.is_empty() {
            block.line("required by", &file.required_by.join(", "));
        }
        block
    }

    /// What the wheel holds that runs without being imported or takes the names of others; all that is worth knowing if asked.
    fn wheel(&mut self, file: &FileReport) {
        for line in file
            .wheel
            .iter()
            .flat_map(|wheel| wheel.lines(self.printer.is_verbose()))
        {
            self.line("holds", &line);
        }
    }

    /// What it was refused for, and where was looked where that is the reason.
    fn why(&mut self, file: &FileReport) {
        self.refusals(&file.refusals);
        if file.is_explained_by_search() || self.printer.is_verbose() {
            self.searched(&file.searched);
        }
    }

    pub(super) fn finish(mut self) -> String {
        self.text.push('\n');
        self.text
    }

    pub(super) fn heading(&mut self, verdict: &str, name: &str) {
        let _ = writeln!(
            self.text,
            "{verdict} {}",
            self.printer.strong(&self.printer.plain_line(name))
        );
    }

    pub(super) fn line(&mut self, label: &str, value: &str) {
        let label = self.printer.label(&format!("{label:<LABEL_WIDTH$}"));
        let _ = writeln!(self.text, "  {label} {}", self.printer.plain_line(value));
    }

    fn maybe(&mut self, label: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.line(label, value);
        }
    }

    fn digest(&mut self, file: &FileReport) {
        if let Some(sha256) = &file.sha256 {
            self.line("sha256", &sha256.to_hex());
        }
    }

    fn attested(&mut self, attested: &Attested, declared: Option<&str>) {
        self.line("evidence", &describe_evidence(attested));
        self.line("found", &format!("{} ({})", attested.found, attested.found.kind));
        match &attested.repository {
            Some(repository) => {
                let standing = describe_standing(attested, declared);
                self.line("repository", &format!("{repository} ({standing})"));
                let other = |named: &&str| named.parse::<SourceRepository>().as_ref() != Ok(repository);
                if let Some(named) = declared.filter(other) {
                    self.line(
                        "declared",
                        &format!("{named}, by the package's own metadata: another one"),
                    );
                }
            }
            None => self.line(
                "identity",
                &format!("{} ({})", attested.identity, describe_standing(attested, None)),
            ),
        }
        self.maybe("ref", attested.reference.as_deref());
        self.maybe("commit", attested.commit.as_deref());
        self.maybe("workflow", attested.workflow.as_deref());
        self.maybe("builder", attested.builder.as_deref());
        self.maybe(
            "log index",
            attested.log_index.map(|index| index.to_string()).as_deref(),
        );
        self.line("signed", &format!("{:.0}", attested.signed_at));
        if self.printer.is_verbose() {
            for (name, value) in &attested.claims {
                self.line("claim", &format!("{name} = {value}"));
            }
        }
    }

    fn exempt(&mut self, exempt: &ExemptBasis) {
        self.line(
            "evidence",
            "none: exempted by policy; nothing is proven about this file's origin",
        );
        self.line("reason", &exempt.reason);
        self.line("written at", &exempt.written_at);
        self.maybe("expires", exempt.expires.as_deref());
    }

    pub(super) fn caused_by(&mut self, summary: &str, code: Code) {
        let summary = self.printer.plain_line(summary);
        let code = format!("[{code}, rule {}]", code.rule());
        let _ = writeln!(self.text, "  Caused by: {summary} {}", self.printer.label(&code));
    }

    /// All refusals, but of many alike only the first: a release's provenance has a line for each of its files.
    fn refusals(&mut self, refusals: &[Refusal]) {
        let shown = if self.printer.is_verbose() {
            usize::MAX
        } else {
            REFUSED_ALIKE
        };
        for alike in refusals.chunk_by(|a, b| a.code == b.code) {
            for refusal in alike.iter().take(shown) {
                self.refusal(refusal);
            }
            if let Some(more) = alike.len().checked_sub(shown).filter(|more| *more > 0) {
                let code = alike.first().map(|refusal| refusal.code.as_str()).unwrap_or_default();
                let what = if code.starts_with("wheel-") {
                    "defects"
                } else {
                    "attestations"
                };
                let _ = writeln!(self.text, "  … and {more} more {what} with [{code}] (-v shows them)");
            }
        }
    }

    fn refusal(&mut self, refusal: &Refusal) {
        self.caused_by(&refusal.summary, refusal.code);
        if let Some(source) = &refusal.source {
            self.line("  in", &source.to_string());
        }
        self.maybe("  expected", refusal.expected.as_deref());
        self.maybe("  found", refusal.found.as_deref());
        if let Some(hint) = &refusal.hint {
            let _ = writeln!(
                self.text,
                "  {} {}",
                self.printer.note("hint:"),
                self.printer.plain_lines(hint)
            );
        }
    }

    fn searched(&mut self, searched: &[Searched]) {
        if searched.is_empty() {
            return;
        }
        let _ = writeln!(self.text, "  searched:");
        let shown = if self.printer.is_verbose() {
            usize::MAX
        } else {
            SEARCHED_ALIKE
        };
        for alike in searched.chunk_by(|a, b| a.place == b.place && a.answer == b.answer) {
            for place in alike.iter().take(shown) {
                let line = format!("{}: {} ({})", place.location, place.answer, place.place);
                let _ = writeln!(self.text, "    {}", self.printer.plain_line(&line));
            }
            if let Some(more) = alike.len().checked_sub(shown).filter(|more| *more > 0) {
                let _ = writeln!(
                    self.text,
                    "    … and {more} more places with the same answer (-v shows them)"
                );
            }
        }
    }
}

fn describe_evidence(attested: &Attested) -> String {
    match attested.kind {
        EvidenceKind::Build => {
            format!(
                "build provenance, SLSA build level {} ({})",
                attested.build_level, attested.format
            )
        }
        EvidenceKind::Publish => {
            format!(
                "publish attestation: proves who uploaded, not how it was built ({})",
                attested.format
            )
        }
    }
}

/// Whether the repository was pinned, or is merely claimed, and by what.
fn describe_standing(attested: &Attested, declared: Option<&str>) -> String {
    if attested.pinned {
        return match &attested.pinned_by {
            Some(by) => format!("pinned by {by}"),
            None => "pinned".to_owned(),
        };
    }
    match declared {
        Some(_) => "claimed by the certificate and the package's metadata; not pinned".to_owned(),
        None => "claimed by the certificate; not pinned".to_owned(),
    }
}
