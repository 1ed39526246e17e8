//! What names point to; those that point nowhere are told with the nearest that would not.

use std::path::Path;

use crate::config::codes::Code;
use crate::config::diagnostic::{Diagnostic, Problems};
use crate::config::name::is_valid;
use crate::config::nearest::nearest;
use crate::config::raw;
use crate::config::resolved::{ChannelKind, Runtime};
use crate::config::scan::shown;
use crate::config::source::{At, Place};

use super::channels::{Channels, Known};
use super::functions::{Function, Functions};

/// Finds what is meant; `called` is who points there: `` trigger `bill` ``.
#[derive(Clone, Copy)]
pub(super) struct References<'a> {
    pub(super) channels: &'a Channels,
    pub(super) functions: &'a Functions,
    pub(super) project: &'a Path,
    pub(super) runtime: &'a Runtime,
    pub(super) problems: &'a Problems,
}

impl<'a> References<'a> {
    pub(super) fn function(&self, called: &str, name: &str, place: &Place) -> Option<&'a Function> {
        let function = self.functions.get(name);
        if function.is_none() {
            self.unknown(called, "function", place, self.function_hint(name));
        }
        function
    }

    /// A broker or channel by its name alone.
    pub(super) fn channel(
        &self,
        called: &str,
        kind: ChannelKind,
        name: &str,
        place: &Place,
    ) -> Option<&'a Known> {
        self.prefixed_channel(called, kind, name, "", place)
    }

    /// What is a channel of some kind: `channel/NAME`, `broker/NAME` and the like.
    pub(super) fn destination_channel(&self, called: &str, to: &At<raw::Destination>) -> Option<&'a Known> {
        let (kind, name) = to.value.channel()?;
        self.prefixed_channel(called, kind, &name, &format!("{}/", kind.text()), &to.place)
    }

    fn prefixed_channel(
        &self,
        called: &str,
        kind: ChannelKind,
        name: &str,
        prefix: &str,
        place: &Place,
    ) -> Option<&'a Known> {
        let known = self.channels.known(kind, name);
        if known.is_none() {
            // The channels between steps have names that nobody can point to.
            let names = self.channels.names(kind).filter(|name| is_valid(name));
            let help = match nearest(name, names) {
                Some(near) => format!("did you mean `{prefix}{near}`?"),
                None => format!("declare it: [{}.{name}]", kind.text()),
            };
            self.unknown(called, kind.text(), place, help);
        }
        known
    }

    fn function_hint(&self, name: &str) -> String {
        let Some(near) = nearest(name, self.functions.names().map(|name| &**name)) else {
            return format!(
                "put it into the functions folder; if it comes later, declare it: [function.{name}]"
            );
        };
        let path = self.functions.get(near).and_then(|function| function.path.as_deref());
        let shown = path.map(|path| format!(" ({})", shown(self.project, path))).unwrap_or_default();
        format!("did you mean `fn/{near}`?{shown}")
    }

    fn unknown(&self, called: &str, what: &str, place: &Place, help: String) {
        let message = format!("{called} points to a {what} that does not exist");
        self.problems.report(
            Diagnostic::new(Code::UnknownReference, message).at(place, format!("no such {what}")).help(help),
        );
    }
}
