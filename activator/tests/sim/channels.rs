//! The storage's side of the world: opens, reads, appends and commits, and what goes wrong with them.

use activator::effect::{Effect, Origin};
use activator::event::Event;
use activator::id::{ChannelId, Epoch, Offset, Partition};
use activator::input::{Input, Progress, Stored};
use activator::topology::Start;

use super::bugs::Bug;
use super::clock::MILLI;
use super::storage::{At, Door, Log, Read};
use super::wiring::SHARED;
use super::world::{Happening, World, progress_of};

impl Log {
    pub(crate) fn close(&mut self) {
        self.door = Door::Closed;
        for shelf in &mut self.shelves {
            shelf.waiting.clear();
            shelf.held = None;
        }
    }
}

impl World {
    /// The request is on its way.
    pub(crate) fn send_to_storage(&mut self, effect: Effect) {
        if let Effect::Open { channel } = &effect
            && let Some(log) = self.logs.get_mut(channel)
        {
            log.door = Door::Opening;
        }
        let wait = self.speed.between(5, 3_000);
        self.clock.after(wait, Happening::Storage(effect));
    }

    /// The request arrives; whoever asked may be dead by then.
    pub(crate) fn reach_storage(&mut self, effect: Effect, answered: bool) {
        let answer = match effect {
            Effect::Open { channel } => self.open(channel),
            Effect::Append { append, channel, event, origin } => {
                let stored = self.append(channel, &event, origin);
                Some(Input::Appended { append, stored })
            }
            Effect::Commit { channel, progress } => {
                let stored = self.commit(channel, progress);
                Some(Input::Committed { channel, stored })
            }
            Effect::Read { channel, partition, epoch, from, records_max, bytes_max } => {
                let read = Read { channel, partition, epoch, from, records_max, bytes_max };
                return self.read(read);
            }
            Effect::Locate { channel, partition, epoch, start } => self
                .locate(channel, partition, start)
                .map(|offset| Input::Located { channel, partition, epoch, start, offset }),
            _ => None,
        };
        let wait = self.speed.between(5, 3_000);
        if let Some(input) = answer.filter(|_| answered) {
            self.clock.after(wait, Happening::News(input));
        }
    }

    fn open(&mut self, channel: ChannelId) -> Option<Input> {
        let log = self.logs.get_mut(&channel).filter(|log| log.door == Door::Opening)?;
        log.door = Door::Open;
        if log.shared {
            let wait = self.speed.between(5, 50_000);
            self.clock.after(wait, Happening::Assign(channel));
            return Some(Input::Opened { channel, epoch: Epoch(log.epochs), partitions: Vec::new() });
        }
        let (epoch, partitions) = log.hand_out();
        Some(Input::Opened { channel, epoch, partitions })
    }

    /// Whatever nobody has of a shared channel is the mind's.
    pub(crate) fn assign(&mut self, channel: ChannelId) {
        let Some(log) = self.logs.get_mut(&channel).filter(|log| log.door == Door::Open) else { return };
        let (epoch, partitions) = log.hand_out();
        if !partitions.is_empty() {
            let wait = self.speed.between(5, 3_000);
            self.clock.after(wait, Happening::News(Input::Assigned { channel, epoch, partitions }));
        }
    }

    /// Another runtime comes and wants some of the partitions.
    pub(crate) fn ask_back(&mut self) {
        let Some(partitions) = self.some_held() else { return };
        self.coverage.count("fault partition revoked");
        self.clock.after(1, Happening::News(Input::Revoking { channel: SHARED, partitions }));
    }

    /// The others think that this runtime is dead.
    pub(crate) fn take_away(&mut self) {
        let Some(partitions) = self.some_held() else { return };
        self.coverage.count("fault partition lost");
        self.give_away(SHARED, &partitions);
        self.tell(Input::Lost { channel: SHARED, partitions });
    }

    fn some_held(&mut self) -> Option<Vec<Partition>> {
        let log = self.logs.get(&SHARED).filter(|log| log.shared && log.door == Door::Open)?;
        let held = log.held();
        // What is on its way to the mind, or back from it, stays as it is.
        let settled: Vec<_> = held.into_iter().filter(|p| self.oracle.has(SHARED, *p)).collect();
        let some: Vec<_> = settled.into_iter().filter(|_| self.faults.chance(500)).collect();
        (!some.is_empty()).then_some(some)
    }

    /// The mind gives up what was asked back.
    pub(crate) fn give_back(&mut self, channel: ChannelId, partitions: &[Partition]) {
        let now = self.clock.now();
        for partition in partitions {
            let logs = &self.logs;
            if self.oracle.gives_up(now, (channel, *partition), |at| progress_of(logs, at)) {
                self.coverage.count("fault revoked partition overdue");
            }
        }
        self.give_away(channel, partitions);
    }

    /// The partitions are another runtime's, and come back some time.
    pub(crate) fn give_away(&mut self, channel: ChannelId, partitions: &[Partition]) {
        let Some(log) = self.logs.get_mut(&channel) else { return };
        for partition in partitions {
            let shelf = log.shelf(*partition);
            shelf.held = None;
            shelf.waiting.clear();
        }
        let logs = &self.logs;
        self.oracle.gave_up(channel, partitions, |at| progress_of(logs, at));
        let wait = self.faults.between(MILLI, 3_000 * MILLI);
        self.clock.after(wait, Happening::Assign(channel));
    }

    fn locate(&self, channel: ChannelId, partition: Partition, start: Start) -> Option<Offset> {
        let shelf = self.logs.get(&channel)?.shelves.get(partition.0 as usize)?;
        match start {
            Start::Beginning => Some(shelf.begin()),
            Start::Tail | Start::Offset(_) | Start::Time(_) => None,
        }
    }

    pub(crate) fn close(&mut self, channel: ChannelId) {
        let logs = &self.logs;
        self.oracle.let_go(channel, |at| progress_of(logs, at));
        if let Some(log) = self.logs.get_mut(&channel) {
            log.close();
        }
        // An answer to the open is not on its way any more, either.
        self.clock
            .take_out(|h| matches!(h, Happening::News(Input::Opened { channel: c, .. }) if *c == channel));
    }

    fn read(&mut self, read: Read) {
        let Some(log) = self.logs.get_mut(&read.channel) else { return };
        let shelf = log.shelf(read.partition);
        if shelf.held != Some(read.epoch) {
            return;
        }
        match shelf.read(self.clock.now(), &read, &mut self.speed) {
            Some(batch) => {
                let wait = self.speed.between(5, 3_000);
                let Read { channel, partition, epoch, from, .. } = read;
                let records = Input::Records { channel, partition, epoch, from, batch };
                self.clock.after(wait, Happening::News(records));
            }
            None => {
                shelf.waiting.push(read);
                let waiting = shelf.waiting.len();
                self.oracle.expect(waiting <= 1, || {
                    format!(
                        "{waiting} reads wait at the end of partition {} of channel {}",
                        read.partition, read.channel
                    )
                });
            }
        }
    }

    /// What the mind asks to be stored.
    fn append(&mut self, channel: ChannelId, event: &Event, origin: Option<Origin>) -> Stored {
        if self.faults.chance(self.weather.append_never) {
            self.coverage.count("fault append never");
            return Stored::Never("too large".into());
        }
        if self.faults.chance(self.weather.append_fails) {
            self.coverage.count("fault append fails");
            if self.bug == Some(Bug::MarkOfTheUnstored) {
                self.marks.extend(origin.map(|origin| (origin, (channel, Partition(0), Offset(0)))));
            }
            return Stored::NotNow;
        }
        let at = self.store(channel, event);
        self.marks.extend(origin.zip(at));
        if self.faults.chance(self.weather.append_ack_lost) {
            self.coverage.count("fault append ack lost");
            return Stored::NotNow;
        }
        Stored::Yes
    }

    /// Stores an event in one of the partitions, and wakes who waits for it.
    pub(crate) fn store(&mut self, channel: ChannelId, event: &Event) -> Option<At> {
        let gap = if self.faults.chance(self.weather.gap) { self.faults.between(1, 3) } else { 0 };
        let log = self.logs.get_mut(&channel)?;
        let number = self.load.index(log.shelves.len());
        let partition = Partition(u32::try_from(number).expect("few partitions"));
        if gap > 0 {
            self.coverage.count("fault gap");
        }
        let shelf = &mut log.shelves[number];
        let now = self.clock.now();
        let (at, stamped) = shelf.append(channel, partition, (now, gap), event);
        let waiting = std::mem::take(&mut shelf.waiting);
        self.oracle.truth.stored(now, at, &stamped, event);
        self.note(|_| format!("   stored {at:?} {stamped:?}"));
        for read in waiting {
            self.read(read);
        }
        Some(at)
    }

    fn commit(&mut self, channel: ChannelId, progress: Vec<(Partition, Progress)>) -> bool {
        if self.faults.chance(self.weather.commit_fails) {
            self.coverage.count("fault commit fails");
            return false;
        }
        let keeps = self.all.channels.iter().any(|c| c.id == channel && c.keeps);
        for (partition, progress) in progress {
            let Some(log) = self.logs.get_mut(&channel) else { return false };
            let shared = log.shared;
            let shelf = log.shelf(partition);
            // Somebody else's by now: Kafka refuses it. The dying of one life may still be heard in the next.
            if shared && shelf.held.is_none() {
                return false;
            }
            self.oracle.commits((channel, partition), shelf.stored.as_ref(), &progress, keeps);
            // What everyone has passed may be deleted at once.
            let low = progress.low();
            shelf.records.retain(|offset, _| *offset >= low);
            shelf.store(progress);
        }
        if self.faults.chance(self.weather.commit_ack_lost) {
            self.coverage.count("fault commit ack lost");
            return false;
        }
        true
    }

    /// A rule of the user's deletes the older half of a partition, whoever still needs it.
    pub(crate) fn overtake(&mut self) {
        let channels: Vec<ChannelId> = self.logs.keys().copied().collect();
        let Some(channel) = self.faults.pick(&channels) else { return };
        let Some(log) = self.logs.get_mut(&channel) else { return };
        let number = self.faults.index(log.shelves.len());
        let shelf = &mut log.shelves[number];
        let half: Vec<Offset> = shelf.records.keys().take(shelf.records.len() / 2).copied().collect();
        for offset in half {
            shelf.records.remove(&offset);
            let partition = Partition(u32::try_from(number).expect("few partitions"));
            self.oracle.truth.gone((channel, partition, offset));
        }
        self.coverage.count("fault retention");
    }

    /// The machine lost power: the end of a log may be gone, or the last commit, each by itself.
    pub(crate) fn lose_power(&mut self) {
        if !self.faults.chance(self.weather.power_cut) {
            return;
        }
        let channels: Vec<ChannelId> = self.logs.keys().copied().collect();
        for channel in channels {
            if self.faults.chance(300) {
                self.cut_log(channel);
            }
            if self.faults.chance(300) {
                self.coverage.count("fault cursor lost");
                self.logs.get_mut(&channel).into_iter().flat_map(|l| &mut l.shelves).for_each(|shelf| {
                    if let Some(before) = shelf.stored_before.take() {
                        shelf.stored = Some(before);
                    }
                });
            }
        }
    }

    fn cut_log(&mut self, channel: ChannelId) {
        self.coverage.count("fault power cut");
        let Some(log) = self.logs.get_mut(&channel) else { return };
        for (number, shelf) in log.shelves.iter_mut().enumerate() {
            let lost = self.faults.index(4);
            let cut: Vec<Offset> = shelf.records.keys().rev().take(lost).copied().collect();
            for offset in cut {
                shelf.records.remove(&offset);
                let partition = Partition(u32::try_from(number).expect("few partitions"));
                let at: At = (channel, partition, offset);
                self.oracle.truth.gone(at);
                // An offset that nothing stored speaks of was never seen, and is used for the next record.
                let end = shelf.records.last_key_value().map_or(Offset(0), |(last, _)| last.next());
                shelf.next =
                    if self.bug == Some(Bug::OffsetsReused) { end } else { end.max(shelf.spoken_of()) };
            }
        }
    }
}

/// How long the next event takes to come, at most.
pub(crate) const BETWEEN_EVENTS: u64 = 2_000 * MILLI;
