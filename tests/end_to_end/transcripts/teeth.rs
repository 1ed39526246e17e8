//! Pages that are wrong, each in its way: all of them are found.

use std::path::Path;

use libtest_mimic::Trial;

use super::play::{Count, play};
use crate::support::group;

pub(super) fn trials() -> Vec<Trial> {
    group(
        "transcripts",
        &[
            ("a_page_that_differs_is_told_with_its_line_and_both", what_differs),
            ("a_page_may_differ_in_what_varies", what_varies),
            ("a_page_runs_what_is_typed_or_says_why_not", what_is_typed),
            ("a_page_is_one_shell_after_the_other", shells_go_on),
        ],
    )
}

fn played(text: &str) -> Result<Count, String> {
    play("x.md", text, Path::new("."))
}

#[track_caller]
fn refused(text: &str, wanted: &str) {
    let error = played(text).unwrap_err();
    assert!(error.starts_with(wanted), "{error}");
}

fn what_differs() {
    refused("# A\n\n    $ echo one\n    two\n", "x.md:4\n  shown | two\n  came  | one\n");
    refused("    $ echo one\n", "x.md:1\n  shown nothing more\n  came  | one\n");
    refused("    $ echo one\n    one\n    two\n", "x.md:3\n  shown | two\n  came  nothing more\n");
    refused("```\n$ printf 'a\\nb\\n'\n...\nc\n```\n", "x.md:4\n  shown | c\n");
    refused("    $ false\n", "x.md:1: exit status: 1, and not a word");
    refused("<!-- run: false -->\n", "x.md:1: exit status: 1 of false");
    refused("<!-- said by what runs -->\n\n    hello\n", "x.md:3: nothing runs that could say this");
    refused("<!-- run: hydrant -->\n", "x.md:1: it does not run");
    refused("    hello\n    $ true\n", "x.md:1: a block with `$` begins with one");
}

fn what_varies() {
    let came = "2026-11-26T20:00:16.955258Z  r1 (12635f1e)   7.7/7.9 ms at http://127.0.0.1:41231";
    let shown = "2026-01-01T01:00:00Z r7 (00000000) 120 ms at http://127.0.0.1:8080";
    assert_eq!(played(&format!("    $ echo '{came}'\n    {shown}\n")), Ok(Count { run: 1, left: 0 }));
    refused("    $ echo 7 pears\n    8 pears\n", "x.md:2");
    let more = "    $ printf 'a b\\nc\\nd\\n'\n    a ...\n    ...\n    d\n";
    assert_eq!(played(more), Ok(Count { run: 1, left: 0 }));
}

fn what_is_typed() {
    refused("A\n\n    hydrant ps\n", "x.md:3: somebody is to type this");
    refused("```\ncargo run\n```\n", "x.md:2: somebody is to type this");
    refused("<!-- not run: -->\n\n    $ false\n", "x.md:1: this mark says nothing");
    refused("<!-- skip -->\n\n    $ false\n", "x.md:1: no such mark");
    refused("<!-- not run: a reason -->\n", "x.md:1: no block follows");
    let marked = "<!-- not run: it fails -->\n\n    $ false\n    $ false\n\nB\n\n    $ true\n";
    assert_eq!(played(marked), Ok(Count { run: 1, left: 2 }));
}

fn shells_go_on() {
    let page = "<!-- write: a/b -->\n```\nhello\n```\n\n    $ cd a && pwd\n    /home/ada/shop/a\n    $ cat b\n    hello\n\
                \x20   $ cat \\\n      none 2>/dev/null || exit 7\n    $ echo $?\n    7\n";
    let page =
        page.replace("    $ cat \\\n      none 2>/dev/null || exit 7\n", "    $ (echo no; exit 7)\n    no\n");
    assert_eq!(played(&page), Ok(Count { run: 4, left: 0 }));
}
