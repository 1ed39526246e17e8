//! A process that ends, or never begins: everything it was given is answered, once and truly.

use super::*;

#[tokio::test]
async fn a_process_that_dies_of_an_event_has_taken_it() {
    // On a kept connection, where an end of the process looks like an end of the connection alone.
    let dies = Function::server(
        "caller, _ = door.accept()\nread(caller); caller.sendall(OK)\nread(caller); os._exit(1)\n",
    );
    for _ in 0..10 {
        let mut process = dies.start();
        process.give(1, event(""));
        process.answered(1).await;
        process.give(2, event(""));
        let outcome = process.outcome().await;
        assert!(matches!(outcome, (2, Outcome::Lost(_))), "{outcome:?}");
        assert_eq!(process.exited().await, "exit 1");
    }
}

#[tokio::test]
async fn what_a_dead_process_never_accepted_was_not_taken() {
    let one = Function::server(
        "caller, _ = door.accept()\nread(caller)\nselect.select([door], [], [])\nos._exit(1)\n",
    );
    let mut process = one.start();
    process.give(1, event(""));
    process.give(2, event(""));
    let mut outcomes = [process.outcome().await, process.outcome().await];
    outcomes.sort_by_key(|(slot, _)| *slot);
    let taken = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Lost(_))).count();
    let not_taken = outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::NotTaken).count();
    assert_eq!((taken, not_taken), (1, 1), "{outcomes:?}");
    process.exited().await;
}

#[tokio::test]
async fn a_call_that_a_dead_process_never_accepted_is_given_back_whole() {
    let one = Function::server(
        "caller, _ = door.accept()\nread(caller)\nselect.select([door], [], [])\nos._exit(1)\n",
    );
    let mut process = one.start();
    let callers = [process.call(1, Method::POST, "one"), process.call(2, Method::POST, "two")];
    let (mut lost, mut returned) = (0, 0);
    for _ in 0..2 {
        match process.says().await {
            Said::Outcome(_, Outcome::Lost(_)) => lost += 1,
            Said::Returned(delivery, call) => {
                assert!([1, 2].contains(&delivery.slot));
                assert!(matches!(call.body, CallerBody::Whole(_)));
                returned += 1;
            }
            said => panic!("{said:?}"),
        }
    }
    assert_eq!((lost, returned), (1, 1));
    process.exited().await;
    drop(callers);
}

#[tokio::test]
async fn a_call_whose_process_cannot_start_is_given_back() {
    let function =
        Function::server("while True:\n  caller, _ = door.accept()\n  read(caller); caller.sendall(OK)\n");
    let mut process = function.start();
    process.give(1, event(""));
    process.answered(1).await;
    process.kill().await;
    // From now on requests are written before the start.
    function.write("#!/no/such/interpreter\n");
    let mut process = function.start();
    let mut caller = process.call(1, Method::POST, "one");
    assert!(matches!(process.says().await, Said::Returned(..)));
    assert!(caller.try_recv().is_err(), "the caller still waits");
    assert!(matches!(process.says().await, Said::Exited(_)));
}

#[tokio::test]
async fn no_outcome_is_lost_while_the_driver_is_busy() {
    let function = Function::server(
        "import threading\ndef serve(caller):\n  while read(caller): caller.sendall(OK)\n\
         while True: threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()\n",
    );
    let mut process = function.start_heard(1);
    let mut told = std::collections::BTreeSet::new();
    for round in 0..40 {
        // Its news have no room by now, and new orders come while it waits for some.
        process.give(2 * round, event(""));
        tokio::time::sleep(Duration::from_millis(5)).await;
        process.give(2 * round + 1, event(""));
        tokio::time::sleep(Duration::from_millis(1)).await;
        let (slot, _) = process.outcome().await;
        assert!(told.insert(slot));
    }
    for _ in 0..40 {
        let (slot, _) = process.outcome().await;
        assert!(told.insert(slot));
    }
    process.kill().await;
}

#[tokio::test]
async fn who_ignores_the_request_to_end_is_killed_after_its_grace() {
    let deaf = Function::server(
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n\
         while True:\n  caller, _ = door.accept()\n  read(caller); caller.sendall(OK)\n",
    );
    let mut process = deaf.start();
    process.give(1, event(""));
    process.answered(1).await;
    process.tell(Order::Terminate);
    assert_eq!(process.exited().await, "signal 9 (SIGKILL)");
}

#[tokio::test]
async fn a_start_that_takes_too_long_says_where_it_listens_instead() {
    let elsewhere = Function::server("other = socket.create_server(('127.0.0.1', 0))\ntime.sleep(60)\n");
    let mut process = elsewhere.start();
    process.give(1, event(""));
    // The port is looked up the moment the order comes.
    tokio::time::sleep(Duration::from_secs(1)).await;
    process.tell(Order::Kill);
    assert_eq!(process.outcome().await, (1, Outcome::NotTaken));
    let reason = process.exited().await;
    assert!(reason.starts_with("it listens on 127.0.0.1:"), "{reason}");
}
