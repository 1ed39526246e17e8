//! What sources have in common that store their events here: where those go, and what each of them bears.

use crate::config::raw::delivery::Delivery;
use crate::config::raw::destination::Destination;
use crate::config::source::{At, Place};
use crate::config::table::Table;
use crate::config::value::Value;

use super::{TO_HELP, extensions};

#[derive(Debug)]
pub(in crate::config) struct Outlet {
    /// Attributes that every event gets.
    pub(in crate::config) extensions: Vec<(String, String)>,
    pub(in crate::config) delivery: Option<Delivery>,
    /// Where `delivery` stands.
    pub(in crate::config) delivery_place: Option<Place>,
    pub(in crate::config) to: Option<At<Destination>>,
}

impl Outlet {
    pub(super) fn read(table: &Table<'_>) -> Self {
        let delivery = table.get("delivery");
        Self {
            extensions: table.get("extensions").map(|v| extensions(&v)).unwrap_or_default(),
            delivery_place: delivery.as_ref().map(Value::place),
            delivery: delivery.and_then(|v| Delivery::read(&v)),
            to: table.need("to", TO_HELP).and_then(|v| Destination::read(&v)),
        }
    }

    /// Whether its events need a channel of their own: where they go is none.
    pub(in crate::config) fn has_channel(&self) -> bool {
        self.to.as_ref().is_some_and(|to| to.value.channel().is_none())
    }
}
