//! How lock files are named.

/// Whether a file of this name is a lock file: `pylock.toml`, or `pylock.NAME.toml` where the name holds no dot.
#[must_use]
pub fn is_lock_name(file: &str) -> bool {
    let Some(rest) = file.strip_prefix("pylock.").and_then(|rest| rest.strip_suffix("toml")) else {
        return false;
    };
    // Nothing is left of `pylock.toml`, and `NAME.` of a named one.
    rest.is_empty()
        || rest
            .strip_suffix('.')
            .is_some_and(|name| !name.is_empty() && !name.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::is_lock_name;

    #[test]
    fn names_are_those_of_the_standard() {
        for name in ["pylock.toml", "pylock.dev.toml", "pylock.a-b_c.toml"] {
            assert!(is_lock_name(name), "{name}");
        }
        for name in [
            "pylock",
            "pylock.",
            "pylocktoml",
            "pylock..toml",
            "pylock.a.b.toml",
            "Pylock.toml",
            "pylock.toml.txt",
            "my-pylock.toml",
            "pylock.devtoml",
            "requirements.txt",
        ] {
            assert!(!is_lock_name(name), "{name}");
        }
    }
}
