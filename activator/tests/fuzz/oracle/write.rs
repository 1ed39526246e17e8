//! The text of a tree: brackets where they are needed and sometimes where they are not, any case, any space.

use activator::filter::cesql::Value;

use super::tree::{Arithmetic, Compare, Logic, Node};
use crate::generate::{one, rarely};
use crate::random::Random;

/// How firmly an operator holds its operands, as the published grammar has it; brackets hold most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grip {
    Logic,
    Compare,
    Add,
    Multiply,
    In,
    Like,
    Unary,
    Whole,
}

/// Writes a tree in one of many ways.
pub(super) fn text(tree: &Node, random: &mut Random) -> String {
    let mut writer = Writer { text: String::new(), random };
    writer.node(tree, Grip::Logic);
    writer.text
}

struct Writer<'r> {
    text: String,
    random: &'r mut Random,
}

impl Writer<'_> {
    /// A node where something stands that holds its operands this firmly.
    fn node(&mut self, node: &Node, least: Grip) {
        let bare = grip(node) >= least && !rarely(self.random);
        if !bare {
            self.put("(");
            self.space();
        }
        self.bare(node);
        if !bare {
            self.space();
            self.put(")");
        }
    }

    fn bare(&mut self, node: &Node) {
        match node {
            Node::Literal(value) => self.literal(value),
            Node::Attribute(name) => self.word(name),
            Node::Exists(name) => {
                self.word("EXISTS ");
                self.word(name);
            }
            Node::Not(of) => self.prefix("NOT", of),
            // Digits that follow at once would be one number with the sign, and perhaps one that fits only so.
            Node::Negate(of) => self.prefix("-", of),
            Node::Logic(operator, left, right) => self.logic(*operator, left, right),
            Node::Compare(operator, left, right) => {
                let sign = compare(*operator, self.random.chance(500));
                self.binary(left, Grip::Compare, sign, right, Grip::Add);
            }
            Node::Arithmetic(operator, left, right) => {
                let (sign, own, right_least) = arithmetic(*operator);
                self.binary(left, own, sign, right, right_least);
            }
            Node::Like { value, pattern, negated } => {
                self.postfix(value, Grip::Like, *negated, "LIKE");
                self.quoted(pattern);
            }
            Node::In { value, set, negated } => {
                self.postfix(value, Grip::In, *negated, "IN");
                self.list(set);
            }
            Node::Call(name, arguments) => {
                self.word(name);
                self.list(arguments);
            }
        }
    }

    fn prefix(&mut self, sign: &str, of: &Node) {
        self.word(sign);
        self.gap();
        self.node(of, Grip::Unary);
    }

    /// LIKE or IN, but for what stands on its right.
    fn postfix(&mut self, value: &Node, least: Grip, negated: bool, word: &str) {
        self.node(value, least);
        self.gap();
        if negated {
            self.word("NOT");
            self.gap();
        }
        self.word(word);
        self.space();
    }

    /// AND, OR and XOR lean to the right: what stands there needs no brackets.
    fn logic(&mut self, operator: Logic, left: &Node, right: &Node) {
        self.node(left, Grip::Compare);
        self.gap();
        self.word(match operator {
            Logic::And => "AND",
            Logic::Or => "OR",
            Logic::Xor => "XOR",
        });
        self.gap();
        let least = if self.random.chance(500) { Grip::Logic } else { Grip::Compare };
        self.node(right, least);
    }

    fn binary(&mut self, left: &Node, left_least: Grip, sign: &str, right: &Node, right_least: Grip) {
        self.node(left, left_least);
        self.space();
        self.put(sign);
        self.space();
        self.node(right, right_least);
    }

    fn list(&mut self, items: &[Node]) {
        self.space();
        self.put("(");
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.put(",");
            }
            self.space();
            self.node(item, Grip::Logic);
            self.space();
        }
        self.put(")");
    }

    fn literal(&mut self, value: &Value) {
        match value {
            Value::Boolean(truth) => self.word(if *truth { "TRUE" } else { "FALSE" }),
            Value::Integer(number) if *number > 0 && rarely(self.random) => self.put(&format!("+{number}")),
            Value::Integer(number) => self.put(&number.to_string()),
            Value::String(text) => self.quoted(text),
        }
    }

    /// In quotes of either kind; those of the same kind inside take a backslash.
    fn quoted(&mut self, text: &str) {
        let quote = one(self.random, &["'", "\""]);
        self.put(quote);
        self.put(&text.replace(quote, &format!("\\{quote}")));
        self.put(quote);
    }

    /// A word in any case: keywords, functions and attributes are the same then.
    fn word(&mut self, word: &str) {
        match self.random.between(0, 5) {
            0 => self.put(&word.to_ascii_uppercase()),
            1 => self.put(&word.to_ascii_lowercase()),
            2 => {
                let (start, end) = word.split_at(word.len() / 2);
                self.put(&start.to_ascii_lowercase());
                self.put(&end.to_ascii_uppercase());
            }
            _ => self.put(word),
        }
    }

    /// Where space may be.
    fn space(&mut self) {
        let space = one(self.random, &["", " ", " ", "  ", "\n", "\t"]);
        self.put(space);
    }

    /// Where space must be.
    fn gap(&mut self) {
        self.put(" ");
        if rarely(self.random) {
            self.space();
        }
    }

    fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }
}

const fn grip(node: &Node) -> Grip {
    match node {
        Node::Literal(_) | Node::Attribute(_) | Node::Exists(_) | Node::Call(..) => Grip::Whole,
        Node::Not(_) | Node::Negate(_) => Grip::Unary,
        Node::Like { .. } => Grip::Like,
        Node::In { .. } => Grip::In,
        Node::Arithmetic(operator, ..) => arithmetic(*operator).1,
        Node::Compare(..) => Grip::Compare,
        Node::Logic(..) => Grip::Logic,
    }
}

/// How an operator is written, how firmly it holds, and what may stand bare on its right: they lean to the left.
const fn arithmetic(operator: Arithmetic) -> (&'static str, Grip, Grip) {
    match operator {
        Arithmetic::Add => ("+", Grip::Add, Grip::Multiply),
        Arithmetic::Subtract => ("-", Grip::Add, Grip::Multiply),
        Arithmetic::Multiply => ("*", Grip::Multiply, Grip::In),
        Arithmetic::Divide => ("/", Grip::Multiply, Grip::In),
        Arithmetic::Remainder => ("%", Grip::Multiply, Grip::In),
    }
}

const fn compare(operator: Compare, other_way: bool) -> &'static str {
    match operator {
        Compare::Equal => "=",
        Compare::NotEqual if other_way => "<>",
        Compare::NotEqual => "!=",
        Compare::Less => "<",
        Compare::LessOrEqual => "<=",
        Compare::Greater => ">",
        Compare::GreaterOrEqual => ">=",
    }
}
