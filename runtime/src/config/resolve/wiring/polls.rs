//! Sources that ask a URL: what they say in each request, and what their events are called.

use std::path::Path;

use hyper::Uri;
use hyper::header::HeaderValue;
use jiff::Timestamp;

use crate::config::codes::Code;
use crate::config::diagnostic::{Diagnostic, Problems};
use crate::config::raw;
use crate::config::source::At;
use crate::sources::Outlet;
use crate::sources::poll::{Fetched, Headers, Poll};

use super::super::secrets::{self, Wanted};

const MEANWHILE: &str = "the URL is asked as soon as it is mended";

pub(super) fn resolved(
    name: &At<String>,
    source: &raw::PollSource,
    (url, outlet): (Uri, Outlet),
    project: &Path,
    problems: &Problems,
) -> Poll {
    let called = format!("source `{}`", name.value);
    // Headers are found as the variables of a function are.
    let all = raw::Function { secrets: Some(source.secrets.clone()), ..raw::Function::default() };
    let wanted = Wanted { called: called.clone(), project, all: &all, problems, meanwhile: MEANWHILE };
    let poll = Poll {
        name: name.value.as_str().into(),
        url,
        every: source.every,
        headers: headers(source, &wanted),
        files: secrets::files(project, &all).into(),
        ty: source.event.ty.clone().unwrap_or_else(|| Poll::TYPE.into()),
        subject: source.event.subject.clone(),
        outlet,
    };
    if let Err(error) = poll.event("1", Timestamp::default(), &Fetched::default()) {
        let (wanted, help) = ("what an event can bear", "mend `event` or `extensions`");
        problems.bad_value::<()>(&name.place, &called, wanted, error, help);
    }
    poll
}

fn headers(source: &raw::PollSource, wanted: &Wanted<'_>) -> Result<Headers, String> {
    let secrets = wanted.values()?;
    for (name, _) in &source.secrets {
        let is_found =
            |(found, value): (&str, &str)| found == name.value && HeaderValue::from_str(value).is_err();
        if secrets.reveal().any(is_found) {
            let what = format!("`{}` of {} has a value that no header can have", name.value, wanted.called);
            let finding = Diagnostic::new(Code::NoSecret, what.clone());
            wanted
                .problems
                .report(finding.at(&name.place, "wanted here").help("it is to be text of one line"));
            return Err(what);
        }
    }
    Ok(Headers { written: source.headers.clone(), secrets })
}
