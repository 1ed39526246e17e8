//! A process that somebody else starts, in a debugger say: while its place is there, it is given all of the function's
//! deliveries, and none of our own starts.

use alloc::{string::String, vec::Vec};

use super::{Availability, Function, Instance, State};
use crate::id::{InstanceId, Revision};
use crate::time::Time;

/// A place for somebody else's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Its name.
    pub instance: InstanceId,
    /// What our own processes would run.
    pub revision: Revision,
    /// Our own that hold nothing, and stop at once.
    pub stop: Vec<InstanceId>,
}

/// Why somebody else's process cannot be a function's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declined {
    /// There is no such function.
    Unknown,
    /// Its file is missing or cannot run, so nothing tells how it is spoken to; the text says why.
    Broken(String),
    /// It takes a process for each event.
    SingleUse,
    /// Another one is there already.
    Taken,
    /// The runtime is stopping.
    Stopping,
}

impl Function {
    /// The process that somebody else starts, while it has its place.
    pub fn attached(&self) -> Option<&Instance> {
        self.instances.iter().find(|i| i.is_attached)
    }

    /// Zero -> Starting, for somebody else's process; all of ours retire. It has all the time it wants.
    pub fn attach(&mut self, now: Time) -> Result<Attached, Declined> {
        let settings = match &self.availability {
            Availability::Present(settings) => **settings,
            Availability::Absent => return Err(Declined::Broken("its file is missing".into())),
            Availability::Broken(reason) => return Err(Declined::Broken(reason.clone())),
        };
        if settings.single_use {
            return Err(Declined::SingleUse);
        }
        if self.attached().is_some() {
            return Err(Declined::Taken);
        }
        let stop = self.retire(|_| true);
        // How many there are is not ours to say for now.
        self.kpa = None;
        let instance = self.new_instance(now, settings);
        self.instances.iter_mut().filter(|i| i.id == instance).for_each(|i| i.is_attached = true);
        Ok(Attached { instance, revision: settings.revision, stop })
    }

    /// Whether the next delivery is somebody else's to take, and who takes it if there is room.
    pub(super) fn place_at_attached(&self) -> Option<Option<(InstanceId, bool)>> {
        let attached = self.attached()?;
        Some(attached.has_room().then_some((attached.id, attached.state == State::Starting)))
    }
}
