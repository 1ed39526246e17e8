//! `[sequence.NAME]` and `[parallel.NAME]`: destinations one after the other, and side by side.

use activator::filter::Filter;
use activator::topology::Order;

use crate::config::source::At;
use crate::config::value::Value;

use super::begin;
use super::channel::Channel;
use super::delivery::Delivery;
use super::destination::Destination;
use super::filter;

#[derive(Debug)]
pub(in crate::config) struct Sequence {
    /// What the channel before each step is.
    pub(in crate::config) channel: Channel,
    pub(in crate::config) steps: Vec<Step>,
    /// Where replies of the last step go.
    pub(in crate::config) reply: Option<At<Destination>>,
    pub(in crate::config) order: Order,
}

#[derive(Debug)]
pub(in crate::config) struct Step {
    pub(in crate::config) to: At<Destination>,
    pub(in crate::config) delivery: Option<Delivery>,
}

#[derive(Debug)]
pub(in crate::config) struct Parallel {
    /// What the channel before the branches is.
    pub(in crate::config) channel: Channel,
    pub(in crate::config) branches: Vec<Branch>,
    /// Where replies of those branches go that say nothing themselves.
    pub(in crate::config) reply: Option<At<Destination>>,
    pub(in crate::config) order: Order,
}

#[derive(Debug)]
pub(in crate::config) struct Branch {
    pub(in crate::config) to: At<Destination>,
    pub(in crate::config) filter: Filter,
    pub(in crate::config) reply: Option<At<Destination>>,
    pub(in crate::config) delivery: Option<Delivery>,
}

const STEP_HELP: &str = "say where the step is done, such as to = \"fn/NAME\"";
const BRANCH_HELP: &str = "say where the branch leads, such as to = \"fn/NAME\"";

impl Sequence {
    pub(in crate::config) const KEYS: &[&str] =
        &["steps", "reply", "ordering", "class", "partitions", "sync", "retention", "kafka", "delivery"];

    pub(super) fn read(value: &Value<'_>, section: &str) -> Option<Self> {
        let table = value.table(section, Self::KEYS)?;
        let channel = Channel::read_from(&table, section);
        if let (Some(topic), Some(kafka)) = (&channel.kafka.topic, table.get("kafka")) {
            let called = format!("`topic` in {}", kafka.section_inside());
            let help = "leave it out: each step has a topic of its own";
            kafka.problems().bad_value::<()>(&topic.place, &called, "left to hydrant", "one for all", help);
        }
        let reply = table.get("reply").and_then(|v| Destination::read_reply(&v));
        let steps = table.need("steps", "name the steps, such as steps = [\"fn/a\", \"fn/b\"]");
        let steps = steps.map(|v| steps_of(&v, reply.is_some())).unwrap_or_default();
        let order = table.get("ordering").and_then(|v| begin::order(&v)).unwrap_or_default();
        Some(Self { channel, steps, reply, order })
    }
}

fn steps_of(value: &Value<'_>, replies: bool) -> Vec<Step> {
    let items = value.items();
    if items.is_empty() {
        value.refuse::<()>("at least one step", "empty", "name the steps, such as [\"fn/a\", \"fn/b\"]");
    }
    let step = |(index, item): (usize, &Value<'_>)| {
        let step = Step::read(item)?;
        let goes_on = replies || index + 1 < items.len();
        if goes_on && step.to.value.is_silent() {
            let help = "only the last step may be one, of a sequence without `reply`";
            let (place, called) = (&step.to.place, item.called());
            let wanted = "functions and URLs, whose answers go on";
            return item.problems().bad_value(
                place,
                &called,
                wanted,
                "a channel, which answers nothing",
                help,
            );
        }
        Some(step)
    };
    items.iter().enumerate().filter_map(step).collect()
}

impl Step {
    pub(in crate::config) const KEYS: &[&str] = &["to", "delivery"];

    /// A text is where to, and nothing more.
    fn read(value: &Value<'_>) -> Option<Self> {
        if !value.is_table() {
            return Some(Self { to: Destination::read(value)?, delivery: None });
        }
        let table = value.table(&value.section_inside(), Self::KEYS)?;
        let delivery = table.get("delivery").and_then(|v| Delivery::read(&v));
        let to = table.need("to", STEP_HELP).and_then(|v| Destination::read(&v))?;
        Some(Self { to, delivery })
    }
}

impl Parallel {
    pub(in crate::config) const KEYS: &[&str] =
        &["branches", "reply", "ordering", "class", "partitions", "sync", "retention", "kafka", "delivery"];

    pub(super) fn read(value: &Value<'_>, section: &str) -> Option<Self> {
        let table = value.table(section, Self::KEYS)?;
        let branches = table.need("branches", "name the branches, such as branches = [{ to = \"fn/a\" }]");
        Some(Self {
            channel: Channel::read_from(&table, section),
            branches: branches.map(|v| branches_of(&v)).unwrap_or_default(),
            reply: table.get("reply").and_then(|v| Destination::read_reply(&v)),
            order: table.get("ordering").and_then(|v| begin::order(&v)).unwrap_or_default(),
        })
    }
}

fn branches_of(value: &Value<'_>) -> Vec<Branch> {
    let items = value.items();
    if items.is_empty() {
        value.refuse::<()>("at least one branch", "empty", "name the branches, such as [{ to = \"fn/a\" }]");
    }
    items.iter().filter_map(Branch::read).collect()
}

impl Branch {
    pub(in crate::config) const KEYS: &[&str] = &["to", "filter", "filters", "reply", "delivery"];

    fn read(value: &Value<'_>) -> Option<Self> {
        let table = value.table(&value.section_inside(), Self::KEYS)?;
        let delivery = table.get("delivery").and_then(|v| Delivery::read(&v));
        let (filter, reply) = (filter::read(&table), table.get("reply"));
        let to = table.need("to", BRANCH_HELP).and_then(|v| Destination::read(&v))?;
        if let Some(reply) = reply.as_ref().filter(|_| to.value.is_silent()) {
            let help = "leave out `reply`, or lead the branch to a function or URL";
            return reply.refuse(
                "that of a function or URL",
                "that of a channel, which answers nothing",
                help,
            );
        }
        Some(Self { to, filter, reply: reply.and_then(|v| Destination::read_reply(&v)), delivery })
    }
}
