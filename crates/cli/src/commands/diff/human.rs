//! The comparison for people.

use slsa_pip_pylock::diff::{Change, Weight};

use super::{NOTE, summary, versions};
use crate::printer::Printer;

/// The text; whatever comes from the files is in single, plain lines.
pub(super) fn text(changes: &[Change], printer: &Printer) -> String {
    let mut lines = Vec::new();
    for change in changes {
        let status = printer.label(change.status.as_str());
        let name = printer.strong(&printer.plain_line(change.name.as_str()));
        lines.push(format!("{status} {name} {}", printer.plain_line(&versions(change))));
        for finding in &change.findings {
            let code = match finding.weight {
                Weight::Alarm => printer.bad(finding.code),
                Weight::Look => printer.warn(finding.code),
                Weight::Note => printer.note(finding.code),
            };
            lines.push(format!("  {code} {}", finding.what));
            for (label, value) in [("old:", &finding.old), ("new:", &finding.new)] {
                let value = value.as_ref().map(|value| printer.plain_line(value));
                lines.extend(value.map(|value| format!("    {} {value}", printer.label(label))));
            }
        }
    }
    lines.push(summary(changes));
    lines.push(format!("{} {NOTE}", printer.note("note:")));
    format!("{}\n", lines.join("\n"))
}
