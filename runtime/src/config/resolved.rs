//! The configuration as the rest of the program sees it: complete, and unable to be wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use activator::id::{ChannelId, FunctionId, Revision, SinkId};
use activator::lifecycle::Settings;
use activator::topology::{Subscription, Topology};

use crate::channel;
use crate::history::Bounds;
use crate::ping::Ping;
use crate::sources::container::Container;
use crate::sources::file_watch::FileWatch;
use crate::sources::poll::Poll;

pub(crate) use super::content::{Content, Stat};
pub(crate) use super::secrets::Secrets;

/// Everything `runtime.toml`, sidecars, script headers and the functions folders say together.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub(crate) runtime: Runtime,
    /// Channels, subscriptions of every kind, and where dead letters go: what the activator is told.
    pub(crate) topology: Topology,
    /// What stands behind each channel of the topology.
    pub(crate) channels: BTreeMap<ChannelId, NamedChannel>,
    /// Every function in the folders, in the configuration, or named by a subscription.
    pub(crate) functions: BTreeMap<FunctionId, Arc<Function>>,
    pub(crate) sinks: BTreeMap<SinkId, hyper::Uri>,
    /// What is delivered here goes to whoever waits for it.
    pub(crate) requests: BTreeMap<SinkId, Request>,
    /// Sources of type ping, by name.
    pub(crate) pings: BTreeMap<Arc<str>, Arc<Ping>>,
    /// Sources of type container, by name.
    pub(crate) containers: BTreeMap<Arc<str>, Arc<Container>>,
    /// Sources of type http-poll, by name.
    pub(crate) polls: BTreeMap<Arc<str>, Arc<Poll>>,
    /// Sources of type file-watch, by name.
    pub(crate) file_watches: BTreeMap<Arc<str>, Arc<FileWatch>>,
    pub(crate) watch: Watch,
    /// What all topics of the cluster have in common, where its brokers are named.
    #[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "nobody could write to it"))]
    pub(crate) kafka: Option<Box<channel::KafkaSpec>>,
}

/// `/request/NAME`: an event goes into a broker, and its answer back to who sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) name: String,
    pub(crate) broker: String,
    /// How long an answer is waited for.
    pub(crate) timeout: Duration,
    /// The attribute by which the event is known, and that in which its answer bears the same.
    pub(crate) correlation: String,
    pub(crate) reply: String,
}

/// `[watch]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watch {
    /// Whether the folders are watched; nothing = the verb decides.
    pub(crate) enabled: Option<bool>,
    /// How often everything is looked at; nothing = the system tells of changes.
    pub(crate) poll: Option<Duration>,
}

impl Resolved {
    /// Who reads a channel.
    pub(crate) fn subscriptions(&self, channel: ChannelId) -> impl Iterator<Item = &Arc<Subscription>> {
        self.topology.subscriptions.iter().filter(move |s| s.channel == channel)
    }

    /// The wired channels that outlive a crash here.
    pub(crate) fn durable_channels(&self) -> impl Iterator<Item = ChannelId> {
        let is_durable = |id: &ChannelId| {
            self.channels.get(id).is_some_and(|named| matches!(named.spec, channel::Spec::Durable(_)))
        };
        self.topology.channels.iter().map(|channel| channel.id).filter(is_durable)
    }
}

/// `[runtime]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Runtime {
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) functions: Vec<PathBuf>,
    /// Nothing = keep nothing (`state = "memory"`).
    pub(crate) state: Option<PathBuf>,
    /// The largest event the ingress takes.
    pub(crate) body_bytes_max: usize,
    /// How much payload the activator may hold.
    pub(crate) budget_bytes: usize,
    /// How long what is in flight may take when the runtime is asked to stop.
    pub(crate) drain: Duration,
    /// Where each process gets a cgroup of its own.
    pub(crate) cgroup: Cgroup,
    /// Whether functions' events are held when their attempts are used up, where nobody says what then.
    pub(crate) holds: bool,
    /// Whether it runs for somebody's test: what is Kafka's is in memory, no attempt waits for another, and no `run.json`
    /// leads here.
    pub(crate) ephemeral: bool,
    /// How many older revisions of a function are kept.
    pub(crate) revisions_max: usize,
    /// What is kept of what became of events.
    pub(crate) history: Bounds,
}

/// Where the cgroups of processes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cgroup {
    /// Below that of the runtime, where that is its own.
    Auto,
    /// There are none.
    Off,
    /// Below this folder of cgroup v2.
    Below(PathBuf),
}

/// A channel with the name people know it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedChannel {
    pub(crate) kind: ChannelKind,
    pub(crate) name: String,
    pub(crate) spec: channel::Spec,
    /// Whether it is in the place of a topic of Kafka.
    pub(crate) stands_in: bool,
}

/// The channel of dead letters that people work with.
pub(crate) const DEAD_LETTERS: &str = "dlq";
/// The channel of what is delivered again.
pub(crate) const REPLAYS: &str = "events";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ChannelKind {
    /// `/broker/NAME`.
    Broker,
    /// `/channel/NAME`.
    Channel,
    /// `/sequence/NAME`: what waits for its first step; for the others there are `NAME.2` and so on.
    Sequence,
    /// `/parallel/NAME`.
    Parallel,
    /// `/job/NAME`: what waits for a process of its own.
    Job,
    /// A topic that a source reads, named `SOURCE/TOPIC`, to which nobody appends here; or what another
    /// source has for a function or URL, named as the source.
    Source,
    /// `/sink/NAME`: a topic that is only written to.
    Sink,
    /// The built-in dead letters, and those that wait for a function or URL.
    DeadLetters,
    /// What is delivered again because somebody wants it.
    Replay,
}

impl ChannelKind {
    const ADDRESSED: [Self; 6] =
        [Self::Broker, Self::Channel, Self::Sequence, Self::Parallel, Self::Job, Self::Sink];

    /// The word for it in paths and messages.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Channel => "channel",
            Self::Sequence => "sequence",
            Self::Parallel => "parallel",
            Self::Job => "job",
            Self::Source => "source",
            Self::Sink => "sink",
            Self::DeadLetters => "dead-letters",
            Self::Replay => "replay",
        }
    }

    /// The kind that takes events under this word, at the ingress and from others.
    pub(crate) fn addressed(word: &str) -> Option<Self> {
        Self::ADDRESSED.into_iter().find(|kind| kind.text() == word)
    }

    /// Whether people put events into it, and have them delivered from it.
    pub(crate) const fn is_for_people(self) -> bool {
        matches!(self, Self::Broker | Self::Channel | Self::Sequence | Self::Parallel | Self::Job)
    }

    /// Where the durable log of one with this name lies, or would.
    pub(crate) fn folder(self, state: &Path, name: &str) -> PathBuf {
        state.join("channels").join(format!("{}-{name}", self.text()))
    }
}

/// A function: its name, and what can be run under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: Arc<str>,
    pub(crate) found: Found,
    /// Where the values of its environment stand that are no part of the configuration.
    pub(crate) secret_files: Box<[PathBuf]>,
    /// How its program is made of its sources; done by `dev --build`.
    pub(crate) build: Option<Box<Build>>,
    /// Its revisions that have a share or a tag, in the order they are written; empty where all goes to the latest.
    pub(crate) named: Box<[Named]>,
    /// Whose revision it is, where it is one that is run beside the latest: `bill@r3`.
    pub(crate) of: Option<FunctionId>,
}

/// How a program is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Build {
    /// For a shell.
    pub(crate) command: String,
    /// Where its sources are, and it runs: the function's own folder, else the project.
    pub(crate) dir: PathBuf,
    /// What it makes, as far as that is known before.
    pub(crate) program: PathBuf,
}

impl Build {
    /// Whether the same is done in the same place.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.command, &self.dir) == (&other.command, &other.dir)
    }
}

/// A revision of a function that `traffic` or `tags` name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Whose processes it has: the function itself, where it is the latest.
    pub(crate) id: FunctionId,
    /// Nothing = the latest, whichever that is.
    pub(crate) revision: Option<u32>,
    /// Of 100.
    pub(crate) percent: u32,
    pub(crate) tags: Vec<String>,
}

impl Named {
    /// `r3`, `latest`.
    pub(crate) fn label(&self) -> String {
        self.revision.map_or_else(|| "latest".to_owned(), |number| format!("r{number}"))
    }
}

/// What the folder holds under a function's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Something to run. Equal programs and settings are the same revision.
    Program(Arc<Program>),
    /// Named by a subscription or the configuration, and no file is there.
    Absent,
    /// There is something that cannot run, and why: `functions/old is not executable (chmod +x functions/old)`.
    Broken(String),
}

/// How to start a function: the little that is its own. There may be ten thousand of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// What it is called: `r3`.
    pub(crate) revision: Revision,
    /// The file to execute, absolute.
    pub(crate) path: Arc<Path>,
    /// What the file has to be when it is started, where it is an older one that was kept.
    pub(crate) exactly: Option<Box<Stat>>,
    /// What its files hold.
    pub(crate) content: Content,
    /// The same for all of which the same is said.
    pub(crate) terms: Arc<Terms>,
}

/// All that is said of how a program is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) args: Vec<String>,
    /// What the user adds to the environment.
    pub(crate) env: BTreeMap<String, String>,
    /// What else is in its environment, and nowhere else.
    pub(crate) secrets: Secrets,
    /// Where it runs: the project folder.
    pub(crate) dir: PathBuf,
    pub(crate) protocol: Protocol,
    /// Nothing = one event a request.
    pub(crate) batch: Option<Batch>,
    pub(crate) isolation: Isolation,
    pub(crate) limits: Limits,
    /// How many there are and how long each step may take; its `revision` is filled in by who tells the activator.
    pub(crate) settings: Settings,
}

/// How far a function is kept from the rest of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Isolation {
    pub(crate) level: Level,
    /// Only for `strict`: what it may read and execute beside the system's own, itself included, what it may write to, and
    /// the TCP ports it may connect to beside the ingress.
    pub(crate) read: Vec<PathBuf>,
    pub(crate) write: Vec<PathBuf>,
    pub(crate) connect: Vec<u16>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Level {
    /// Nothing but a process of its own.
    None,
    /// A session of its own, nothing inherited, no new privileges.
    #[default]
    Standard,
    /// And only the files and ports that are named.
    Strict,
}

/// What one process of a function may take; nothing = what the system lets its user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Private memory, bytes.
    pub(crate) memory: Option<u64>,
    pub(crate) cpu: Option<Cpu>,
    /// Open files and sockets.
    pub(crate) files: Option<u64>,
    /// A file it writes, bytes.
    pub(crate) file_size: Option<u64>,
    /// Processes and threads, those that it starts included.
    pub(crate) pids: Option<u64>,
}

/// How much of the processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cpu {
    /// So many seconds in its life.
    Seconds(u64),
    /// So many thousandths of one at any time.
    Thousandths(u64),
}

/// How a function is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP over a listener on fd 3, or on `$PORT`.
    Http,
    /// The same over HTTP/2 from the first byte on.
    H2c,
    /// A process per event: data on stdin, attributes as `CE_*`, exit code as answer.
    Oneshot,
    /// An event a line on stdin, an answer a line on stdout.
    Stdio,
}

/// How a server takes many events at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// In one request.
    pub(crate) events_max: u32,
    /// Requests a process is given at a time.
    pub(crate) requests_max: u32,
    /// How long the first of them may wait for others; a full one waits for nothing.
    pub(crate) wait: Duration,
}

impl Protocol {
    /// Whether a caller's request goes to the function as it is.
    pub(crate) const fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::H2c)
    }
}
