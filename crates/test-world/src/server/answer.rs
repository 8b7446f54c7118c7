//! What a handler answers, before faults and HTTP.

use crate::encoding::sha256_hex;
use serde_json::Value;

/// A request as handlers see it.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    /// Path below the handler's prefix, without leading slash, percent-decoded.
    pub(crate) path: &'a str,
    /// What follows the question mark, as written.
    pub(crate) query: &'a str,
    pub(crate) accept: &'a str,
    pub(crate) range: Option<&'a str>,
    /// The `If-Range` header.
    pub(crate) if_range: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

impl Asked<'_> {
    /// The query with its question mark, if there is one.
    pub(crate) fn question(&self) -> String {
        if self.query.is_empty() {
            String::new()
        } else {
            format!("?{}", self.query)
        }
    }

    /// A value of the query.
    pub(crate) fn query_value(&self, key: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.into(),
        }
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "text/plain", "Not Found")
    }

    pub(crate) fn redirect(location: String) -> Self {
        Self {
            status: 302,
            headers: vec![("location", location)],
            body: Vec::new(),
        }
    }

    pub(crate) fn moved(location: String) -> Self {
        Self {
            status: 301,
            ..Self::redirect(location)
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with an `ETag`, as all the real servers send one; 304 where the client holds this very answer.
    pub(crate) fn confirmed(self, method: &str, if_none_match: Option<&str>) -> Self {
        if method != "GET" || self.status != 200 {
            return self;
        }
        let known = self.headers.iter().find(|(name, _)| *name == "etag");
        let named = known.is_some();
        let tag = known.map_or_else(|| tag_of(&self.body), |(_, tag)| tag.clone());
        if if_none_match == Some(tag.as_str()) {
            return Self {
                status: 304,
                headers: vec![("etag", tag)],
                body: Vec::new(),
            };
        }
        if named { self } else { self.header("etag", tag) }
    }

    /// A file, or the part of it that a `Range` header asks for (one range, RFC 9110), unless `If-Range` names another file.
    pub(crate) fn file(bytes: &[u8], content_type: &str, asked: &Asked<'_>) -> Self {
        let tag = tag_of(bytes);
        let whole = || {
            Self::new(200, content_type, bytes)
                .header("accept-ranges", "bytes")
                .header("etag", tag.clone())
        };
        let unchanged = asked.if_range.is_none_or(|known| known == tag);
        let Some(wanted) = asked
            .range
            .filter(|_| unchanged)
            .and_then(|range| range.strip_prefix("bytes="))
        else {
            return whole();
        };
        let total = bytes.len();
        let (start, end) = match wanted.split_once('-') {
            Some(("", suffix)) => (
                suffix.parse::<usize>().ok().map(|n| total.saturating_sub(n)),
                Some(total),
            ),
            Some((start, "")) => (start.parse().ok(), Some(total)),
            Some((start, last)) => (
                start.parse().ok(),
                last.parse::<usize>().ok().map(|n| n.saturating_add(1).min(total)),
            ),
            None => (None, None),
        };
        let (Some(start), Some(end)) = (start, end) else {
            return whole();
        };
        let Some(part) = bytes.get(start..end).filter(|part| !part.is_empty()) else {
            return Self::new(416, "text/plain", "").header("content-range", format!("bytes */{total}"));
        };
        Self::new(206, content_type, part)
            .header("accept-ranges", "bytes")
            .header("content-range", format!("bytes {start}-{}/{total}", end - 1))
            .header("etag", tag)
    }
}

fn tag_of(bytes: &[u8]) -> String {
    format!("\"{}\"", sha256_hex(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_holds_is_confirmed() {
        let tagged = Answer::not_found().confirmed("GET", None);
        assert_eq!(tagged, Answer::not_found());
        let tagged = Answer::new(200, "x", "a").confirmed("GET", None);
        let tag = tagged.headers.last().unwrap().1.clone();
        let ask = |tag: &str| Answer::new(200, "x", "a").confirmed("GET", Some(tag)).status;
        assert_eq!((ask(&tag), ask("\"0\"")), (304, 200));
    }

    #[test]
    fn ranges() {
        let asked = |range, if_range| Asked {
            method: "GET",
            path: "",
            query: "",
            accept: "",
            range: Some(range),
            if_range,
            body: b"",
        };
        let of = |asked: Asked<'_>| {
            let answer = Answer::file(b"0123456789", "x", &asked);
            (answer.status, String::from_utf8(answer.body).unwrap())
        };
        let ask = |range| of(asked(range, None));
        assert_eq!(ask("bytes=2-4"), (206, "234".to_owned()));
        assert_eq!(ask("bytes=7-"), (206, "789".to_owned()));
        assert_eq!(ask("bytes=-3"), (206, "789".to_owned()));
        assert_eq!(ask("bytes=-30"), (206, "0123456789".to_owned()));
        assert_eq!(ask("bytes=5-99"), (206, "56789".to_owned()));
        assert_eq!(ask("bytes=10-"), (416, String::new()));
        assert_eq!(ask("bytes=1-2,4-5"), (200, "0123456789".to_owned()));
        assert_eq!(ask("lines=1-2"), (200, "0123456789".to_owned()));
        let tag = tag_of(b"0123456789");
        assert_eq!(of(asked("bytes=7-", Some(&tag))), (206, "789".to_owned()));
        assert_eq!(of(asked("bytes=7-", Some("\"other\""))), (200, "0123456789".to_owned()));
    }
}
