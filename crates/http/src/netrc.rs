//! User names and passwords of a netrc file, as pip reads it: `machine HOST login USER password SECRET`.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::str::Chars;

use url::Url;

use crate::redirect::is_private_way;

/// Largest netrc file that is read, in bytes.
pub const MAX_NETRC: usize = 1 << 20;

/// Logins by host. `Debug` shows no secret.
///
/// An entry counts for its host alone, over https or to this machine itself; `default` entries, which would send a password
/// to every host, are left out, and so are macros.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Netrc {
    logins: HashMap<String, (String, String)>,
}

/// Why a netrc file is not used. Shows nothing of it but a line's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetrcError {
    /// It has more bytes than are read.
    #[error("it is larger than {MAX_NETRC} bytes")]
    TooLarge,
    /// A word that means nothing where it stands, or one that is missing.
    #[error("line {line} cannot be read")]
    Syntax {
        /// Number of the line, from 1.
        line: usize,
    },
}

impl Netrc {
    /// Where the file is: the one that `NETRC` names, else `.netrc` or `_netrc` in the home folder, whichever exists.
    #[must_use]
    pub fn locate(netrc: Option<OsString>, home: Option<&Path>) -> Option<PathBuf> {
        if let Some(named) = netrc.filter(|named| !named.is_empty()) {
            return Some(PathBuf::from(named)).filter(|path| path.exists());
        }
        let home = home?;
        [".netrc", "_netrc"]
            .map(|name| home.join(name))
            .into_iter()
            .find(|path| path.exists())
    }

    /// Reads a file's text. Of several entries for a host the last counts, as in Python.
    ///
    /// # Errors
    /// [`NetrcError`]; nothing of the file is used then.
    pub fn parse(text: &str) -> Result<Self, NetrcError> {
        if text.len() > MAX_NETRC {
            return Err(NetrcError::TooLarge);
        }
        let mut logins = HashMap::new();
        let mut words = Words::new(text);
        let mut entry: Option<Entry> = None;
        while let Some(word) = words.keyword()? {
            match word.as_str() {
                "machine" => {
                    keep(entry.replace(Entry::of(Some(words.value()?))), &mut logins);
                }
                "default" => keep(entry.replace(Entry::of(None)), &mut logins),
                "macdef" => {
                    words.value()?;
                    words.skip_macro();
                }
                "login" | "user" | "account" | "password" => {
                    let value = words.value()?;
                    let entry = entry.as_mut().ok_or(NetrcError::Syntax { line: words.line })?;
                    match word.as_str() {
                        "password" => entry.password = value,
                        "account" => {}
                        _ => entry.user = value,
                    }
                }
                _ => return Err(NetrcError::Syntax { line: words.line }),
            }
        }
        keep(entry, &mut logins);
        Ok(Self { logins })
    }

    /// User name and password for a URL.
    pub(crate) fn login(&self, url: &Url) -> Option<(&str, &str)> {
        if !is_private_way(url) {
            return None;
        }
        let (user, password) = self.logins.get(&url.host_str()?.to_ascii_lowercase())?;
        Some((user, password))
    }
}

impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netrc").field("hosts", &self.logins.len()).finish()
    }
}

struct Entry {
    /// None for `default`.
    host: Option<String>,
    user: String,
    password: String,
}

impl Entry {
    fn of(host: Option<String>) -> Self {
        Self {
            host,
            user: String::new(),
            password: String::new(),
        }
    }
}

fn keep(entry: Option<Entry>, logins: &mut HashMap<String, (String, String)>) {
    if let Some(Entry {
        host: Some(host),
        user,
        password,
    }) = entry
        && !(user.is_empty() && password.is_empty())
    {
        logins.insert(host.to_ascii_lowercase(), (user, password));
    }
}

/// The words of the file, and the number of the line that was reached.
struct Words<'a> {
    chars: Peekable<Chars<'a>>,
    line: usize,
}

impl<'a> Words<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            chars: text.chars().peekable(),
            line: 1,
        }
    }

    fn char(&mut self) -> Option<char> {
        let next = self.chars.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    /// The next keyword. Comments reach from `#` to the end of the line.
    fn keyword(&mut self) -> Result<Option<String>, NetrcError> {
        loop {
            self.skip_space();
            match self.chars.peek() {
                None => return Ok(None),
                Some('#') => self.skip_line(),
                Some(_) => return self.value().map(Some),
            }
        }
    }

    /// The next word, which may stand in quotes; a backslash takes away the meaning of the character after it.
    fn value(&mut self) -> Result<String, NetrcError> {
        self.skip_space();
        let line = self.line;
        let quoted = self.chars.next_if_eq(&'"').is_some();
        let mut word = String::new();
        loop {
            match self.chars.peek() {
                None if quoted || word.is_empty() => return Err(NetrcError::Syntax { line }),
                None => return Ok(word),
                Some('"') if quoted => break,
                Some(c) if !quoted && c.is_whitespace() => return Ok(word),
                Some(_) => {}
            }
            match self.char() {
                Some('\\') => word.extend(self.char()),
                other => word.extend(other),
            }
        }
        self.char();
        Ok(word)
    }

    fn skip_space(&mut self) {
        while self.chars.peek().is_some_and(|c| c.is_whitespace()) {
            self.char();
        }
    }

    fn skip_line(&mut self) {
        while self.char().is_some_and(|c| c != '\n') {}
    }

    /// A macro reaches to the next empty line.
    fn skip_macro(&mut self) {
        self.skip_line();
        while !matches!(self.chars.peek(), None | Some('\n')) {
            self.skip_line();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn login(text: &str, url: &str) -> Option<String> {
        let netrc = Netrc::parse(text).unwrap();
        let (user, password) = netrc.login(&Url::parse(url).unwrap())?;
        Some(format!("{user}:{password}"))
    }

    #[test]
    fn entries_are_read_as_python_reads_them() {
        let text = "# machine index.example login commented password out\n\
            machine index.example\n  login user # the user\n  password #pw\\\\\\x\n\
            macdef init\nmachine evil.example login a password b\n\nmachine other.example user \"a b\" account c password \"d\\\"e\"\n\
            machine third.example password only machine index.example:8080 login x password y\n\
            default login anybody password secret";
        let index = |url: &str| login(text, url);
        assert_eq!(index("https://index.example/simple/"), Some("user:#pw\\x".to_owned()));
        assert_eq!(index("https://INDEX.example:8443/"), Some("user:#pw\\x".to_owned()));
        assert_eq!(index("https://other.example/"), Some("a b:d\"e".to_owned()));
        assert_eq!(index("https://third.example/"), Some(":only".to_owned()));
        for other in [
            "https://evil.example/",
            "https://sub.index.example/",
            "https://index.example.evil.example/",
        ] {
            assert_eq!(index(other), None, "{other}");
        }
    }

    #[test]
    fn passwords_go_over_https_or_to_this_machine() {
        let text = "machine index.example login u password p machine 127.0.0.1 login u password p machine localhost login u password p";
        assert_eq!(login(text, "http://index.example/"), None);
        for here in ["http://127.0.0.1:8080/", "http://localhost/", "https://index.example/"] {
            assert_eq!(login(text, here), Some("u:p".to_owned()), "{here}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(parts in proptest::collection::vec(prop::sample::select(vec![
            "machine", "login", "password", "default", "macdef", "a", "#", "\"", "\\", " ", "\n", "\t", "\u{e9}", "\n\n",
        ]), 0..40)) {
            let text = parts.concat();
            if let Err(error) = Netrc::parse(&text) {
                let NetrcError::Syntax { line } = error else { panic!("{error}") };
                prop_assert!((1..=text.lines().count() + 1).contains(&line));
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_line_alone() {
        for (text, line) in [
            ("machine", 1),
            ("machine a\nlogin b\npassword", 3),
            ("\nlogin s3cret", 2),
            ("machine a login b\nsecret s3cret", 2),
            ("machine a login \"s3cret", 1),
        ] {
            let error = Netrc::parse(text).unwrap_err();
            assert_eq!(error, NetrcError::Syntax { line }, "{text}");
            assert!(!error.to_string().contains("s3cret"));
        }
        assert_eq!(Netrc::parse(&" ".repeat(MAX_NETRC + 1)), Err(NetrcError::TooLarge));
        let netrc = Netrc::parse("machine a login b password s3cret").unwrap();
        assert!(!format!("{netrc:?}").contains("s3cret"));
        assert_eq!(Netrc::parse("").unwrap(), Netrc::default());
    }

    #[test]
    fn the_file_is_the_named_one_or_lies_at_home() {
        let home = tempfile::tempdir().unwrap();
        let at_home = |name: &str| Some(home.path().join(name));
        assert_eq!(Netrc::locate(None, Some(home.path())), None);
        std::fs::write(home.path().join("_netrc"), "").unwrap();
        assert_eq!(Netrc::locate(None, Some(home.path())), at_home("_netrc"));
        std::fs::write(home.path().join(".netrc"), "").unwrap();
        assert_eq!(Netrc::locate(Some("".into()), Some(home.path())), at_home(".netrc"));
        // One that is named and not there is not made up for.
        assert_eq!(Netrc::locate(Some("/nowhere/netrc".into()), Some(home.path())), None);
        let named = home.path().join("_netrc");
        assert_eq!(
            Netrc::locate(Some(named.clone().into()), Some(home.path())),
            Some(named)
        );
    }
}
