//! How many instances: pure arithmetic on what is under way and what waits.

/// The instances a function wants for `outstanding` deliveries (in flight and queued), `concurrency` at a time
/// each, never more than `max`.
pub const fn wanted(outstanding: usize, concurrency: u32, max: u32) -> u32 {
    let needed = outstanding.div_ceil(if concurrency == 0 { 1 } else { concurrency as usize });
    if needed > max as usize { max } else { needed as u32 }
}

#[cfg(test)]
mod tests {
    use super::wanted;

    #[test]
    fn instances_follow_the_work_up_to_the_maximum() {
        assert_eq!(wanted(0, 100, 10), 0);
        assert_eq!(wanted(1, 100, 10), 1);
        assert_eq!(wanted(100, 100, 10), 1);
        assert_eq!(wanted(101, 100, 10), 2);
        assert_eq!(wanted(usize::MAX, 1, 10), 10);
    }
}
