//! Changes of DER: certificates, timestamps and ECDSA signatures, element by element.

use std::cell::Cell;

use crate::walk::Depth;

/// Takes one change: where, what was done, and the bytes that result.
pub type Emit<'e> = &'e mut dyn FnMut(&str, &str, &[u8]);

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;

/// The order of P-256: a signature `(r, s)` verifies as `(r, n - s)` too.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[derive(Debug, Clone, PartialEq, Eq)]
struct Element {
    tag: u8,
    content: Content,
    /// The length in more bytes than it needs: BER, not DER.
    long: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Bytes(Vec<u8>),
    Elements(Vec<Element>),
    /// Elements within a string, after these bytes.
    Wrapped(Vec<u8>, Vec<Element>),
}

fn parse(mut bytes: &[u8]) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    while let [tag, length, rest @ ..] = bytes {
        let (length, rest) = match *length {
            short if short < 0x80 => (usize::from(short), rest),
            0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
            0x82 => (
                usize::from(*rest.first()?) << 8 | usize::from(*rest.get(1)?),
                rest.get(2..)?,
            ),
            _ => return None,
        };
        let content = rest.get(..length)?;
        elements.push(Element {
            tag: *tag,
            content: read(*tag, content)?,
            long: false,
        });
        bytes = rest.get(length..)?;
    }
    bytes.is_empty().then_some(elements)
}

fn read(tag: u8, content: &[u8]) -> Option<Content> {
    if tag & CONSTRUCTED != 0 {
        return parse(content).map(Content::Elements);
    }
    let inner = match (tag, content) {
        (OCTET_STRING, all) => Some((&[][..], all)),
        (BIT_STRING, [0, rest @ ..]) => Some((&[0][..], rest)),
        _ => None,
    };
    let wrapped = inner
        .filter(|(_, inner)| inner.first() == Some(&SEQUENCE) || inner.first() == Some(&OCTET_STRING))
        .and_then(|(before, inner)| Some((before.to_vec(), parse(inner)?)));
    Some(match wrapped {
        Some((before, elements)) => Content::Wrapped(before, elements),
        None => Content::Bytes(content.to_vec()),
    })
}

fn write(elements: &[Element]) -> Vec<u8> {
    let mut out = Vec::new();
    for element in elements {
        let content = match &element.content {
            Content::Bytes(bytes) => bytes.clone(),
            Content::Elements(elements) => write(elements),
            Content::Wrapped(before, elements) => [before.clone(), write(elements)].concat(),
        };
        out.push(element.tag);
        let [.., high, low] = content.len().to_be_bytes();
        match (content.len(), element.long) {
            (0..0x80, false) => out.push(low),
            (0..0x80, true) | (0x80..0x100, false) => out.extend([0x81, low]),
            (0x80..0x1_0000, false) | (0x80..0x100, true) => out.extend([0x82, high, low]),
            _ => out.extend([0x83, 0, high, low]),
        }
        out.extend(content);
    }
    out
}

/// Emits every change of DER; nothing for other bytes.
pub fn walk(at: &str, bytes: &[u8], donors: &[(&'static str, Vec<u8>)], depth: Depth, emit: Emit<'_>) {
    let Some(elements) = parse(bytes) else { return };
    assert_eq!(write(&elements), bytes, "{at}: read and written again");
    let donors: Vec<_> = donors
        .iter()
        .filter_map(|(name, donor)| Some((*name, parse(donor)?)))
        .collect();
    let sampler = Sampler {
        stride: depth.stride,
        count: Cell::new(0),
    };
    list(at, &elements, &donors, &sampler, &mut |pointer, mutation, changed| {
        emit(pointer, mutation, &write(changed));
    });
}

/// Chooses each so many-th change, before it is made.
struct Sampler {
    stride: usize,
    count: Cell<usize>,
}

impl Sampler {
    fn takes(&self, mutation: &str) -> bool {
        self.count.set(self.count.get() + 1);
        // Signatures' other halves are few and the most telling.
        self.count.get().is_multiple_of(self.stride) || mutation == OTHER_HALF
    }
}

const OTHER_HALF: &str = "the signature's other half";

type EmitElements<'e> = &'e mut dyn FnMut(&str, &str, &[Element]);

fn list(
    at: &str,
    elements: &[Element],
    donors: &[(&'static str, Vec<Element>)],
    sampler: &Sampler,
    emit: EmitElements<'_>,
) {
    for (index, element) in elements.iter().enumerate() {
        let here = format!("{at}/{index}");
        let mut with = |pointer: &str, mutation: &str, changed: Element| {
            let mut whole = elements.to_vec();
            whole[index] = changed;
            emit(pointer, mutation, &whole);
        };
        one(&here, element, &mut |pointer, mutation, changed| {
            if sampler.takes(mutation) {
                with(pointer, mutation, changed);
            }
        });
        for (name, donor) in donors {
            match donor.get(index) {
                Some(donor) if donor != element && sampler.takes(name) => with(&here, name, donor.clone()),
                _ => {}
            }
        }
        let below: Vec<_> = donors
            .iter()
            .filter_map(|(name, donor)| match &donor.get(index)?.content {
                Content::Elements(elements) | Content::Wrapped(_, elements) => Some((*name, elements.clone())),
                Content::Bytes(_) => None,
            })
            .collect();
        match &element.content {
            Content::Elements(inner) => list(&here, inner, &below, sampler, &mut |pointer, mutation, changed| {
                let content = Content::Elements(changed.to_vec());
                with(
                    pointer,
                    mutation,
                    Element {
                        content,
                        ..element.clone()
                    },
                );
            }),
            Content::Wrapped(before, inner) => {
                list(&here, inner, &below, sampler, &mut |pointer, mutation, changed| {
                    let content = Content::Wrapped(before.clone(), changed.to_vec());
                    with(
                        pointer,
                        mutation,
                        Element {
                            content,
                            ..element.clone()
                        },
                    );
                });
            }
            Content::Bytes(_) => {}
        }
        if sampler.takes("removed") {
            let mut whole = elements.to_vec();
            whole.remove(index);
            emit(&here, "removed", &whole);
        }
        if sampler.takes("twice") {
            let mut whole = elements.to_vec();
            whole.insert(index, element.clone());
            emit(&here, "twice", &whole);
        }
        if elements.get(index + 1).is_some_and(|next| next != element) && sampler.takes("swapped") {
            let mut whole = elements.to_vec();
            whole.swap(index, index + 1);
            emit(&here, "swapped with the next", &whole);
        }
    }
}

fn one(at: &str, element: &Element, emit: &mut dyn FnMut(&str, &str, Element)) {
    let mut retagged = element.clone();
    retagged.tag ^= 1;
    emit(at, "tag", retagged);
    let mut long = element.clone();
    long.long = true;
    emit(at, "length in more bytes", long);
    match &element.content {
        Content::Bytes(bytes) => {
            let mut with = |mutation, bytes| {
                let content = Content::Bytes(bytes);
                emit(
                    at,
                    mutation,
                    Element {
                        content,
                        ..element.clone()
                    },
                );
            };
            if let (Some(first), Some(last)) = (bytes.first(), bytes.last()) {
                let mut changed = bytes.clone();
                changed[0] = first ^ 0x20;
                with("first byte", changed);
                let mut changed = bytes.clone();
                changed[bytes.len() - 1] = last ^ 1;
                with("last byte", changed);
                with("emptied", Vec::new());
            }
            with("a byte more", [bytes.as_slice(), b"\0"].concat());
            if element.tag == INTEGER {
                with("a zero in front", [b"\0", bytes.as_slice()].concat());
            }
        }
        Content::Elements(inner) => {
            if let Some(changed) = other_half(inner) {
                let content = Content::Elements(changed);
                emit(
                    at,
                    OTHER_HALF,
                    Element {
                        content,
                        ..element.clone()
                    },
                );
            }
        }
        Content::Wrapped(..) => {}
    }
}

/// `(r, n - s)` for `(r, s)` over P-256.
fn other_half(elements: &[Element]) -> Option<Vec<Element>> {
    let [r, s] = elements else { return None };
    let (Content::Bytes(_), Content::Bytes(number)) = (&r.content, &s.content) else {
        return None;
    };
    let number = number.strip_prefix(&[0]).unwrap_or(number);
    if (r.tag, s.tag) != (INTEGER, INTEGER) || !(24..=32).contains(&number.len()) {
        return None;
    }
    let mut padded = [0; 32];
    padded[32 - number.len()..].copy_from_slice(number);
    let mut difference = Vec::with_capacity(33);
    let mut borrow = false;
    for (whole, part) in ORDER.iter().zip(&padded).rev() {
        let (step, first) = whole.overflowing_sub(*part);
        let (step, second) = step.overflowing_sub(u8::from(borrow));
        borrow = first || second;
        difference.insert(0, step);
    }
    let start = difference.iter().position(|byte| *byte != 0)?;
    let mut difference = difference.split_off(start);
    if difference[0] & 0x80 != 0 {
        difference.insert(0, 0);
    }
    let content = Content::Bytes(difference);
    Some(vec![r.clone(), Element { content, ..s.clone() }])
}

/// The other half of a DER signature.
pub fn signature_other_half(bytes: &[u8]) -> Option<Vec<u8>> {
    let elements = parse(bytes)?;
    let [outer] = elements.as_slice() else { return None };
    let Content::Elements(inner) = &outer.content else {
        return None;
    };
    let content = Content::Elements(other_half(inner)?);
    Some(write(&[Element {
        content,
        ..outer.clone()
    }]))
}
