//! Dead letters, a page at a time.

use hyper::Method;

use super::super::daemon::Daemon;
use super::super::exit::Failure;
use super::select::Select;
use crate::letters::LetterView;

/// What is asked for at once.
const PAGE: usize = 500;

/// Pages of those that are meant, the oldest first.
pub(super) struct Pages<'d> {
    daemon: &'d Daemon,
    query: String,
    after: Option<String>,
    left: usize,
}

impl<'d> Pages<'d> {
    /// At most so many letters.
    pub(super) fn new(daemon: &'d Daemon, select: &Select, with_data: bool, limit: Option<usize>) -> Self {
        let query = format!("{}data={with_data}", select.query());
        Self { daemon, query, after: None, left: limit.unwrap_or(usize::MAX) }
    }

    /// The next page; nothing behind the last one.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<LetterView>>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut target = format!("/api/v1/dlq?{}&limit={}", self.query, PAGE.min(self.left));
        if let Some(after) = &self.after {
            target += &format!("&after={after}");
        }
        let page: Vec<LetterView> = self.daemon.ask(Method::GET, &target).await??;
        let Some(last) = page.last() else { return Ok(None) };
        self.after = Some(last.id.clone());
        self.left -= page.len();
        Ok(Some(page))
    }
}
