//! Why a document, or one line of it, is no evidence.

/// Why something that was read is no evidence. Each has a stable code; none of them is ever a pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is no document at all: no byte, or only blank lines, or an empty list of attestations.
    #[error("there is nothing in it")]
    Empty,
}

impl Problem {
    /// The stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty-provenance",
        }
    }
}
