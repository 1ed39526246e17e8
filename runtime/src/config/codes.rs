//! The codes of what can be wrong with a configuration: how bad each is, and what it means.

use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// The configuration cannot be used; a running one stays.
    Error,
    /// Something does not run, or not as it seems.
    Warning,
    /// Worth knowing.
    Note,
}

macro_rules! codes {
    ($($name:ident $id:literal $severity:ident $title:literal, $explanation:literal;)*) => {
        /// What is wrong. The number is public interface: it is never used again for something else.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Code {
            $($name,)*
        }

        impl Code {
            /// Every code, in the order of the numbers.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// `H012`.
            pub(crate) const fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }

            pub(crate) const fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)*
                }
            }

            /// What it is, in a few words.
            pub(crate) const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }

            /// What it means and what to do, in a sentence or two.
            pub(crate) const fn explanation(self) -> &'static str {
                match self {
                    $(Self::$name => $explanation,)*
                }
            }
        }
    };
}

codes! {
    CannotRead "H001" Error "a file cannot be read",
        "The file named does not exist or may not be read by the user hydrant runs as.";
    Syntax "H002" Error "this is not TOML",
        "The file does not follow the TOML grammar at the place shown; nothing in it was looked at further.";
    UnknownKey "H004" Error "unknown key",
        "Nobody reads this key, so it would do nothing. The nearest known key is named, or all that go there.";
    BadValue "H005" Error "bad value",
        "The value is not what the key takes; the message says what it takes.";
    MissingKey "H006" Error "missing key",
        "The table cannot be used without this key.";
    BadName "H010" Error "bad name",
        "Names have 1 to 63 characters of a-z, 0-9, `-` and `_`, and begin and end with a letter or digit.";
    Twice "H011" Error "given twice",
        "The same name or key is given twice, and nothing tells which one is meant.";
    UnknownReference "H012" Error "unknown reference",
        "Something is named that does not exist. A function whose file comes later is declared by an empty \
         `[function.NAME]`.";
    TriggerClash "H013" Error "two triggers of one name",
        "A function's implicit trigger bears the function's name, and a trigger of that name is written out.";
    SharedCursor "H014" Error "two readers of one cursor",
        "A Kafka topic read twice by one consumer group has one committed offset for two readers.";
    NoBrokers "H015" Error "no Kafka brokers",
        "Something needs Kafka, and `[kafka] brokers` does not say where it is.";
    SelfDelivery "H016" Error "a circle",
        "What is delivered back unchanged into the channel it was read from would go round for ever.";
    SharedTransactions "H017" Error "transactions in a group",
        "`transactions` store a reply and the cursor of the event together. They are fenced by the name of the topic's one reader; \
         where several runtimes share a topic there is none.";
    FilterForm "H020" Error "bad filter",
        "A filter is a CESQL expression, or made of `exact`, `prefix`, `suffix`, `all`, `any`, `not`, `cesql` and \
         `attributes`; `on` of attributes and texts.";
    Cesql "H030" Error "bad CESQL expression",
        "The text is no CESQL 1.0 expression; `hydrant help cesql` shows the language, `hydrant cesql EXPR` tries one.";
    NeverMatches "H031" Warning "a filter no event passes",
        "Clauses that exclude each other, a part that fails on every event, or one that is always false.";
    AlwaysMatches "H032" Warning "a filter every event passes",
        "The expression is true for every event, so the filter keeps none away.";
    NotBoolean "H033" Error "a filter that gives no boolean",
        "Only the boolean true lets an event pass; an expression that gives a number or a text never can.";
    NoFunction "H034" Error "unknown CESQL function",
        "CESQL 1.0 has no function of this name with this number of arguments, so the filter could never match.";
    Doubtful "H035" Warning "a filter that hardly means what it seems to",
        "It is valid, and CESQL's precedence or types give it another meaning than most readers would.";
    CesqlFails "H036" Error "a CESQL expression that fails on an event",
        "A part of it gave an error for the event shown; as a filter, it does not match then. `hydrant help cesql` \
         tells the kinds of errors, and how to look first.";
    BadSchedule "H040" Error "not a schedule",
        "A schedule has the five fields of cron, or six with the second in front, or is one of @hourly, @daily, @weekly, \
         @monthly, @yearly and @every with a pause.";
    NeverFires "H041" Error "a schedule that never fires",
        "The fields are right each by itself, and there is no such day: 30 February.";
    NotExecutable "H050" Warning "not executable",
        "The file has no executable bit, so nothing serves its events; they wait.";
    WrongArchitecture "H051" Warning "built for another machine",
        "The program's header names another processor than this machine's, so it cannot start here.";
    LoneSidecar "H052" Warning "sidecar without a function",
        "The settings in `NAME.toml` belong to no function of that name.";
    OthersMayWrite "H053" Warning "not started: others may change it",
        "Whoever can write a function's file or folder can run programs as you, so it is not started.";
    GroupMayWrite "H054" Warning "the group may change it",
        "Members of the file's group can run programs as you. It is started all the same.";
    NoFile "H055" Warning "no file for a function",
        "The function is known and its file is not there; events for it wait.";
    NothingToRun "H056" Note "a folder with nothing to run",
        "A folder is a function when it holds an executable `run`, `main`, or one of its own name.";
    NoFolder "H057" Note "no functions folder",
        "The folder that is to hold the functions does not exist yet.";
    TooManyFiles "H058" Note "many files in a function's folder",
        "All files in a function's folder belong to it; those beyond the first ten thousand are not looked at.";
    NoSecret "H059" Warning "a value that cannot be had",
        "What `env_file` or `secrets` name is not there or cannot be read, so the function is not started; its events wait.";
    NoEffect "H060" Note "no effect",
        "The key or variable is valid and does nothing as things are: under the class chosen, or because hydrant sets it.";
    RevisionLost "H061" Warning "a revision that cannot run",
        "`traffic` or `tags` name a revision whose executable was not kept or was overwritten. Its share goes to the \
         latest; calls by its tag are refused.";
    UnheldLimit "H062" Warning "a limit that nothing holds here",
        "`pids` and a `cpu` in processors are held by cgroups (v2) with the controllers `pids` and `cpu`, which are not there: \
         the function runs without this limit. `hydrant doctor` says what it takes.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Severity {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ascend_and_every_code_explains_itself() {
        assert!(Code::ALL.is_sorted_by(|a, b| a.id() < b.id()));
        for code in Code::ALL {
            assert!(code.explanation().ends_with('.'), "{code}: {}", code.explanation());
            assert!(!code.title().ends_with('.'), "{code}: {}", code.title());
        }
    }
}
