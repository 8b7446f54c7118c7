//! Character references in HTML attributes. The parser leaves them as they are.

/// Replaces the references that indexes write: `&amp;`, `&lt;`, `&gt;`, `&quot;`, `&apos;` and numbers. Others stay.
pub(crate) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let reference = after
            .split_once(';')
            .and_then(|(name, tail)| Some((character(name)?, tail)));
        if let Some((c, tail)) = reference {
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
}
