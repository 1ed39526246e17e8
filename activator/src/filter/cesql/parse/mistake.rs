//! What is wrong, told once and where it is, and where to go on behind it.

use alloc::string::String;

use super::{Lost, Parser};
use crate::filter::cesql::DEPTH_MAX;
use crate::filter::cesql::lex::Token;
use crate::filter::cesql::problem::{Problem, What};

impl Parser<'_> {
    pub(super) fn descend(&mut self) -> Result<(), Lost> {
        if self.depth == DEPTH_MAX {
            self.too_deep();
            return Err(Lost);
        }
        self.depth += 1;
        Ok(())
    }

    /// Said once: behind it, nothing is looked at.
    pub(super) fn too_deep(&mut self) {
        if !self.too_deep {
            self.tell(What::TooDeep);
            self.too_deep = true;
        }
        self.token = Token::End;
    }

    /// Goes to where an expression can begin or end: AND, OR, XOR, a comma or the end of the brackets this is in.
    pub(super) fn recover(&mut self) {
        let mut inside = 0_u32;
        loop {
            match self.token {
                Token::End => return,
                Token::And | Token::Or | Token::Xor | Token::Comma | Token::Close if inside == 0 => return,
                Token::Open => inside += 1,
                Token::Close => inside -= 1,
                _ => {}
            }
            self.advance();
        }
    }

    pub(super) fn advance(&mut self) {
        if !self.too_deep {
            (self.token, self.span) = self.lexer.next();
        }
    }

    pub(super) fn complain(&mut self, expected: &'static str) {
        let found = self.span.of(self.text);
        let problem = match self.token {
            Token::Unclosed => Problem { span: self.span, what: What::Unclosed },
            Token::Unknown if expected == "a value" => {
                Problem { span: self.span, what: What::Unknown(String::from(found)) }
            }
            _ => Problem::expected(expected, found, self.span),
        };
        self.push(problem);
    }

    pub(super) fn tell(&mut self, what: What) {
        self.push(Problem { span: self.span, what });
    }

    /// One mistake a place, and none behind a text that is too deep. Places only go forward, so the last one is the
    /// only one that can be the same.
    pub(super) fn push(&mut self, problem: Problem) {
        let told = self.problems.last().is_some_and(|known| known.span == problem.span);
        if !told && !self.too_deep {
            self.problems.push(problem);
        }
    }
}
