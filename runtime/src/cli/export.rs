//! `hydrant export`: the project as resources of Knative.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::check::{loader, tell};
use super::exit::{Exit, Failure};
use super::global::Global;
use super::output;
use crate::knative::{self, BrokerClass, Exported, Options, Project};

/// Print brokers, triggers, channels, flows, sources, sinks and functions as Knative's YAML
///
/// What has no place there is told with its line, and nothing is printed (exit code 1) unless --lossy leaves it out. An image is
/// a placeholder: a function here is a file.
#[derive(Debug, Args)]
#[command(after_help = "\
hydrant export > knative.yaml
hydrant export --lossy --namespace shop | kubectl apply -f -
hydrant export --broker-class Kafka")]
pub(super) struct Export {
    /// What brokers are made of there [default: as `class` says]
    #[arg(long, value_name = "CLASS")]
    broker_class: Option<Class>,
    /// The namespace of all resources
    #[arg(long, value_name = "NAME", default_value = "default")]
    namespace: String,
    /// Leave out what has no place there, and list it on stderr
    #[arg(long)]
    lossy: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Class {
    #[value(name = "Kafka")]
    Kafka,
    #[value(name = "MTChannelBasedBroker")]
    Channels,
}

impl Export {
    pub(super) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        let (project, config) = (global.project(None)?, global.config()?);
        let mut loader = loader(&project, config.as_deref(), global.overrides()?)?;
        let loaded = loader.load();
        let Some(resolved) = &loaded.resolved else {
            tell(global, &loaded.diagnostics)?;
            return Ok(Exit::ConfigInvalid.into());
        };
        let own = resolved.functions.values().filter(|function| function.of.is_none());
        let said = |name: &str| (name.to_owned(), loader.said_of(name));
        let mut functions: Vec<_> = own.map(|function| said(&function.name)).collect();
        functions.sort_by(|(a, _), (b, _)| a.cmp(b));
        let class = self.broker_class.map(|class| match class {
            Class::Kafka => BrokerClass::Kafka,
            Class::Channels => BrokerClass::Channels,
        });
        let options = Options { class, namespace: self.namespace.clone() };
        let project = Project { file: &loader.written(), resolved, functions };
        let help = "name its brokers: [kafka] brokers = [\"HOST:9092\"]";
        let exported = knative::export(&project, &options).map_err(|why| Failure::failed(why).help(help))?;
        self.write(global, &exported)
    }

    fn write(&self, global: &Global, exported: &Exported) -> Result<ExitCode, Failure> {
        let left_out = &exported.left_out;
        for note in left_out {
            let talk = format!("{}:{} {} has no place in Knative", note.file, note.line, note.text);
            // Why nothing is printed is said in any case.
            if self.lossy { global.talk(&talk) } else { output::talk(&talk) }
        }
        if !left_out.is_empty() && !self.lossy {
            let (count, s) = (left_out.len(), if left_out.len() == 1 { " has" } else { "s have" });
            let failure = Failure::failed(format!("{count} setting{s} no place in Knative"));
            return Err(failure.help("hydrant export --lossy leaves them out"));
        }
        for document in &exported.documents {
            if global.is_json() {
                output::json(document)?;
            } else {
                output::data(output::yaml_document(document)?)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
