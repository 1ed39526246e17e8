//! What is wrong with `history` in `[runtime]`.

use super::bad::{DURATIONS, check};

#[test]
fn bounds_of_the_history_that_are_none() {
    check(
        "[runtime]\nhistory = { bytes = \"9kB\" }\n",
        "H005",
        (2, 21),
        "`bytes` in [runtime] history must be at least 1MiB",
        "`events = 0` keeps nothing on disk",
    );
    check(
        "[runtime]\nhistory = { age = \"0s\" }\n",
        "H005",
        (2, 19),
        "`age` in [runtime] history must be longer than nothing",
        DURATIONS,
    );
    check(
        "[runtime]\nhistory = { events = 10_000_001 }\n",
        "H005",
        (2, 22),
        "`events` in [runtime] history must be a whole number from 0 to 10000000",
        "choose one in range",
    );
    check(
        "[runtime]\nhistory = { count = 1 }\n",
        "H004",
        (2, 13),
        "unknown key `count` in [runtime] history",
        "known here: events, age, bytes",
    );
    check(
        "[runtime]\nstate = \"memory\"\nhistory = { events = 5 }\n",
        "H060",
        (3, 11),
        "`history` in [runtime] has no effect with `state = \"memory\"`",
        "it is what is kept in the state folder",
    );
}
