//! Which names a source looks at: `*.csv`.

/// `*` stands for any characters, `?` for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(String);

impl Pattern {
    /// Nothing where the text is a plain name.
    pub(crate) fn of(text: &str) -> Option<Self> {
        text.contains(['*', '?']).then(|| Self(text.to_owned()))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        let (pattern, name): (Vec<char>, Vec<char>) = (self.0.chars().collect(), name.chars().collect());
        let (mut at, mut seen) = (0, 0);
        // Where the last `*` stands, and up to where it reaches by now.
        let mut star = None;
        while seen < name.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, seen));
                    at += 1;
                }
                Some(c) if *c == '?' || *c == name[seen] => (at, seen) = (at + 1, seen + 1),
                _ => match &mut star {
                    Some((place, reach)) => {
                        *reach += 1;
                        (at, seen) = (*place + 1, *reach);
                    }
                    None => return false,
                },
            }
        }
        pattern[at..].iter().all(|c| *c == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters_and_question_marks_for_one() {
        for (pattern, yes, no) in [
            ("*.csv", "a.csv", "a.csv.gz"),
            ("*.csv", ".csv", "csv"),
            ("order-*-?.json", "order-1-2-3.json", "order-1-23.json"),
            ("*a*b*", "xaybz", "xbya"),
            ("?", "ä", "ab"),
            ("*", "a", ""),
        ] {
            let pattern = Pattern::of(pattern).unwrap();
            assert!(pattern.matches(yes), "{pattern:?} {yes}");
            assert!(no.is_empty() || !pattern.matches(no), "{pattern:?} {no}");
        }
        assert_eq!(Pattern::of("inbox"), None);
    }
}
