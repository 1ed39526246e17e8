//! A value of a configuration file, read as what its key takes. What cannot be read is reported with what can.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::codes::Code;
use super::diagnostic::{Diagnostic, Problems};
use super::document::Document;
use super::nearest::nearest;
use super::quoted;
use super::source::{At, Place};
use super::unit;

/// What a duration looks like, for people.
const DURATION_HELP: &str = "a number with its unit, such as \"30s\", \"200ms\", \"1m 30s\" or \"PT0.2S\"";
/// What a size looks like, for people.
const SIZE_HELP: &str = "a number with its unit, such as \"512kB\", \"1MiB\" or \"2GiB\"";

/// A value, the key it stands behind, and the section that is in.
#[derive(Clone)]
pub(super) struct Value<'d> {
    document: &'d Document<'d>,
    node: &'d Spanned<DeValue<'d>>,
    key: String,
    section: String,
}

impl<'d> Value<'d> {
    /// The whole of a document; `section` is how messages call it.
    pub(super) fn root(document: &'d Document<'d>, section: &str) -> Self {
        Self::new(document, &document.root, "", section)
    }

    fn new(
        document: &'d Document<'d>,
        node: &'d Spanned<DeValue<'d>>,
        key: impl Into<String>,
        section: impl Into<String>,
    ) -> Self {
        Self { document, node, key: key.into(), section: section.into() }
    }

    pub(super) fn place(&self) -> Place {
        self.document.place(self.node.span())
    }

    /// The place of a part of a text, given in bytes of what the text means.
    pub(super) fn place_inside(&self, part: Range<usize>) -> Place {
        let whole = self.place();
        let token = whole.source.text.get(whole.span.clone()).unwrap_or_default();
        let at = |offset| whole.span.start + quoted::offset(token, offset);
        Place { span: at(part.start)..at(part.end), source: whole.source.clone() }
    }

    pub(super) fn problems(&self) -> &'d Problems {
        self.document.problems
    }

    /// How messages call it: `` `idle` in [function.bill] ``.
    pub(super) fn called(&self) -> String {
        format!("`{}` in {}", self.key, self.section)
    }

    /// How messages call what is inside it: `[function.bill] timeout`.
    pub(super) fn section_inside(&self) -> String {
        format!("{} {}", self.section, self.key)
    }

    pub(super) fn is_text(&self) -> bool {
        self.node.get_ref().is_str()
    }

    pub(super) fn is_boolean(&self) -> bool {
        self.node.get_ref().is_bool()
    }

    pub(super) fn is_table(&self) -> bool {
        self.node.get_ref().is_table()
    }

    pub(super) fn is_list(&self) -> bool {
        self.node.get_ref().is_array()
    }

    /// The bare value, for the few who take several kinds.
    pub(super) fn node(&self) -> &'d DeValue<'d> {
        self.node.get_ref()
    }

    /// What is behind a key of a table, whatever other keys there are.
    pub(super) fn inside(&self, key: &str) -> Option<&'d DeValue<'d>> {
        let table = self.node.get_ref().as_table()?;
        table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, node)| node.get_ref())
    }

    pub(super) fn is_empty_table(&self) -> bool {
        self.node.get_ref().as_table().is_some_and(|table| table.is_empty())
    }

    pub(super) fn text(&self) -> Option<At<String>> {
        self.text_wanted("a text", "write it in quotes")
    }

    /// A text that ends up in a command line, an environment or a path.
    pub(super) fn word(&self) -> Option<At<String>> {
        let text = self.text()?;
        if text.value.contains('\0') {
            return self.refuse("a text without NUL", "one with NUL", "no process can be given it");
        }
        Some(text)
    }

    pub(super) fn duration(&self) -> Option<At<Duration>> {
        self.parse("a duration", DURATION_HELP, unit::duration)
    }

    /// A duration in which something must be able to happen.
    pub(super) fn timeout(&self) -> Option<At<Duration>> {
        let duration = self.duration()?;
        if duration.value.is_zero() {
            return self.refuse("longer than nothing", "zero", DURATION_HELP);
        }
        Some(duration)
    }

    pub(super) fn size(&self) -> Option<At<usize>> {
        let size = self.parse("a size", SIZE_HELP, unit::size)?;
        if size.value == 0 {
            return self.refuse("more than nothing", "zero", SIZE_HELP);
        }
        Some(size)
    }

    pub(super) fn integer(&self, range: RangeInclusive<u32>) -> Option<At<u32>> {
        let wanted = if *range.end() == u32::MAX {
            format!("a whole number from {}", range.start())
        } else {
            format!("a whole number from {} to {}", range.start(), range.end())
        };
        let Some(integer) = self.node.get_ref().as_integer() else {
            return self.refuse(&wanted, self.kind(), "write it without quotes");
        };
        let value = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        match value.and_then(|n| u32::try_from(n).ok()).filter(|n| range.contains(n)) {
            Some(value) => Some(self.at(value)),
            None => self.refuse(&wanted, "out of range", "choose one in range"),
        }
    }

    /// A number with or without a fraction; nothing of anything else.
    pub(super) fn number(&self) -> Option<f64> {
        let node = self.node.get_ref();
        let float = || node.as_float()?.as_str().parse().ok();
        let integer = || node.as_integer().filter(|n| n.radix() == 10)?.as_str().parse().ok();
        float().or_else(integer)
    }

    pub(super) fn boolean(&self) -> Option<At<bool>> {
        match self.node.get_ref().as_bool() {
            Some(value) => Some(self.at(value)),
            None => self.refuse("`true` or `false`", self.kind(), "write it without quotes"),
        }
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Option<At<T>> {
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let allowed = format!("one of {}", words.join(", "));
        let text = self.text_wanted(&allowed, "write it in quotes")?;
        if let Some(&(_, choice)) = choices.iter().find(|(word, _)| *word == text.value) {
            return Some(self.at(choice));
        }
        let help = match nearest(&text.value, choices.iter().map(|&(word, _)| word)) {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => "choose one of these".into(),
        };
        self.refuse(&allowed, "none of these", &help)
    }

    /// A text that `read` understands; its error says what the text is instead.
    pub(super) fn parse<T, E: Display>(
        &self,
        wanted: &str,
        help: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<At<T>> {
        let text = self.text_wanted(wanted, help)?;
        match read(&text.value) {
            Ok(value) => Some(self.at(value)),
            Err(error) => self.refuse(wanted, error, help),
        }
    }

    /// The items of a list; a single value is a list of one.
    pub(super) fn items(&self) -> Vec<Self> {
        let Some(items) = self.node.get_ref().as_array() else {
            return vec![self.clone()];
        };
        let item = |node| Self::new(self.document, node, &*self.key, &*self.section);
        items.iter().map(item).collect()
    }

    /// A text or a list of texts, each not empty.
    pub(super) fn words(&self) -> Option<Vec<At<String>>> {
        let items = self.items();
        let words: Vec<At<String>> = items.iter().filter_map(Self::word).collect();
        if words.len() < items.len() {
            return None;
        }
        if let Some(empty) = words.iter().position(|word| word.value.is_empty()) {
            return items[empty].refuse("a text", "empty", "write something or leave the key out");
        }
        Some(words)
    }

    /// A table with names of the user's own as keys.
    pub(super) fn entries(&self, section: &str) -> Option<Vec<(At<String>, Self)>> {
        let Some(table) = self.node.get_ref().as_table() else {
            return self.refuse("a table", self.kind(), "write `{ key = value }` or a section in brackets");
        };
        let mut entries: Vec<(At<String>, Self)> = table
            .iter()
            .map(|(key, node)| {
                let name = At { value: key.get_ref().to_string(), place: self.document.place(key.span()) };
                let value = Self::new(self.document, node, &*name.value, section);
                (name, value)
            })
            .collect();
        // The order of the file, so that what is wrong is told in it.
        entries.sort_by_key(|(name, _)| name.place.span.start);
        Some(entries)
    }

    /// Reports that the value is not what the key takes.
    pub(super) fn refuse<T>(&self, wanted: &str, is: impl Display, help: &str) -> Option<T> {
        self.problems().bad_value(&self.place(), &self.called(), wanted, is, help)
    }

    fn text_wanted(&self, wanted: &str, help: &str) -> Option<At<String>> {
        match self.node.get_ref().as_str() {
            Some(text) => Some(self.at(text.into())),
            None => self.refuse(wanted, self.kind(), help),
        }
    }

    fn at<T>(&self, value: T) -> At<T> {
        At { value, place: self.place() }
    }

    /// What it is, for people.
    fn kind(&self) -> &'static str {
        match self.node.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }
}

impl Problems {
    /// Reports a value that is not what its key takes.
    pub(super) fn bad_value<T>(
        &self,
        place: &Place,
        called: &str,
        wanted: &str,
        is: impl Display,
        help: &str,
    ) -> Option<T> {
        self.report(
            Diagnostic::new(Code::BadValue, format!("{called} must be {wanted}"))
                .at(place, format!("this is {is}"))
                .help(help),
        );
        None
    }
}
