//! The floor of a cold call seen from its client: a thread that accepts, spawns, passes on, and passes back.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread::JoinHandle;

use super::super::cold::floor::Started;

/// One that serves one connection.
pub(super) struct Relay {
    pub(super) address: SocketAddr,
    thread: JoinHandle<anyhow::Result<Started>>,
}

impl Relay {
    pub(super) fn start(program: &Path) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let program = program.to_owned();
        let thread = std::thread::spawn(move || pass_on(&listener, &program));
        Ok(Self { address, thread })
    }

    /// Ends what it started.
    pub(super) fn end(self) -> anyhow::Result<()> {
        let started = self.thread.join().map_err(|_| anyhow::anyhow!("the relay broke"))?;
        started.map(drop)
    }
}

/// The whole request and the whole answer fit into one read each: the bench's own are small.
fn pass_on(listener: &TcpListener, program: &Path) -> anyhow::Result<Started> {
    let (mut client, _) = listener.accept()?;
    client.set_nodelay(true)?;
    let mut bytes = [0; 4096];
    let length = client.read(&mut bytes)?;
    let mut started = Started::new(program, &bytes[..length])?;
    let length = started.stream.read(&mut bytes)?;
    client.write_all(&bytes[..length])?;
    Ok(started)
}
