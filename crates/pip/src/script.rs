//! What the interpreter runs, and how it is told.

use std::ffi::OsStr;

/// What is shared by the probe, the hand-off and the question to keyring: the place of the user site.
const USER_SITE: &str = include_str!("script/user_site.py");
/// The program proper. It defines the instructions; what they do is sent to it, which is quicker than compiling all of it at
/// once, and not bound by the length of a command line.
pub(crate) const MAIN: &str = include_str!("script/main.py");
/// The probe.
pub(crate) const PROBE: [&str; 3] = [
    USER_SITE,
    include_str!("script/stand_ins.py"),
    include_str!("script/probe.py"),
];
/// What only the hand-off needs of pip.
pub(crate) const PREPARE: &str = include_str!("script/prepare.py");
/// The hand-off.
pub(crate) const HAND_OFF: [&str; 3] = [
    USER_SITE,
    include_str!("script/installation.py"),
    include_str!("script/hand_off.py"),
];

/// An instruction for the program.
pub(crate) struct Instruction(Vec<u8>);

impl Instruction {
    pub(crate) fn new(kind: &str) -> Self {
        Self(Vec::new()).with(OsStr::new(kind))
    }

    /// Source to be executed.
    pub(crate) fn run(source: &str) -> Self {
        Self::new("run").with(OsStr::new(source))
    }

    /// A further field, which holds no zero byte: neither arguments nor variables nor paths can.
    pub(crate) fn with(mut self, field: &OsStr) -> Self {
        self.0.extend_from_slice(field.as_encoded_bytes());
        self.0.push(0);
        self
    }

    /// As it is sent.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut bytes = format!("{}\n", self.0.len()).into_bytes();
        bytes.extend(self.0);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_says_how_long_it_is() {
        let instruction = Instruction::new("probe").with(OsStr::new("")).with(OsStr::new("ä"));
        assert_eq!(instruction.bytes(), b"10\nprobe\0\0\xc3\xa4\0");
    }

    #[test]
    fn no_source_ends_early() {
        for source in PROBE.iter().chain(&HAND_OFF).chain([&PREPARE]) {
            assert!(!source.contains('\0'));
        }
    }
}
