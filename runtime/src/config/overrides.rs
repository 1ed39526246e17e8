//! What wins over the file.

/// What flags and the environment say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) listen: Option<Given>,
    pub(crate) admin: Option<Given>,
    pub(crate) state: Option<Given>,
    /// Whether functions' events are held when their attempts are used up, where nobody says what then.
    pub(crate) holds: bool,
    /// Whether it runs for somebody's test: nothing is kept or read from elsewhere, and nobody waits without need.
    pub(crate) ephemeral: bool,
}

/// A text and where it comes from: `--listen` or `HYDRANT_LISTEN`.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) origin: &'static str,
    pub(crate) text: String,
}

impl Overrides {
    /// What is given in the place of a key of `[runtime]`.
    pub(super) fn of(&self, key: &str) -> Option<&Given> {
        match key {
            "listen" => self.listen.as_ref(),
            "admin" => self.admin.as_ref(),
            "state" => self.state.as_ref(),
            _ => None,
        }
    }
}
