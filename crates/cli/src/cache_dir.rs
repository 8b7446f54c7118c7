//! Where the cache folder is: named, or the platform's usual place.

use std::path::PathBuf;

use slsa_pip_cache::CacheFolder;

use crate::args::CacheArgs;
use crate::failure::{Failure, Result};

/// The program's folder in the user's cache folder.
const NAME: &str = "slsa-pip";

/// The cache folder, not made yet; `None` with `--no-cache-dir`, or where the user has no home.
///
/// # Errors
/// If a relative `--cache-dir` is given and there is no working directory.
pub(crate) fn resolve(args: &CacheArgs) -> Result<Option<CacheFolder>> {
    if args.no_cache_dir {
        return Ok(None);
    }
    let path = match &args.cache_dir {
        Some(named) => Some(std::path::absolute(named).map_err(|error| {
            Failure::new(format!("The cache folder `{}` cannot be used", named.display()))
                .caused_by(&error)
                .hint("Name it from the root on: `--cache-dir /path/to/folder`")
        })?),
        None => usual(|name| std::env::var_os(name).map(PathBuf::from), std::env::home_dir()),
    };
    Ok(path.map(CacheFolder::new))
}

/// The platform's usual place; a variable that is no absolute path is ignored, as the XDG specification asks.
fn usual(variable: impl Fn(&str) -> Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let home = home.and_then(absolute);
    let parent = if cfg!(windows) {
        variable("LOCALAPPDATA").and_then(absolute)
    } else if let Some(named) = variable("XDG_CACHE_HOME").and_then(absolute) {
        Some(named)
    } else if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library").join("Caches"))
    } else {
        home.map(|home| home.join(".cache"))
    };
    parent.map(|parent| parent.join(NAME))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_usual_place_is_the_users_cache_folder() {
        let home = || Some(PathBuf::from("/home/a"));
        let xdg = |value: &'static str| move |name: &str| (name == "XDG_CACHE_HOME").then(|| PathBuf::from(value));
        assert_eq!(usual(xdg("/c"), home()).unwrap(), PathBuf::from("/c/slsa-pip"));
        let below_home = usual(|_| None, home()).unwrap();
        assert!(below_home.starts_with("/home/a") && below_home.ends_with("slsa-pip"));
        assert_eq!(usual(xdg("relative"), home()).unwrap(), below_home);
        assert_eq!(usual(|_| None, None), None);
        assert_eq!(usual(|_| None, Some(PathBuf::new())), None);
    }

    #[test]
    fn no_cache_dir_wins() {
        let args = CacheArgs {
            cache_dir: Some(PathBuf::from("/c")),
            no_cache_dir: true,
        };
        assert_eq!(resolve(&args).unwrap(), None);
    }
}
