//! What is wrong, where, why, and what to do: for people as text with carets, for programs as JSON.

use std::cell::RefCell;
use std::io;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::codes::{Code, Severity};
use super::source::Place;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// The file it is about, where no place in a text is meant.
    pub(crate) file: Option<String>,
    /// Places in texts; the first one is where it is, the others help to see why.
    pub(crate) labels: Vec<Label>,
    pub(crate) help: Option<String>,
}

/// A place and what is to be seen there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) place: Place,
    pub(crate) text: String,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), file: None, labels: Vec::new(), help: None }
    }

    /// A file of the configuration that is not there or not for us.
    pub(super) fn cannot_read(name: &str, error: &io::Error) -> Self {
        Self::new(Code::CannotRead, format!("cannot read {name}: {error}"))
            .about(name)
            .help("check the path and its permissions")
    }

    pub(crate) fn at(mut self, place: &Place, text: impl Into<String>) -> Self {
        self.labels.push(Label { place: place.clone(), text: text.into() });
        self
    }

    pub(crate) fn about(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Where it is, if it is in a text.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.labels.first().map(|label| &label.place)
    }

    /// The name of the file it is in or about.
    pub(crate) fn file(&self) -> Option<&str> {
        let place = self.place().map(|place| place.source.name.as_str());
        place.or(self.file.as_deref())
    }

    /// The text people see, without a line end; `colour` for a terminal.
    pub(crate) fn render(&self, colour: bool) -> String {
        self.render_as(self.severity(), colour)
    }

    /// The same, where it is not as bad as in a configuration.
    pub(crate) fn render_as(&self, severity: Severity, colour: bool) -> String {
        let level = match severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let mut group = level.primary_title(&*self.message).id(self.code.id()).elements(self.snippets());
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(&**help));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }

    /// One snippet for each file that labels are in, in the order of the labels.
    fn snippets(&self) -> Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> {
        let mut snippets: Vec<(&Place, Snippet<'_, _>)> = Vec::new();
        for (index, label) in self.labels.iter().enumerate() {
            let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(label.place.span.clone()).label(&*label.text);
            let source = &label.place.source;
            match snippets.iter().position(|(place, _)| place.source == *source) {
                Some(known) => {
                    let (place, snippet) = snippets.remove(known);
                    snippets.insert(known, (place, snippet.annotation(annotation)));
                }
                None => {
                    let snippet = Snippet::source(&*source.text).path(&*source.name);
                    snippets.push((&label.place, snippet.annotation(annotation)));
                }
            }
        }
        snippets.into_iter().map(|(_, snippet)| snippet).collect()
    }

    /// The object of `check -o json`.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "code": self.code.id(),
            "severity": self.severity().text(),
            "message": self.message,
            "file": self.file(),
            "line": self.place().map(Place::line),
            "column": self.place().map(Place::column),
            "help": self.help,
        })
    }
}

/// `2 errors, 1 warning`; nothing when there is neither.
pub(crate) fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity: Severity| {
        let count = diagnostics.iter().filter(|d| d.severity() == severity).count();
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {}{plural}", severity.text()))
    };
    let parts: Vec<String> = [Severity::Error, Severity::Warning].into_iter().filter_map(count).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Collects findings, so that one load tells all of them.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<Diagnostic>>);

impl Problems {
    /// Takes a finding; the same one a second time says nothing new.
    pub(super) fn report(&self, diagnostic: Diagnostic) {
        let mut all = self.0.borrow_mut();
        if !all.contains(&diagnostic) {
            all.push(diagnostic);
        }
    }

    /// Whether the configuration cannot be used.
    pub(super) fn fatal(&self) -> bool {
        self.0.borrow().iter().any(|d| d.severity() == Severity::Error)
    }

    /// All findings, the worst first, then as they stand in the files.
    pub(super) fn into_sorted(self) -> Vec<Diagnostic> {
        let mut all = self.0.into_inner();
        all.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.severity(), d.place().is_none());
            let start = |d: &Diagnostic| d.place().map(|place| place.span.start);
            key(a).cmp(&key(b)).then_with(|| (a.file(), start(a)).cmp(&(b.file(), start(b))))
        });
        all
    }
}
