//! The mind's pure functions under inputs that nobody thought of: the corpus of the fuzzer is replayed, and as many
//! inputs more are generated as there is time for.
//!
//! `HYDRANT_FUZZ_CASES=n` runs that many, `HYDRANT_FUZZ_SEED=n` begins at that seed: with one case it replays what
//! failed. tests/fuzz has the corpus, the fuzzer, and what to do with a failure.

mod bodies;
mod cases;
mod corpus;
mod generate;
mod long;
mod oracle;
#[path = "../sim/random.rs"]
mod random;

use bodies::{cesql, filter, message, stored};
use cases::{Cases, at_least};
use generate::{event, expression, filters, messages};

/// Cases in a plain `cargo test`; each test below has its part of them.
const CASES: u64 = 200_000;

#[test]
fn the_corpus_still_holds() {
    corpus::replay("cesql", cesql::run);
    corpus::replay("filter", filter::run);
    corpus::replay("http", message::http);
    corpus::replay("json", message::json);
    corpus::replay("kafka", message::kafka);
    corpus::replay("stored", stored::run);
}

#[test]
fn an_expression_gives_what_the_oracle_knows() {
    let seen = Cases::of("cesql", 30).by("oracle").hold(oracle::case, oracle::check);
    at_least(&seen, &[("parsed", 100), ("as foreseen", 40), ("failed as foreseen", 20), ("true", 10)]);
}

#[test]
fn every_text_is_read_or_refused() {
    let seen = Cases::of("cesql", 35).feed(expression::input, cesql::run);
    at_least(&seen, &[("parsed", 50), ("refused", 15), ("without error", 25), ("true", 10)]);
}

#[test]
fn an_index_finds_what_a_scan_finds() {
    let seen = Cases::of("filter", 5).feed(filters::input, filter::run);
    at_least(&seen, &[("parsed", 90), ("matched", 50)]);
}

#[test]
fn every_http_message_is_read_or_refused() {
    let seen = Cases::of("http", 8).feed(messages::http, message::http);
    at_least(&seen, &[("understood", 30)]);
}

#[test]
fn every_json_text_is_read_or_refused() {
    let seen = Cases::of("json", 8).feed(messages::json, message::json);
    at_least(&seen, &[("understood", 30)]);
}

#[test]
fn every_kafka_record_is_an_event() {
    let seen = Cases::of("kafka", 8).feed(messages::kafka, message::kafka);
    at_least(&seen, &[("understood", 30), ("about the record", 20)]);
}

#[test]
fn every_block_is_read_or_refused() {
    let seen = Cases::of("stored", 6).feed(event::block, stored::run);
    at_least(&seen, &[("understood", 20)]);
}
