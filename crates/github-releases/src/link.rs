//! The `Link` header (RFC 8288), as far as pagination needs it.

/// The target of the first link with `rel="next"`. Commas and semicolons inside `<…>` and quotes are part of them.
pub(crate) fn next(header: &str) -> Option<&str> {
    let mut rest = header;
    loop {
        let after = rest.trim_start_matches([' ', '\t', ',']).strip_prefix('<')?;
        let (target, after) = after.split_once('>')?;
        rest = after;
        let mut found = false;
        while let Some(parameters) = rest.trim_start().strip_prefix(';') {
            let (parameter, following) = parameters.split_at_checked(end(parameters))?;
            found |= is_next(parameter);
            rest = following;
        }
        if found {
            return Some(target);
        }
    }
}

/// Where a parameter ends: before the next `;` or `,` that is not in quotes.
fn end(text: &str) -> usize {
    let mut quoted = false;
    let ends = |c: char| {
        quoted ^= c == '"';
        matches!(c, ';' | ',') && !quoted
    };
    text.find(ends).unwrap_or(text.len())
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let kinds = value.trim().trim_matches('"');
    name.trim().eq_ignore_ascii_case("rel")
        && kinds
            .split_ascii_whitespace()
            .any(|kind| kind.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found() {
        for (header, expected) in [
            (
                r#"<https://a.example/?after=1>; rel="next""#,
                Some("https://a.example/?after=1"),
            ),
            (r#"<x>; rel="prev", <y>; rel="next""#, Some("y")),
            (r#"<x,y;z>; title="a, b"; REL=next"#, Some("x,y;z")),
            (r#"<x>; title="a; rel=next", <y>"#, None),
            (r#"<x>; rel="last next""#, Some("x")),
            (r#"<x>; rel="nexter", <y>"#, None),
            (r#"<x>; title="rel=next""#, None),
            ("", None),
            ("<", None),
            ("<x", None),
            ("x; rel=next", None),
            (r#"<x>; title="open, <y>; rel=next"#, None),
        ] {
            assert_eq!(next(header), expected, "{header}");
        }
    }
}
