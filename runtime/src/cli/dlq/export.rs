//! `hydrant dlq export`: dead letters as events in the JSON format, one a line, or with `-o yaml` a document each.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::super::daemon::Daemon;
use super::super::exit::Failure;
use super::super::global::Global;
use super::super::output;
use super::pages::Pages;
use super::select::Select;
use super::{letter, letters};
use crate::letters::LetterView;

/// Write dead letters as JSON lines, or with -o yaml as documents: each an event with the extensions it died with
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The letters (d17), or the ids of their events [default: all that the flags mean]
    #[arg(value_name = "LETTER", conflicts_with_all = ["trigger", "function", "reason", "since"])]
    ids: Vec<String>,
    #[command(flatten)]
    select: Select,
    /// Into a new file, instead of stdout
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self, global: &Global, daemon: &Daemon) -> Result<ExitCode, Failure> {
        let mut to = To::open(self.file)?;
        for id in &self.ids {
            to.write(&letter(daemon, id).await?)?;
        }
        let limit = if self.ids.is_empty() { None } else { Some(0) };
        let mut pages = Pages::new(daemon, &self.select, true, limit);
        while let Some(page) = pages.next().await? {
            page.iter().try_for_each(|letter| to.write(letter))?;
        }
        let count = to.finish()?;
        global.talk(&format!("{} written; they are still there (hydrant dlq drop)", letters(count)));
        Ok(ExitCode::SUCCESS)
    }
}

/// Where the lines go.
struct To {
    file: Option<(PathBuf, BufWriter<File>)>,
    count: u64,
}

impl To {
    fn open(path: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self { file: None, count: 0 }) };
        let file = File::create_new(&path).map_err(|error| {
            Failure::failed(format!("cannot make {}: {error}", path.display())).help("give --file a new name")
        })?;
        Ok(Self { file: Some((path, BufWriter::new(file))), count: 0 })
    }

    fn write(&mut self, letter: &LetterView) -> Result<(), Failure> {
        self.count += 1;
        let line = output::json_line(&letter.event)?;
        match &mut self.file {
            None => output::data(line),
            Some((path, file)) => file
                .write_all(line.as_bytes())
                .map_err(|error| Failure::failed(format!("{}: {error}", path.display()))),
        }
    }

    fn finish(self) -> Result<u64, Failure> {
        if let Some((path, mut file)) = self.file {
            file.flush().map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        }
        Ok(self.count)
    }
}
