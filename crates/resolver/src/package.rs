//! What the solver decides about.

use std::fmt;

use slsa_pip_distribution::PackageName;
use slsa_pip_distribution::requirement::ExtraName;

/// A project, or one of the stand-ins that PubGrub needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Package {
    /// What the user asked for.
    Root,
    /// A project without extras.
    Base(PackageName),
    /// `name[extra]`: depends on the same release of `Base` and of `ExtraDeps`, so that a version that contradicts
    /// `Base` is dismissed without reading its metadata.
    Extra(PackageName, ExtraName),
    /// The requirements that the extra adds.
    ExtraDeps(PackageName, ExtraName),
}

impl Package {
    /// The project; `None` for the root.
    pub(crate) fn project(&self) -> Option<&PackageName> {
        match self {
            Self::Root => None,
            Self::Base(name) | Self::Extra(name, _) | Self::ExtraDeps(name, _) => Some(name),
        }
    }

    /// The extra, if it stands for one.
    pub(crate) fn extra(&self) -> Option<&ExtraName> {
        match self {
            Self::Root | Self::Base(_) => None,
            Self::Extra(_, extra) | Self::ExtraDeps(_, extra) => Some(extra),
        }
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("your requirements"),
            Self::Base(name) => name.fmt(f),
            Self::Extra(name, extra) | Self::ExtraDeps(name, extra) => write!(f, "{name}[{extra}]"),
        }
    }
}
