//! Character references in HTML attributes. The parser leaves them as they are.

/// Longest reference that is looked for, in bytes without `&` and `;`. Without a bound each `&` of a page of them would be
/// searched to the page's end.
const MAX_REFERENCE: usize = 32;

/// Replaces the references that indexes write: `&amp;`, `&lt;`, `&gt;`, `&quot;`, `&apos;` and numbers. Others stay.
pub(crate) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        if let Some((c, tail)) = reference(after) {
            plain.push(c);
            rest = tail;
        } else {
            plain.push('&');
            rest = after;
        }
    }
    plain.push_str(rest);
    plain
}

/// The character that the text after a `&` begins with, and what follows its `;`.
fn reference(after: &str) -> Option<(char, &str)> {
    let end = after.bytes().take(MAX_REFERENCE + 1).position(|byte| byte == b';')?;
    let (name, tail) = after.split_at_checked(end)?;
    Some((character(name)?, tail.strip_prefix(';')?))
}

fn character(name: &str) -> Option<char> {
    let number = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => name.strip_prefix('#')?,
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    code.ok().filter(|&code| code != 0).and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn references_are_replaced_once() {
        assert_eq!(unescape("&gt;=3.6,&lt;4"), ">=3.6,<4");
        assert_eq!(unescape("a&#39;b&#x27;c&quot;&apos;"), "a'b'c\"'");
        assert_eq!(unescape("&amp;lt;"), "&lt;");
        assert_eq!(unescape("&#00000000000000000000000000039;\u{e9}"), "'\u{e9}");
    }

    #[test]
    fn what_is_no_reference_stays() {
        for text in [
            "a&b=c",
            "&",
            "&;",
            "&#;",
            "&#x;",
            "&#1114112;",
            "&#0;",
            "&unknown;",
            "?a=1&b=2;",
        ] {
            assert_eq!(unescape(text), text);
        }
    }

    #[test]
    fn references_without_an_end_take_no_longer_than_other_text() {
        let begun = std::time::Instant::now();
        for part in ["&", "&#0", "&#x0"] {
            let text = part.repeat(1 << 17);
            assert_eq!(unescape(&text), text);
            let closed = format!("{text};");
            assert_eq!(unescape(&closed), closed);
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(10));
    }
}
