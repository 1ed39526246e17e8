//! A person's end of stdin and stdout: whether anybody still reads, how large a terminal is, and its keys one by one.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, Once, PoisonError};

use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::sys;

/// Completes when nobody reads stdout any more; never where it is a file.
pub(crate) async fn reader_gone() {
    let stdout = io::stdout().as_fd().try_clone_to_owned();
    match stdout.and_then(|stdout| sys::watch_for(stdout, Interest::ERROR)) {
        Ok(stdout) => drop(stdout.ready(Interest::ERROR).await),
        Err(_) => std::future::pending().await,
    }
}

/// Columns and rows of the terminal on stdout; nothing where it is none, or does not say.
pub(crate) fn terminal_size() -> Option<(usize, usize)> {
    let stdout = io::stdout();
    let (columns, rows) = stdout.is_terminal().then(|| sys::window_size(stdout.as_fd()))??;
    (columns > 0 && rows > 0).then_some((columns.into(), rows.into()))
}

/// Whether a person sits at both ends, and this program is in the foreground: another one would be stopped if it touched the
/// terminal.
pub(crate) fn has_terminal() -> bool {
    let foreground = nix::unistd::tcgetpgrp(io::stdin());
    io::stdout().is_terminal() && foreground == Ok(nix::unistd::getpgrp())
}

/// How the terminal was before its keys were ours.
static BEFORE: Mutex<Option<(OwnedFd, Termios)>> = Mutex::new(None);

/// A panic may end the program without dropping anything.
fn restore_on_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let then = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if let Some((terminal, before)) = &*BEFORE.lock().unwrap_or_else(PoisonError::into_inner) {
                let _ = tcsetattr(terminal, SetArg::TCSANOW, before);
            }
            then(panic);
        }));
    });
}

/// The keys of the terminal on stdin as they are pressed, and not shown. When it is dropped, all is as it was.
pub(crate) struct Keys {
    stdin: AsyncFd<OwnedFd>,
    before: Termios,
}

impl Keys {
    /// # Errors
    /// When stdin is no terminal.
    pub(crate) fn open() -> io::Result<Self> {
        Self::of(io::stdin().as_fd().try_clone_to_owned()?)
    }

    fn of(stdin: OwnedFd) -> io::Result<Self> {
        let before = tcgetattr(&stdin)?;
        let mut single = before.clone();
        // Ctrl-C stays what it is.
        single.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
        // But for being stopped, with the terminal as it is now.
        single.control_chars[SpecialCharacterIndices::VSUSP as usize] = 0;
        single.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        single.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        let stdin = sys::watch_for(stdin, Interest::READABLE)?;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((stdin.get_ref().try_clone()?, before.clone()));
        restore_on_panic();
        tcsetattr(&stdin, SetArg::TCSANOW, &single)?;
        Ok(Self { stdin, before })
    }

    /// What was pressed next; nothing when there is no terminal any more.
    pub(crate) async fn next(&self) -> Option<Vec<u8>> {
        let mut ready = self.stdin.readable().await.ok()?;
        let mut pressed = [0; 64];
        let read = nix::unistd::read(self.stdin.get_ref(), &mut pressed);
        // The next read would wait for a key, and so keep everything else waiting.
        ready.clear_ready();
        match read {
            Ok(0) | Err(_) => None,
            Ok(number) => Some(pressed[..number].to_vec()),
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(self.stdin.get_ref(), SetArg::TCSANOW, &self.before);
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use nix::pty::openpty;

    use super::*;

    #[tokio::test]
    async fn a_panic_gives_the_terminal_back_though_nothing_is_dropped() {
        let pty = openpty(None, None).unwrap();
        let before = tcgetattr(&pty.slave).unwrap();
        // In a release a panic ends the program where it is.
        std::mem::forget(Keys::of(pty.slave.try_clone().unwrap()).unwrap());
        assert_ne!(tcgetattr(&pty.slave).unwrap(), before);
        std::thread::spawn(|| panic!("on purpose")).join().unwrap_err();
        assert_eq!(tcgetattr(&pty.slave).unwrap(), before);
    }
}
