//! The one timer of all sources. It follows the wall clock: it rings at a time of day though the machine slept or somebody
//! set the clock meanwhile, and at once when the clock is set, so that nobody has to look now and then.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use jiff::Timestamp;
use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::process::watch_for;

pub(super) struct Timer {
    timer: TimerFd,
    /// The same once more, for whoever waits.
    waiting: AsyncFd<OwnedFd>,
}

impl Timer {
    pub(super) fn new() -> io::Result<Self> {
        let timer =
            TimerFd::new(ClockId::CLOCK_REALTIME, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        let waiting = watch_for(timer.as_fd().try_clone_to_owned()?, Interest::READABLE)?;
        Ok(Self { timer, waiting })
    }

    /// Makes it ring at this time, or when the clock is set before; nothing = not at all. False where the clock was set
    /// just now: then it is not known whether the time is still the right one.
    pub(super) fn set(&self, at: Option<Timestamp>) -> io::Result<bool> {
        let Some(at) = at else { return Ok(self.timer.unset().map(|()| true)?) };
        let flags = TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET;
        // A zero would mean none.
        let at = TimeSpec::new(at.as_second().max(1), at.subsec_nanosecond().into());
        match self.timer.set(Expiration::OneShot(at), flags) {
            Ok(()) => Ok(true),
            Err(Errno::ECANCELED) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until it rings.
    pub(super) async fn ring(&self) -> io::Result<()> {
        loop {
            let mut ready = self.waiting.readable().await?;
            // That the clock was set is a ring as well.
            match ready.try_io(|_| Ok(self.timer.wait()?)) {
                Ok(rung) => return rung,
                Err(_would_block) => {}
            }
        }
    }
}
