//! Many generated inputs for one body: every case has a seed of its own, and what was reached is counted.

use std::collections::BTreeMap;
use std::env;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::bodies::{Body, Note};
use crate::random::Random;

/// How often each word was noted, and `cases`.
pub(crate) type Seen = BTreeMap<&'static str, u64>;

/// Fewer prove nothing either way.
const COUNTED_FROM: u64 = 1000;

/// The seeds a test runs.
pub(crate) struct Cases {
    generator: &'static str,
    folder: &'static str,
    first: u64,
    count: u64,
}

impl Cases {
    /// So many per cent of all cases, for a body that has this folder of the corpus.
    pub(crate) fn of(folder: &'static str, per_cent: u64) -> Self {
        let all = number("HYDRANT_FUZZ_CASES").unwrap_or(crate::CASES);
        let first = number("HYDRANT_FUZZ_SEED").unwrap_or(0);
        Self { generator: folder, folder, first, count: (all * per_cent / 100).max(1) }
    }

    /// Of another generator for the same body.
    pub(crate) fn by(self, generator: &'static str) -> Self {
        Self { generator, ..self }
    }

    /// Generates an input of each seed and feeds it to a body.
    pub(crate) fn feed(&self, generate: impl Fn(&mut Random) -> Vec<u8>, body: Body) -> Seen {
        self.hold(generate, |input, note| body(input, note))
    }

    /// As [`feed`](Self::feed), where more is known of the input than its bytes.
    pub(crate) fn hold<I: AsRef<[u8]>>(
        &self,
        generate: impl Fn(&mut Random) -> I,
        check: impl Fn(&I, Note<'_>),
    ) -> Seen {
        let mut seen = Seen::new();
        for seed in self.first..self.first + self.count {
            let input = generate(&mut Random::stream(seed, self.generator));
            let mut note = |word| *seen.entry(word).or_default() += 1;
            if !held(|| check(&input, &mut note)) {
                self.fail(seed, input.as_ref());
            }
        }
        seen.insert("cases", self.count);
        say(&format!("{}: {seen:?}", self.generator));
        seen
    }

    fn fail(&self, seed: u64, input: &[u8]) -> ! {
        let Self { generator, folder, .. } = self;
        say(&format!("HYDRANT_FUZZ_SEED={seed} HYDRANT_FUZZ_CASES=1 replays it; for the corpus:"));
        say(&format!("printf %b '{}' > tests/fuzz/corpus/{folder}/TELLING_NAME", octal(input)));
        panic!("{generator} {seed} does not hold: {}", input.escape_ascii());
    }
}

/// Whether nothing panicked; what did has been printed.
pub(crate) fn held(run: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(run)).is_ok()
}

/// Asserts that so many per cent of the cases got so far.
pub(crate) fn at_least(seen: &Seen, shares: &[(&str, u64)]) {
    let cases = seen["cases"];
    for (word, per_cent) in shares.iter().filter(|_| cases >= COUNTED_FROM) {
        let found = seen.get(word).copied().unwrap_or_default();
        assert!(found * 100 >= per_cent * cases, "too few `{word}`: {seen:?} proves little");
    }
}

/// Also from a test that passes: what was not reached is worth knowing.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("somebody listens");
}

/// As `printf %b` reads it in every shell: all but plain letters as octal.
fn octal(input: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'\'') || *byte == b' ';
    input.iter().map(|b| if plain(b) { char::from(*b).to_string() } else { format!("\\0{b:03o}") }).collect()
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().expect("a number"))
}
