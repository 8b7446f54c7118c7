//! For people: one block an attestation, what the certificate says apart from what anybody can have written.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Build, Certificate, Inspected, Inspection, LogEntry, Signs, Subject, Unreadable};
use crate::printer::Printer;
use crate::report::Fields;
use crate::wheel_inspection::WheelFindings;

/// Subjects, or inputs, that are shown without `-v`.
const SHOWN: usize = 8;
/// Characters of a value that are shown: hostile documents may hold megabytes where a name belongs. JSON has all of it.
const MAX_VALUE: usize = 400;
/// Width of the labels of a block, and of a group within it.
const LABEL: usize = 12;
const GROUP_LABEL: usize = 27;

/// Prints the whole of it.
pub(crate) fn print(inspection: &Inspection, printer: &Printer) {
    let mut page = Page {
        text: String::new(),
        printer,
    };
    page.heading(inspection);
    for attestation in &inspection.attestations {
        page.attestation(attestation);
    }
    for problem in &inspection.problems {
        let file = problem.source.as_deref().unwrap_or(&inspection.file);
        let place = place(&printer.plain_line(file), problem.line);
        page.raw(&format!(
            "\n{} {place}: {}",
            printer.bad("unreadable"),
            page.problem(problem)
        ));
    }
    if inspection.attestations.is_empty() {
        printer.important(&page.text);
    } else {
        printer.result(&page.text);
    }
}

fn place(file: &str, line: Option<usize>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

/// Text under construction. Whatever comes from the file goes through [`Page::value`].
struct Page<'a> {
    text: String,
    printer: &'a Printer,
}

impl Page<'_> {
    fn raw(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    /// What was read, that nothing of it is verified, and what would verify it.
    fn heading(&mut self, inspection: &Inspection) {
        let file = self.printer.plain_line(&inspection.file);
        let warning = self.printer.warn("Nothing below was verified:");
        match &inspection.artifact {
            None => {
                self.raw(&format!(
                    "{warning} it is what `{file}` says, and anybody can write such a file."
                ));
                self.next_steps(inspection, &file, "FILE");
            }
            Some(artifact) if artifact.sources.is_empty() => {
                self.raw(&format!("`{file}` is no provenance, and there is none beside it."));
                self.line("sha256", &artifact.sha256.to_hex());
                self.wheel(artifact.wheel.as_ref());
                for name in &artifact.looked_for {
                    self.line("looked for", name);
                }
            }
            Some(artifact) => {
                self.raw(&format!(
                    "{warning} it is what stands beside `{file}`, and anybody can write such files."
                ));
                self.line("sha256", &artifact.sha256.to_hex());
                self.wheel(artifact.wheel.as_ref());
                for source in &artifact.sources {
                    let source = self.printer.plain_line(source);
                    self.next_steps(inspection, &source, &file);
                }
            }
        }
    }

    /// Whether a wheel is what it seems, and what it holds.
    fn wheel(&mut self, findings: Option<&WheelFindings>) {
        let Some(findings) = findings else { return };
        if let Some(contents) = &findings.contents {
            self.line(
                "wheel",
                &format!("{} files, {} bytes unpacked", contents.files, contents.unpacked),
            );
            for line in contents.lines(true) {
                self.line("holds", &line);
            }
        }
        for defect in &findings.defects {
            let words = |name, value: &Option<String>| value.as_ref().map(|value| format!(" ({name} {value})"));
            let [expected, found] = [words("expected", &defect.expected), words("found", &defect.found)];
            let more = [expected, found].map(Option::unwrap_or_default).concat();
            let place = defect
                .path
                .as_ref()
                .map(|path| format!("`{path}`: "))
                .unwrap_or_default();
            let line = self.value(&format!("{place}{}{more}", defect.problem));
            self.raw(&format!(
                "  {} {line} [{}]",
                self.printer.bad("malformed   "),
                defect.code
            ));
        }
    }

    /// The commands that verify what a provenance file holds.
    fn next_steps(&mut self, inspection: &Inspection, source: &str, file: &str) {
        let holds = |signs: Signs| {
            let mut all = inspection.attestations.iter();
            all.any(|it| it.signs == signs && self.printer.plain_line(&it.source) == source)
        };
        let (statement, message) = (holds(Signs::Statement), holds(Signs::Message));
        if statement {
            self.raw(&format!("To verify: `slsa-pip verify {file} --provenance {source}`"));
        }
        if message {
            self.raw(&format!(
                "To verify the signature over the file itself: `slsa-pip verify-bundle {file} --bundle {source} --certificate-identity WHO --certificate-oidc-issuer ISSUER`"
            ));
        }
    }

    /// A value in one line, harmless to the terminal, cut to a length.
    fn value(&self, value: &str) -> String {
        let mut shown: String = value.chars().take(MAX_VALUE).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        self.printer.plain_line(&shown)
    }

    fn problem(&self, problem: &Unreadable) -> String {
        let code = self.printer.label(&format!("[{}]", problem.code));
        format!("{} {code}", self.value(&problem.summary))
    }

    fn line(&mut self, label: &str, value: &str) {
        let line = format!(
            "  {} {}",
            self.printer.label(&format!("{label:<LABEL$}")),
            self.value(value)
        );
        self.raw(&line);
    }

    fn maybe(&mut self, label: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.line(label, value);
        }
    }

    /// How many of so many are shown.
    fn shown(&self, count: usize) -> usize {
        if self.printer.is_verbose() {
            count
        } else {
            count.min(SHOWN)
        }
    }

    fn attestation(&mut self, it: &Inspected) {
        let file = self.printer.plain_line(&it.source);
        let heading = self.printer.strong(&place(&file, it.line));
        self.raw(&format!("\n{heading}"));
        self.line("format", it.format);
        match it.is_about_file {
            Some(true) => self.line("about", "this file: its digest is a subject's"),
            Some(false) => self.line("about", "other files: no subject has this file's digest"),
            None => {}
        }
        self.maybe("media type", it.media_type.as_ref());
        self.maybe("payload type", it.payload_type.as_ref());
        self.maybe("predicate", it.predicate_type.as_ref());
        let shown = self.shown(it.subjects.len());
        for subject in it.subjects.iter().take(shown) {
            self.line("subject", &describe_subject(subject));
        }
        if shown < it.subjects.len() {
            let more = it.subjects.len() - shown;
            self.line("", &format!("… and {more} more (-v shows them)"));
        }
        for entry in &it.log_entries {
            self.line("log entry", &describe_entry(entry));
        }
        if it.log_entries.is_empty() {
            self.line("log entry", &without_entry(it));
        }
        let shown = self.shown(it.signed_times.len());
        for time in it.signed_times.iter().take(shown) {
            let time = time.map_or_else(|| "that cannot be read".to_owned(), |time| format!("{time:.0}"));
            self.line("timestamp", &format!("{time} (RFC 3161)"));
        }
        if shown < it.signed_times.len() {
            let more = it.signed_times.len() - shown;
            self.line("", &format!("… and {more} more (-v shows them)"));
        }
        for problem in &it.problems {
            let line = format!(
                "  {} {}",
                self.printer.bad(&format!("{:<LABEL$}", "problem")),
                self.problem(problem)
            );
            self.raw(&line);
        }
        if let Some(certificate) = &it.certificate {
            self.certificate(certificate);
        }
        if let Some(build) = &it.build {
            self.build(build);
        }
        if let Some(publisher) = &it.publisher {
            self.group("Written by the index (unsigned):");
            self.fields(publisher);
        }
    }

    fn group(&mut self, heading: &str) {
        let heading = self.printer.strong(heading);
        self.raw(&format!("  {heading}"));
    }

    fn field(&mut self, name: &str, value: &str) {
        let name = self.value(&name.replace('_', " "));
        let line = format!(
            "    {} {}",
            self.printer.label(&format!("{name:<GROUP_LABEL$}")),
            self.value(value)
        );
        self.raw(&line);
    }

    fn fields(&mut self, fields: &Fields) {
        for (name, value) in &fields.0 {
            self.field(name, value);
        }
    }

    fn certificate(&mut self, certificate: &Certificate) {
        self.group("Vouched for by the certificate (if it verifies):");
        self.field("identity", &certificate.identity);
        let (from, until) = (certificate.not_before, certificate.not_after);
        self.field("valid", &format!("{from:.0} to {until:.0}"));
        self.fields(&certificate.claims);
    }

    fn build(&mut self, build: &Build) {
        self.group("Written by the build (forgeable):");
        self.fields(&build.fields);
        let shown = self.shown(build.inputs.len());
        for (name, value) in build.inputs.iter().take(shown) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.field("input", &format!("{name} = {value}"));
        }
        if shown < build.inputs.len() {
            let more = build.inputs.len() - shown;
            self.field("", &format!("… and {more} more inputs (-v shows them)"));
        }
    }
}

fn describe_subject(subject: &Subject) -> String {
    let digests: Vec<String> = match subject.digest.get("sha256") {
        Some(sha256) => vec![format!("sha256:{sha256}")],
        None => subject
            .digest
            .iter()
            .map(|(name, value)| format!("{name}:{value}"))
            .collect(),
    };
    let name = subject.name.as_deref().unwrap_or("(without a name)");
    format!("{} {name}", digests.join(" "))
}

/// Where the log entry is, if it is not inside.
fn without_entry(it: &Inspected) -> String {
    match it.stored_log_answers.as_slice() {
        [] if it.is_envelope() => "none inside; `slsa-pip verify` asks the log for it".to_owned(),
        [] => "none".to_owned(),
        stored => format!("none inside; the log's answer is stored in {}", stored.join(", ")),
    }
}

fn describe_entry(entry: &LogEntry) -> String {
    let kind = entry.kind.as_deref().unwrap_or("of no kind");
    let index = entry.index.as_deref().unwrap_or("none");
    let mut text = format!("{kind}, index {index}");
    // Rekor v2 has no integrated time, and some writers put 0 in its place.
    if let Some(written) = entry.integrated_time.as_ref().filter(|written| *written != "0") {
        let time = written
            .parse()
            .ok()
            .and_then(|second| Timestamp::from_second(second).ok());
        let time = time.map_or_else(|| written.clone(), |time| format!("{time:.0}"));
        let _ = write!(text, ", integrated at {time}");
    }
    text
}
