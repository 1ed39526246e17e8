//! From tokens to a tree (CESQL 1.0, sections 2 and 3.6).
//!
//! Operators climb by precedence. AND, OR and XOR share the lowest one and lean to the right, as the published
//! grammar has it: `a AND b OR c` is `a AND (b OR c)`. Here are the operators; [`operand`] is what stands between
//! them, and [`mistake`] goes on behind what is wrong, so that one look at an expression tells all of it.

mod mistake;
mod operand;

use alloc::vec::Vec;

use super::ast::{Arithmetic, Compare, Kind, Logic, NodeId, Tree};
use super::lex::{Lexer, Token};
use super::like::Pattern;
use super::problem::{Problem, What};
use super::span::Span;
use super::{DEPTH_MAX, LENGTH_MAX};

use operand::unquoted;

/// How firmly an operator holds its operands, from AND to the signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grip {
    Logic,
    Compare,
    Add,
    Multiply,
    In,
    Like,
    Unary,
}

/// What the tree is and where its root; nothing where the text says nothing at all.
pub(super) struct Parsed {
    pub(super) tree: Tree,
    pub(super) root: NodeId,
    /// Where AND, OR or XOR follow one another without brackets.
    pub(super) mixed: Vec<Span>,
}

pub(super) struct Parser<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    token: Token,
    span: Span,
    tree: Tree,
    problems: Vec<Problem>,
    mixed: Vec<Span>,
    depth: u16,
    /// Nothing behind this is looked at.
    too_deep: bool,
}

/// The problem is told already; whoever wanted the node looks for where to go on.
struct Lost;

type Found = Result<NodeId, Lost>;

impl<'t> Parser<'t> {
    /// Reads a whole expression.
    ///
    /// # Errors
    /// All that is wrong with it, in the order of the text.
    pub(super) fn parse(text: &'t str) -> Result<Parsed, Vec<Problem>> {
        if text.len() > LENGTH_MAX {
            return Err([Problem { span: Span::new(0, LENGTH_MAX), what: What::TooLong }].into());
        }
        let mut lexer = Lexer::new(text);
        let (token, span) = lexer.next();
        let mut parser = Self {
            text,
            lexer,
            token,
            span,
            tree: Tree::default(),
            problems: Vec::new(),
            mixed: Vec::new(),
            depth: 0,
            too_deep: false,
        };
        let root = parser.whole();
        match (root, parser.problems.is_empty()) {
            (Ok(root), true) => Ok(Parsed { tree: parser.tree, root, mixed: parser.mixed }),
            _ => Err(parser.problems),
        }
    }

    fn whole(&mut self) -> Found {
        let root = self.expression(Grip::Logic);
        while self.token != Token::End && !self.too_deep {
            if root.is_ok() {
                self.complain("an operator or the end");
            }
            // Whatever follows is read for its own mistakes.
            self.recover();
            match self.token {
                Token::End => {}
                Token::Close | Token::Comma => self.advance(),
                _ => {
                    self.advance();
                    let _told = self.expression(Grip::Logic);
                }
            }
        }
        root
    }

    /// An expression whose operators hold at least as firmly as `least`.
    fn expression(&mut self, least: Grip) -> Found {
        self.descend()?;
        let mut left = self.prefix();
        while let Ok(value) = left {
            let Some(grip) = self.grip().filter(|grip| *grip >= least) else { break };
            left = match grip {
                Grip::Logic => self.chain(value),
                Grip::Compare | Grip::Add | Grip::Multiply => self.binary(value, grip),
                Grip::In => self.set(value),
                Grip::Like | Grip::Unary => self.like(value),
            };
        }
        self.depth -= 1;
        left
    }

    /// The precedence of the operator that comes next.
    fn grip(&self) -> Option<Grip> {
        Some(match self.token {
            Token::And | Token::Or | Token::Xor => Grip::Logic,
            token if compare(token).is_some() => Grip::Compare,
            Token::Plus | Token::Minus => Grip::Add,
            Token::Star | Token::Slash | Token::Percent => Grip::Multiply,
            Token::In => Grip::In,
            Token::Like => Grip::Like,
            Token::Not => match self.lexer.clone().next().0 {
                Token::In => Grip::In,
                _ => Grip::Like,
            },
            _ => return None,
        })
    }

    /// Operands of AND, OR and XOR: read in a row, put together from the right.
    fn chain(&mut self, first: NodeId) -> Found {
        let mut operands: Vec<NodeId> = [first].into();
        let mut operators: Vec<Logic> = Vec::new();
        let mut lost = false;
        while let Some(operator) = logic(self.token) {
            if operators.last().is_some_and(|before| *before != operator) {
                self.mixed.push(self.span);
            }
            self.advance();
            match self.expression(Grip::Compare) {
                Ok(operand) => {
                    operators.push(operator);
                    operands.push(operand);
                }
                Err(Lost) => {
                    lost = true;
                    self.recover();
                }
            }
        }
        if lost {
            return Err(Lost);
        }
        self.lean(&operands, &operators)
    }

    /// `a AND b AND c OR d` is `AND(a, b, OR(c, d))`.
    fn lean(&mut self, operands: &[NodeId], operators: &[Logic]) -> Found {
        let mut right: Vec<NodeId> = operands.last().copied().into_iter().collect();
        for (at, operator) in operators.iter().enumerate().rev() {
            right.push(operands[at]);
            if at == 0 || operators[at - 1] != *operator {
                right.reverse();
                let span = self.span_of(right[0]).to(self.span_of(operands[operands.len() - 1]));
                let list = self.tree.list(&right);
                right = [self.add(Kind::Logic(*operator, list), span)?].into();
            }
        }
        right.pop().ok_or(Lost)
    }

    fn binary(&mut self, left: NodeId, grip: Grip) -> Found {
        let token = self.token;
        self.advance();
        let right = self.expression(match grip {
            Grip::Compare => Grip::Add,
            Grip::Add => Grip::Multiply,
            _ => Grip::In,
        })?;
        let span = self.span_of(left).to(self.span_of(right));
        let kind = match (compare(token), token) {
            (Some(operator), _) => Kind::Compare(operator, left, right),
            (None, Token::Plus) => Kind::Arithmetic(Arithmetic::Add, left, right),
            (None, Token::Minus) => Kind::Arithmetic(Arithmetic::Subtract, left, right),
            (None, Token::Star) => Kind::Arithmetic(Arithmetic::Multiply, left, right),
            (None, Token::Slash) => Kind::Arithmetic(Arithmetic::Divide, left, right),
            (None, _) => Kind::Arithmetic(Arithmetic::Remainder, left, right),
        };
        self.add(kind, span)
    }

    /// `[NOT] IN (...)`; the set is never empty.
    fn set(&mut self, value: NodeId) -> Found {
        let negated = self.negation();
        self.advance();
        let (items, end) = self.list(false)?;
        let set = self.tree.list(&items);
        self.add(Kind::In { value, set, negated }, self.span_of(value).to(end))
    }

    /// `[NOT] LIKE 'pattern'`; the pattern is written out (section 3.4.3).
    fn like(&mut self, value: NodeId) -> Found {
        let negated = self.negation();
        if self.token != Token::Like {
            self.complain("LIKE or IN");
            return Err(Lost);
        }
        self.advance();
        if self.token != Token::Text {
            self.complain("a pattern in quotes");
            return Err(Lost);
        }
        let span = self.span_of(value).to(self.span);
        let pattern = Pattern::parse(&unquoted(self.span.of(self.text))).into();
        self.advance();
        self.add(Kind::Like { value, pattern, negated }, span)
    }

    fn negation(&mut self) -> bool {
        let negated = self.token == Token::Not;
        if negated {
            self.advance();
        }
        negated
    }

    fn add(&mut self, kind: Kind, span: Span) -> Found {
        let id = self.tree.add(kind, span);
        if self.tree.node(id).depth > DEPTH_MAX {
            self.too_deep();
            return Err(Lost);
        }
        Ok(id)
    }

    fn span_of(&self, id: NodeId) -> Span {
        self.tree.node(id).span
    }
}

const fn logic(token: Token) -> Option<Logic> {
    match token {
        Token::And => Some(Logic::And),
        Token::Or => Some(Logic::Or),
        Token::Xor => Some(Logic::Xor),
        _ => None,
    }
}

const fn compare(token: Token) -> Option<Compare> {
    Some(match token {
        Token::Equal => Compare::Equal,
        Token::NotEqual => Compare::NotEqual,
        Token::Less => Compare::Less,
        Token::LessOrEqual => Compare::LessOrEqual,
        Token::Greater => Compare::Greater,
        Token::GreaterOrEqual => Compare::GreaterOrEqual,
        _ => return None,
    })
}
