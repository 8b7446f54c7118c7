//! Changes of a log's checkpoint, line by line.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::der;
use crate::walk::Emit;

/// Bytes of the key hint before a signature.
const HINT: usize = 4;

/// Begins a signature's line.
const DASH: char = '\u{2014}';

/// Emits every change of a checkpoint.
pub fn walk(at: &str, text: &str, emit: Emit<'_>) {
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[String]| {
        lines.join(
            "
",
        ) + "
"
    };
    let owned: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(joined(&owned), text, "{at}: ends with a line end");
    for (index, line) in lines.iter().enumerate() {
        let here = match line.chars().next() {
            None => format!("{at}:blank"),
            Some(DASH) => format!("{at}:signature"),
            Some(_) => format!("{at}:line/{index}"),
        };
        let with = |line: String| {
            let mut lines = owned.clone();
            lines[index] = line;
            joined(&lines).into()
        };
        emit(&here, "appended", with(format!("{line}x")));
        emit(&here, "space after", with(format!("{line} ")));
        emit(&here, "carriage return after", with(format!("{line}\r")));
        emit(&here, "put before", with(format!("x{line}")));
        if !line.is_empty() {
            emit(&here, "empty", with(String::new()));
            let last = line.chars().last().map_or(0, char::len_utf8);
            emit(&here, "last character less", with(line[..line.len() - last].to_owned()));
        }
        if let Ok(number) = line.parse::<u64>() {
            emit(&here, "plus one", with((number + 1).to_string()));
            emit(&here, "minus one", with((number - 1).to_string()));
            emit(&here, "with a zero in front", with(format!("0{number}")));
        }
        let mut fewer = owned.clone();
        fewer.remove(index);
        emit(&here, "removed", joined(&fewer).into());
        let mut more = owned.clone();
        more.insert(index, (*line).to_owned());
        emit(&here, "twice", joined(&more).into());
        if index + 1 < lines.len() {
            let mut swapped = owned.clone();
            swapped.swap(index, index + 1);
            emit(&here, "swapped with the next", joined(&swapped).into());
        }
        if line.starts_with(DASH) {
            signature(&here, line, emit, &with);
            let mut more = owned.clone();
            more.push(format!("{DASH} witness.example {}", STANDARD.encode([7; 76])));
            emit(&here, "a stranger's signature after it", joined(&more).into());
            let mut more = owned.clone();
            more.insert(index, format!("{DASH} witness.example {}", STANDARD.encode([7; 76])));
            emit(&here, "a stranger's signature before it", joined(&more).into());
        }
    }
    emit(at, "without the last line end", text.trim_end().into());
    emit(at, "with a line more", format!("{text}x\n").into());
}

fn signature(at: &str, line: &str, emit: Emit<'_>, with: &dyn Fn(String) -> serde_json::Value) {
    let (name, encoded) = line.rsplit_once(' ').expect("name and signature");
    let bytes = STANDARD.decode(encoded).expect("base64");
    let mut put = |mutation: &str, bytes: &[u8]| {
        emit(at, mutation, with(format!("{name} {}", STANDARD.encode(bytes))));
    };
    let flipped = |index: usize| {
        let mut bytes = bytes.clone();
        bytes[index] ^= 1;
        bytes
    };
    put("key hint", &flipped(0));
    put("first byte of the signature", &flipped(HINT));
    put("middle byte of the signature", &flipped(HINT + 20));
    put("last byte of the signature", &flipped(bytes.len() - 1));
    put("a byte more", &[bytes.as_slice(), b"\0"].concat());
    put("without a key hint", &bytes[HINT..]);
    if let Some(other) = der::signature_other_half(&bytes[HINT..]) {
        put("the signature's other half", &[&bytes[..HINT], &other].concat());
    }
    emit(at, "signer's name", with(format!("{name}x {encoded}")));
    emit(at, "another dash", with(format!("-{}", line.trim_start_matches(DASH))));
}
