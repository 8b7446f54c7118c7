//! Arguments, settings, commands and reports of slsa-pip.
