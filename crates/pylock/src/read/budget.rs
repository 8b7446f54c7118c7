//! What a text will take in memory, before it is parsed: a table costs a hundred times the bytes that it is written with.

/// What one table takes, in bytes; measured.
const TABLE: usize = 1600;
/// What one list takes, or half of a `[[table]]`.
const LIST: usize = TABLE / 2;
/// What one key or one element takes.
const VALUE: usize = 160;
/// Most that is spent on one file, in bytes: room for a thousand packages with fifty wheels each.
pub(super) const MAX_MEMORY: usize = 400 * 1024 * 1024;

/// An estimate from above, in bytes. Strings and comments hold no structure; where they end is decided as the parser does.
pub(super) fn estimate(text: &str) -> usize {
    let mut total: usize = 0;
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        total = total.saturating_add(match byte {
            // A dotted key is a table for each dot.
            b'{' | b'.' => TABLE,
            b'[' => LIST,
            b'=' | b',' => VALUE,
            b'#' => {
                rest = after_line(rest);
                0
            }
            b'"' | b'\'' => {
                rest = after_string(*byte, rest);
                0
            }
            _ => 0,
        });
    }
    total
}

fn after_line(rest: &[u8]) -> &[u8] {
    let end = rest.iter().position(|byte| *byte == b'\n');
    end.and_then(|end| rest.get(end..)).unwrap_or_default()
}

/// What comes after a string, whose first quote is taken. One without an end ends with its line, a long one with the text.
fn after_string(quote: u8, rest: &[u8]) -> &[u8] {
    let long = rest.starts_with(&[quote, quote]);
    let mut rest = if long { rest.get(2..).unwrap_or_default() } else { rest };
    while let Some((byte, after)) = rest.split_first() {
        match *byte {
            b'\\' if quote == b'"' => {
                // Not a line feed, which would end a short string.
                let skip = usize::from(after.first().is_some_and(|next| *next != b'\n'));
                rest = after.get(skip..).unwrap_or_default();
                continue;
            }
            b'\n' if !long => return rest,
            found if found == quote && !long => return after,
            found if found == quote && after.starts_with(&[quote, quote]) => {
                return after.get(2..).unwrap_or_default();
            }
            _ => {}
        }
        rest = after;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_counts_and_text_does_not() {
        for (text, expected) in [
            ("", 0),
            ("a = 1", VALUE),
            ("a.b.c = 1", VALUE + 2 * TABLE),
            ("a = [1, 2]", LIST + 2 * VALUE),
            ("[[packages]]", TABLE),
            ("a = {b = 1}", TABLE + 2 * VALUE),
            ("a = \"{{{...,,,\"", VALUE),
            ("a = '{{{\\'", VALUE),
            ("a = \"x\\\"{{\"", VALUE),
            ("# {{{\na = 1", VALUE),
            ("a = \"\"\"{\n\"{\"\"\"", VALUE),
            ("a = '''{\n'{'''", VALUE),
            ("a = \"\"\nb = {}", 2 * VALUE + TABLE),
            ("a = \"unclosed {\n{", VALUE + TABLE),
            ("a = \"unclosed \\\n{", VALUE + TABLE),
            ("a = \"\"\"unclosed {\n{", VALUE),
        ] {
            assert_eq!(estimate(text), expected, "{text:?}");
        }
    }
}
