//! The life of a place for a process that somebody else starts: while nothing waits, nothing is looked for; it ends with
//! that process, or when whoever wanted it goes.

use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpStream;

use super::handle::begin;
use super::owner::{News, Owner, Place};
use super::*;
use crate::dispatch::environment;
use crate::process::Theirs;

/// Makes the place. `upgrade` is the connection to whoever starts the process; the last that is heard of it is that it
/// exited.
pub(crate) fn attach(start: Start, upgrade: OnUpgrade) -> Handle {
    begin(start.id, start.inbox.clone(), |mut waiting| async move {
        let reason = Instance::new(start, true).live_attached(&mut waiting, upgrade).await;
        (reason, waiting)
    })
}

impl Instance {
    /// From the wish to the end. Gives how it ended, for people.
    async fn live_attached(mut self, orders: &mut mpsc::Receiver<Order>, upgrade: OnUpgrade) -> String {
        let mut exchanges = Exchanges::new();
        let reason = match (Owner::meet(upgrade).await, Door::to_attach(&self.start.learned)) {
            (Ok(owner), Ok(door)) => self.serve_attached(owner, &door, orders, &mut exchanges).await,
            (Err(reason), _) => reason,
            (_, Err(error)) => format!("no socket for it: {error}"),
        };
        self.let_go(exchanges).await;
        reason
    }

    async fn serve_attached(
        &mut self,
        mut owner: Owner,
        door: &Door,
        orders: &mut mpsc::Receiver<Order>,
        exchanges: &mut Exchanges,
    ) -> String {
        self.context.listener.set(Arc::clone(&door.listener)).ok();
        self.open(door).await;
        owner.tell(&self.place(door)).await;
        let reason = self.run_attached(&mut owner, door, orders, exchanges).await;
        self.end(exchanges).await;
        owner.tell(&News::Ended(reason.to_owned())).await;
        reason.to_owned()
    }

    /// What whoever starts it needs to know.
    fn place(&self, door: &Door) -> Place {
        let Start { name, program, .. } = &*self.start;
        let mut command = vec![program.path.display().to_string()];
        command.extend(program.terms.args.iter().cloned());
        let mut env: std::collections::BTreeMap<_, _> = environment::own(name, program).into_iter().collect();
        env.insert("PORT".to_owned(), door.port().to_string());
        Place {
            function: name.to_string(),
            revision: self.context.revision.clone(),
            port: door.port(),
            dir: program.terms.dir.clone(),
            command,
            env,
        }
    }

    async fn run_attached(
        &mut self,
        owner: &mut Owner,
        door: &Door,
        orders: &mut mpsc::Receiver<Order>,
        exchanges: &mut Exchanges,
    ) -> &'static str {
        let context = Arc::clone(&self.context);
        let opened = door.opened(&context);
        tokio::pin!(opened);
        let mut process: Option<Theirs> = None;
        loop {
            let is_looked_for = self.context.accepted.borrow().is_none() && !self.in_flight.is_empty();
            tokio::select! {
                biased;
                why = owner.gone(&door.listener) => return why,
                () = ended(process.as_ref()) => match still_at(door.port()).await {
                    Some(other) => process = Some(other),
                    None => return "its process ended",
                },
                order = orders.recv() => match order {
                    Some(Order::Deliver(job)) => self.deliver(job, exchanges),
                    Some(Order::Pause | Order::Resume) => {}
                    Some(Order::Terminate | Order::Kill) | None => return "the runtime took its place back",
                },
                found = &mut opened, if is_looked_for => {
                    self.accepted(found, door).await;
                    if !owner.is_process() {
                        process = Theirs::at(address(door.port())).await;
                    }
                    owner.tell(&News::Ready).await;
                }
                () = std::future::ready(()), if self.is_batch_due(exchanges) => self.send_batch(exchanges),
                Some(done) = exchanges.next(), if !exchanges.is_empty() => self.report(done).await,
                () = self.lost.waited() => self.tell_lost(None).await,
            }
        }
    }
}

async fn ended(process: Option<&Theirs>) {
    match process {
        Some(process) => process.ended().await,
        None => pending().await,
    }
}

/// Another process that took over the port: a server may be several.
async fn still_at(port: u16) -> Option<Theirs> {
    TcpStream::connect(address(port)).await.ok()?;
    Theirs::at(address(port)).await
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
