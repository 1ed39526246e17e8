//! Many events in one request.

use super::*;

/// Answers each request once `go` is there, and notes how many events it held.
const COUNTS: &str = "def serve(caller):\n  while (head := read(caller)):\n    note(head.split()[1].decode())\n    \
                      while not os.path.exists('go'): time.sleep(0.005)\n    caller.sendall(OK)\n\
                      import threading\n\
                      while True: threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()\n";

fn function(does: &str) -> Function {
    let mut function = Function::server(does);
    function.batch = Some(Batch { events_max: 3, requests_max: 1, wait: Duration::ZERO });
    function
}

#[tokio::test]
async fn a_process_has_one_batch_at_a_time_and_calls_have_their_turn() {
    let function = function(COUNTS);
    let mut process = function.start();
    process.give(0, event(""));
    while function.noted().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for slot in 1..5 {
        process.give(slot, event(""));
    }
    let caller = process.call(5, Method::GET, "");
    std::fs::write(function.folder.path().join("go"), "").unwrap();
    for slot in 0..5 {
        process.answered(slot).await;
    }
    drop(within(caller).await.unwrap().unwrap());
    process.answered(5).await;
    assert_eq!(function.noted().len(), 4, "1, 3, 1 and the call");
    process.kill().await;
}

#[tokio::test]
async fn what_no_request_was_made_for_was_not_taken() {
    let function = function(
        "caller, _ = door.accept()\nread(caller)\nnote('read')\n\
                             while not os.path.exists('go'): time.sleep(0.005)\nos._exit(1)\n",
    );
    let mut process = function.start();
    process.give(0, event(""));
    while function.noted().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    process.give(1, event(""));
    std::fs::write(function.folder.path().join("go"), "").unwrap();
    let mut outcomes = [process.outcome().await, process.outcome().await];
    outcomes.sort_by_key(|(slot, _)| *slot);
    assert!(matches!(outcomes[0], (0, Outcome::Lost(_))), "{outcomes:?}");
    assert_eq!(outcomes[1], (1, Outcome::NotTaken));
    process.exited().await;
}
