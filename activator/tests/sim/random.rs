//! Randomness: splitmix64, one stream per source, so that a draw more in one place leaves the others as they were.

#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of this name in the world of this seed.
    pub(crate) fn stream(seed: u64, name: &str) -> Self {
        let mut random =
            Self(name.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)));
        random.draw();
        random
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `from` to `to`, both included.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.draw() % (to - from + 1)
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.draw() % len.max(1) as u64).expect("smaller than a length")
    }

    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.draw() % 1000 < per_mille
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.index(from.len())]) }
    }
}

/// Of the FNV hash.
const PRIME: u64 = 0x0100_0000_01b3;
