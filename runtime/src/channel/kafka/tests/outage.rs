//! A broker that is killed and comes back.

use super::*;

pub(super) async fn nothing_is_lost_when_the_broker_is_killed(node: &KafkaNode) {
    let spec = spec(node, "killed", 1);
    let (kafka, _) = open(&spec).await;
    let appending = tokio::spawn({
        let kafka = kafka.clone();
        async move {
            let mut acknowledged = Vec::new();
            let mut refused = 0;
            for i in 0..2_000 {
                match kafka.append(event(&i.to_string(), "")).await {
                    Ok(_) => acknowledged.push(i.to_string()),
                    Err(AppendError::Unavailable(_)) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
                // At once when the broker is there, and often enough while it is away.
                tokio::time::sleep(Duration::from_millis(5)).await;
                if acknowledged.len() > 500 {
                    break;
                }
            }
            (acknowledged, refused)
        }
    });
    let reading = tokio::spawn({
        let kafka = kafka.clone();
        async move {
            let mut from = Offset(0);
            let mut seen = Vec::<String>::new();
            loop {
                // The caller's rule: say so and try again.
                let Ok(batch) = kafka.read(Partition(0), from, 100, 1 << 20).await else {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                seen.extend(ids(&batch));
                from = batch.next;
                if seen.iter().any(|id| id == "last") {
                    return seen;
                }
            }
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    tokio::task::block_in_place(|| node.kill9());
    let refused = kafka.commit(vec![(Partition(0), at(0))]).await;
    assert!(refused.is_err(), "committed to nobody");
    tokio::task::block_in_place(|| node.start());
    let (acknowledged, refused) = appending.await.unwrap();
    while kafka.append(event("last", "")).await.is_err() {}
    let seen = tokio::time::timeout(PATIENCE, reading).await.expect("it goes on").unwrap();
    for id in &acknowledged {
        assert!(seen.contains(id), "{id} was acknowledged and is lost ({refused} were refused)");
    }
    tokio::time::timeout(PATIENCE, async {
        while kafka.commit(vec![(Partition(0), at(3))]).await.is_err() {}
    })
    .await
    .expect("commits work again");
    let (_kafka, opened) = open(&spec).await;
    assert_eq!(opened[0].committed, Some(at(3)));
}
