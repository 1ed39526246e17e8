//! placeholder
/// a
pub struct Activator;
/// a
pub struct Limits;
/// a
pub struct State;
