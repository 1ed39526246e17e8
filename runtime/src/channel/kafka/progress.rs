//! Progress as the metadata text of a committed offset: `1;position;!=writer;name=cursor;name=cursor...`.
//!
//! The offset itself is the lowest one that anybody still needs, so every other tool sees an honest lag. The text
//! holds what the offset cannot: who is where above it.

use std::sync::Arc;

use activator::cursor::Cursor;
use activator::id::Offset;
use activator::input::Progress;

/// The version, first in the text.
const VERSION: &str = "1";

/// Stands for the runtime that wrote the text, where nothing else tells one from another.
const WRITER: &str = "!";

/// Stands for all subscriptions that found no room.
const THE_REST: &str = "*";

/// What a broker stores by default (`offset.metadata.max.bytes`).
pub(super) const METADATA_CHARS_MAX: usize = 4096;

/// `;*=` and the largest offset.
const REST_CHARS: usize = 3 + 20;

/// The text for `progress`, in `chars_max` characters at most.
///
/// When there is not room for all, as many as possible have their own entry and the rest share one that holds the
/// lowest offset of them: duplicates after a crash, never a loss.
pub(super) fn encode(progress: &Progress, writer: Option<&str>, chars_max: usize) -> String {
    let mut head = format!("{VERSION};{}", progress.position);
    if let Some(writer) = writer {
        head.extend([";", WRITER, "=", writer]);
    }
    let mut entries: Vec<(Offset, String)> =
        progress.behind.iter().map(|(name, cursor)| (cursor.prefix(), format!(";{name}={cursor}"))).collect();
    let whole: usize = entries.iter().map(|(_, entry)| entry.len()).sum();
    if head.len() + whole <= chars_max {
        return entries.into_iter().fold(head, |text, (_, entry)| text + &entry);
    }
    entries.sort_by_key(|(_, entry)| entry.len());
    let mut text = head;
    let mut rest = None::<Offset>;
    for (prefix, entry) in entries {
        if rest.is_none() && text.len() + entry.len() + REST_CHARS <= chars_max {
            text.push_str(&entry);
        } else {
            rest = Some(rest.map_or(prefix, |lowest| lowest.min(prefix)));
        }
    }
    if let Some(lowest) = rest {
        text.push_str(&format!(";{THE_REST}={lowest}"));
    }
    text
}

/// What was committed: `offset` with `metadata`. A text that is not ours, or that does not belong to the offset
/// because somebody reset it, leaves the offset alone.
pub(super) fn decode(offset: Offset, metadata: &str) -> Progress {
    match decode_text(metadata) {
        Some((progress, low)) if low == offset => progress,
        _ => Progress { position: offset, behind: Vec::new() },
    }
}

/// Who wrote a text of ours.
pub(super) fn writer(metadata: &str) -> Option<&str> {
    let mut parts = metadata.split(';');
    parts.next().filter(|&version| version == VERSION)?;
    parts.find_map(|part| part.strip_prefix(WRITER)?.strip_prefix('='))
}

/// The progress, with the lowest offset in the text.
fn decode_text(metadata: &str) -> Option<(Progress, Offset)> {
    let mut parts = metadata.split(';');
    if parts.next() != Some(VERSION) {
        return None;
    }
    let mut position = Offset(parts.next()?.parse().ok()?);
    let mut behind: Vec<(Arc<str>, Cursor)> = Vec::new();
    for part in parts {
        let (name, cursor) = part.split_once('=')?;
        if name == WRITER {
            continue;
        }
        let cursor: Cursor = cursor.parse().ok()?;
        if name == THE_REST {
            // Nobody knows any more who they were: everyone without an entry goes back to their lowest.
            position = position.min(cursor.prefix());
        } else {
            behind.push((name.into(), cursor));
        }
    }
    let progress = Progress { position, behind };
    let low = progress.low();
    Some((progress, low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(position: u64, behind: &[(&str, &[u64])]) -> Progress {
        let cursor = |unfinished: &[u64]| {
            Cursor::from_unfinished(unfinished.iter().map(|&o| Offset(o)), Offset(position))
        };
        Progress {
            position: Offset(position),
            behind: behind.iter().map(|&(name, open)| (name.into(), cursor(open))).collect(),
        }
    }

    #[test]
    fn progress_comes_back_from_its_text() {
        for p in
            [progress(0, &[]), progress(900, &[]), progress(12, &[("audit", &[3, 4, 9]), ("billing", &[11])])]
        {
            let text = encode(&p, None, METADATA_CHARS_MAX);
            assert_eq!(decode(p.low(), &text), p, "{text}");
        }
    }

    #[test]
    fn the_text_says_who_wrote_it_and_reads_the_same() {
        let p = progress(12, &[("audit", &[3, 4, 9])]);
        let text = encode(&p, Some("cafe"), METADATA_CHARS_MAX);
        assert_eq!((decode(Offset(3), &text), writer(&text)), (p.clone(), Some("cafe")));
        assert_eq!(writer(&encode(&p, None, METADATA_CHARS_MAX)), None);
        assert_eq!(writer("2;12;!=cafe"), None);
    }

    #[test]
    fn the_text_is_readable() {
        let p = progress(12, &[("audit", &[3, 4, 9])]);
        assert_eq!(encode(&p, None, METADATA_CHARS_MAX), "1;12;audit=3+2-4+1-2");
    }

    #[test]
    fn a_text_that_is_not_ours_leaves_the_offset() {
        for text in ["", "0;5", "1", "1;x", "1;7;audit", "1;7;audit=x", "h1:33", "2;7"] {
            assert_eq!(decode(Offset(7), text), progress(7, &[]), "{text}");
        }
    }

    #[test]
    fn an_offset_somebody_reset_is_obeyed() {
        let text = encode(&progress(12, &[("audit", &[3])]), None, METADATA_CHARS_MAX);
        assert_eq!(decode(Offset(0), &text), progress(0, &[]));
        assert_eq!(decode(Offset(12), &text), progress(12, &[]));
    }

    #[test]
    fn too_many_for_the_text_share_their_lowest_offset_and_none_is_passed_over() {
        let names: Vec<String> = (0..400).map(|i| format!("subscription-{i}")).collect();
        let many = Progress {
            position: Offset(5_000),
            behind: names
                .iter()
                .zip(1_000..)
                .map(|(name, low)| {
                    let unfinished = (low..5_000).step_by(97).map(Offset);
                    (name.as_str().into(), Cursor::from_unfinished(unfinished, Offset(5_000)))
                })
                .collect(),
        };
        let text = encode(&many, None, METADATA_CHARS_MAX);
        assert!(text.len() <= METADATA_CHARS_MAX, "{}", text.len());
        let back = decode(many.low(), &text);
        assert_eq!(back.low(), many.low());
        assert!(!back.behind.is_empty(), "those that fit keep their own entry");
        for (name, cursor) in &many.behind {
            let own = back.behind.iter().find(|(n, _)| n == name);
            match own {
                Some((_, kept)) => assert_eq!(kept, cursor),
                None => assert!(back.position <= cursor.prefix(), "{name} lost events"),
            }
        }
    }

    #[test]
    fn one_long_cursor_costs_the_others_nothing() {
        let p = progress(90_000, &[("poison", &[7]), ("audit", &[80_000])]);
        let sparse = Cursor::from_unfinished((5..90_000).step_by(3).map(Offset), Offset(90_000));
        let p = Progress { behind: [p.behind, vec![("slow".into(), sparse)]].concat(), ..p };
        let back = decode(Offset(5), &encode(&p, None, METADATA_CHARS_MAX));
        assert_eq!(back.behind, p.behind[..2]);
        assert_eq!(back.position, Offset(5));
    }
}
