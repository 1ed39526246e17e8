//! What can be said of a filter expression before any event comes (CESQL 1.0, section 3.3: "some error checks SHOULD
//! be done at compile time").

use alloc::{string::String, vec::Vec};

use bytes::Bytes;

use super::ast::{Kind, List, Logic, NodeId, Tree};
use super::eval::{Cell, Eval};
use super::failure::{Failure, Told};
use super::span::Span;
use super::value::Type;
use super::{Expression, claim, function};
use crate::event::Event;
use crate::filter::facts::conflict;

/// Something about an expression that makes no filter of it, or hardly the one that was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub span: Span,
    /// What.
    pub flaw: Flaw,
    /// Another place that helps to see why.
    pub also: Option<Span>,
}

/// What can be the matter with an expression that parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It gives something else than a boolean, so no event could pass.
    NotBoolean(Type),
    /// A function nobody knows; how it is written if only the number of its arguments is wrong.
    MissingFunction {
        /// As it was written.
        name: String,
        /// How it is written.
        usage: Option<&'static str>,
    },
    /// An attribute alone: a boolean only when the event came as JSON with one.
    BareAttribute(String),
    /// No event can pass; `also` contradicts it, if two places do.
    Never,
    /// It fails whatever the event, with this error.
    AlwaysFails(String),
    /// Every event passes.
    Always,
    /// AND, OR and XOR without brackets: they have one precedence and lean to the right.
    Mixed,
    /// NOT takes the value next to it, and not the comparison.
    NotBinds(String),
}

impl Flaw {
    /// Whether this is no filter at all.
    pub const fn is_error(&self) -> bool {
        matches!(self, Self::NotBoolean(_) | Self::MissingFunction { .. })
    }

    /// Whether this says already that no event, or hardly one, can pass.
    const fn forbids(&self) -> bool {
        self.is_error() || matches!(self, Self::Never | Self::AlwaysFails(_))
    }
}

impl Expression {
    /// The type it has whatever the event; nothing when an event's attribute says it.
    pub fn type_of(&self) -> Option<Type> {
        self.0.tree.type_of(self.0.root)
    }

    /// All that is the matter with it as a filter, in the order of its text.
    pub fn check(&self) -> Vec<Finding> {
        let check = Check { tree: &self.0.tree, text: self.text(), event: any_event() };
        let mixed = self.0.mixed.iter().map(|span| Finding { span: *span, flaw: Flaw::Mixed, also: None });
        let mut findings: Vec<Finding> = mixed.collect();
        findings.extend(check.tree.ids().filter_map(|id| check.flaw_of(id)));
        findings.extend(check.whole(self.0.root, &findings));
        findings.sort_by_key(|finding| finding.span);
        findings
    }
}

/// What a condition is, whatever the event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    True,
    False,
    /// False, or an error: its opposite is not true for every event.
    NotTrue,
}

impl Known {
    const fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

struct Check<'t> {
    tree: &'t Tree,
    text: &'t str,
    /// Stands for every event where no attribute is looked at.
    event: Event,
}

impl Check<'_> {
    fn flaw_of(&self, id: NodeId) -> Option<Finding> {
        let node = self.tree.node(id);
        let found = |flaw| Some(Finding { span: node.span, flaw, also: None });
        match &node.kind {
            Kind::Unknown(name, _) => {
                found(Flaw::MissingFunction { name: (**name).into(), usage: function::usage(name) })
            }
            Kind::Logic(Logic::And, operands)
                if let Some((one, other)) = conflict(&claim::facts(self.tree, *operands)) =>
            {
                Some(Finding { span: other, flaw: Flaw::Never, also: Some(one) })
            }
            Kind::Compare(_, value, _) | Kind::Like { value, .. } | Kind::In { value, .. }
                if let Some(negated) = self.hasty_not(*value) =>
            {
                found(Flaw::NotBinds(negated.into()))
            }
            _ => self.impossible_cast(id).or_else(|| {
                let message = self.is_constant(id).then(|| self.failing(id)).flatten()?;
                found(Flaw::AlwaysFails(message))
            }),
        }
    }

    /// What the expression as a whole is, if it is nothing that filters.
    fn whole(&self, root: NodeId, findings: &[Finding]) -> Option<Finding> {
        let node = self.tree.node(root);
        let flaw = match (self.tree.type_of(root), &node.kind) {
            (Some(other), _) if other != Type::Boolean => Flaw::NotBoolean(other),
            (None, Kind::Attribute(name)) => Flaw::BareAttribute(name.as_str().into()),
            _ if findings.iter().any(|finding| finding.flaw.forbids()) => return None,
            _ => match self.known(root)? {
                Known::True => Flaw::Always,
                Known::False | Known::NotTrue => Flaw::Never,
            },
        };
        Some(Finding { span: node.span, flaw, also: None })
    }

    /// What NOT takes alone, though a comparison stands behind it; with brackets it was meant.
    fn hasty_not(&self, value: NodeId) -> Option<&str> {
        let Kind::Not(of) = self.tree.node(value).kind else { return None };
        let meant = self.tree.node(value).span.of(self.text).starts_with('(')
            || self.tree.type_of(of) == Some(Type::Boolean);
        (!meant).then(|| self.tree.node(of).span.of(self.text))
    }

    /// A constant that its operator cannot use: `type = 'a' OR 'b'`.
    fn impossible_cast(&self, id: NodeId) -> Option<Finding> {
        let kind = &self.tree.node(id).kind;
        let wanted = match kind {
            Kind::Not(_) | Kind::Logic(..) => Type::Boolean,
            Kind::Negate(_) | Kind::Arithmetic(..) => Type::Integer,
            Kind::Compare(operator, ..) if operator.orders() => Type::Integer,
            _ => return None,
        };
        self.tree.children(kind).filter(|child| self.is_constant(*child)).find_map(|child| {
            let mut eval = Eval::new(self.tree, &self.event, Told::default());
            match wanted {
                Type::Boolean => drop(eval.boolean(child)),
                _ => drop(eval.integer(child)),
            }
            let message = eval.failures.0.into_iter().next()?.message;
            Some(Finding { span: self.tree.node(child).span, flaw: Flaw::AlwaysFails(message), also: None })
        })
    }

    /// What a condition is for every event, as far as that can be told from its form.
    fn known(&self, id: NodeId) -> Option<Known> {
        let required = |name: &str| matches!(name, "id" | "source" | "type" | "specversion");
        match &self.tree.node(id).kind {
            Kind::Exists(name) => required(name.as_str()).then_some(Known::True),
            Kind::Like { value, pattern, negated } if pattern.is_anything() => {
                match &self.tree.node(*value).kind {
                    Kind::Attribute(name) if required(name.as_str()) => Some(Known::of(!negated)),
                    _ => None,
                }
            }
            Kind::Logic(Logic::And, operands) => self.known_of_all(*operands),
            Kind::Logic(Logic::Or, operands) => self.known_of_any(*operands),
            Kind::Not(of) => match self.known(*of)? {
                Known::True => Some(Known::False),
                Known::False => Some(Known::True),
                Known::NotTrue => None,
            },
            _ if self.is_constant(id) => match self.evaluate(id) {
                (Cell::Boolean(value), failures) if failures.is_empty() => Some(Known::of(value)),
                _ => None,
            },
            _ => None,
        }
    }

    /// AND: one operand that is not true decides. Unless all before it are true, one of those may fail.
    fn known_of_all(&self, operands: List) -> Option<Known> {
        let mut all_true = true;
        for operand in self.tree.items(operands) {
            match self.known(*operand) {
                Some(Known::True) => {}
                Some(Known::False) if all_true => return Some(Known::False),
                Some(_) => return Some(Known::NotTrue),
                None => all_true = false,
            }
        }
        all_true.then_some(Known::True)
    }

    /// OR: one that is true decides, if nothing before it can fail: then no event passes.
    fn known_of_any(&self, operands: List) -> Option<Known> {
        let mut known = Known::False;
        for operand in self.tree.items(operands) {
            match self.known(*operand)? {
                Known::True => return (known == Known::False).then_some(Known::True),
                Known::False => {}
                Known::NotTrue => known = Known::NotTrue,
            }
        }
        Some(known)
    }

    /// Whether no event has a say in it.
    fn is_constant(&self, id: NodeId) -> bool {
        let kind = &self.tree.node(id).kind;
        let is_open = matches!(kind, Kind::Attribute(_) | Kind::Exists(_) | Kind::Unknown(..));
        !is_open && self.tree.children(kind).all(|child| self.is_constant(child))
    }

    /// The error of a constant that its parts do not have.
    fn failing(&self, id: NodeId) -> Option<String> {
        let mut parts = self.tree.children(&self.tree.node(id).kind);
        let is_own = parts.all(|part| self.evaluate(part).1.is_empty());
        let failure = self.evaluate(id).1.into_iter().next();
        failure.filter(|_| is_own).map(|failure| failure.message)
    }

    fn evaluate(&self, id: NodeId) -> (Cell<'_>, Vec<Failure>) {
        let mut eval = Eval::new(self.tree, &self.event, Told::default());
        let value = eval.value(id);
        (value, eval.failures.0)
    }
}

fn any_event() -> Event {
    let mut event = Event::builder();
    for name in ["id", "source", "type"] {
        event.attribute(name, "x").expect("the name and the value are allowed");
    }
    event.build(Bytes::new()).expect("nothing required is missing")
}
