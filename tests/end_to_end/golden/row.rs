//! A row of the tables: a broker or channel with who reads it, one event, and what is to be seen.

use std::fmt::Write as _;

/// Who reads the broker or channel: `t0`, `t1` and so on, by their place. Each delivers to the function of that name.
#[derive(Clone, Copy, Default)]
pub(super) struct Reader {
    /// Its `delivery`; nothing = that of what it reads.
    pub(super) delivery: &'static str,
    /// The type it wants; nothing = all.
    pub(super) wants: &'static str,
    /// What its function answers before it answers 200: `500,404`, or `500*` for ever.
    pub(super) fails: &'static str,
    /// The status under which its function takes an event, if it answers with one; that is in its failures, too.
    pub(super) replies: &'static str,
}

/// Takes all, and without a fault.
pub(super) const GOOD: Reader = Reader { delivery: "", wants: "", fails: "", replies: "" };

#[derive(Clone)]
pub(super) struct Row {
    pub(super) says: String,
    /// The `delivery` of the broker or channel.
    pub(super) delivery: &'static str,
    pub(super) readers: Vec<Reader>,
    /// What whoever gets a reply answers first.
    pub(super) reply_fails: &'static str,
    /// Where a subscription's replies go; brokers take them back.
    pub(super) reply: &'static str,
    /// Who saw what: see `seen` in mod.rs.
    pub(super) expected: String,
}

pub(super) fn row(
    says: impl Into<String>,
    delivery: &'static str,
    readers: &[Reader],
    expected: impl Into<String>,
) -> Row {
    let (says, expected) = (says.into(), expected.into());
    Row { says, delivery, readers: readers.to_vec(), reply_fails: "", reply: "", expected }
}

impl Row {
    pub(super) fn reply_fails(self, reply_fails: &'static str) -> Self {
        Self { reply_fails, ..self }
    }

    pub(super) fn reply_to(self, reply: &'static str) -> Self {
        Self { reply, ..self }
    }

    /// Its sections of `runtime.toml`.
    pub(super) fn config(&self, kind: Kind, name: &str) -> String {
        let (section, reader, of) = kind.words();
        let mut text = format!("[{section}.{name}]\n{}", delivery(self.delivery));
        for (n, r) in self.readers.iter().enumerate() {
            writeln!(text, "[{reader}.{name}-t{n}]\n{of} = \"{name}\"\nto = \"fn/t{n}\"").unwrap();
            text.push_str(&delivery(r.delivery));
            if !r.wants.is_empty() {
                writeln!(text, "filter = {{ exact = {{ type = \"{}\" }} }}", r.wants).unwrap();
            }
            if !self.reply.is_empty() {
                writeln!(text, "reply = \"{}\"", self.reply).unwrap();
            }
        }
        text
    }

    /// What its event tells the functions to do.
    pub(super) fn plan(&self) -> Vec<(String, &'static str)> {
        let mut plan = vec![("ce-replyfails".to_owned(), self.reply_fails)];
        for (n, r) in self.readers.iter().enumerate() {
            plan.extend([(format!("ce-t{n}fails"), r.fails), (format!("ce-t{n}replies"), r.replies)]);
        }
        plan.retain(|(_, value)| !value.is_empty());
        plan
    }
}

fn delivery(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("delivery = {{ {text}, delay = \"1ms\" }}\n")
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Broker,
    Channel,
}

impl Kind {
    /// The section, that of its readers, and the key by which they name it.
    pub(super) const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Broker => ("broker", "trigger", "broker"),
            Self::Channel => ("channel", "subscription", "channel"),
        }
    }
}
