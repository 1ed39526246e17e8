//! A small web server inside the test: it answers whatever it is told to show, and keeps what it was asked.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    status: u16,
    headers: String,
    body: String,
}

impl Page {
    pub(crate) fn of(body: &str) -> Self {
        Self { status: 200, headers: String::new(), body: body.to_owned() }
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    fn text(&self) -> String {
        let Self { status, headers, body } = self;
        let body = if *status == 304 { "" } else { body };
        format!(
            "HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    }
}

/// Ends when it is dropped.
pub(crate) struct Site {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    serving: Option<JoinHandle<()>>,
}

struct Shared {
    /// Nothing when it is to end.
    page: Option<Page>,
    /// The heads of all requests.
    asked: Vec<String>,
}

impl Site {
    pub(crate) fn new(page: Page) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared { page: Some(page), asked: Vec::new() }));
        let of_thread = Arc::clone(&shared);
        let serving = std::thread::spawn(move || serve(&listener, &of_thread));
        Self { address, shared, serving: Some(serving) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn show(&self, page: Page) {
        self.shared.lock().unwrap().page = Some(page);
    }

    /// The heads of all requests until now.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.shared.lock().unwrap().asked.clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shared.lock().unwrap().page = None;
        // It waits for somebody.
        TcpStream::connect(self.address).ok();
        if let Some(serving) = self.serving.take() {
            serving.join().unwrap();
        }
    }
}

fn serve(listener: &TcpListener, shared: &Mutex<Shared>) {
    for stream in listener.incoming() {
        if shared.lock().unwrap().page.is_none() {
            return;
        }
        // Whoever goes away is gone.
        stream.and_then(|stream| answer(stream, shared)).ok();
    }
}

fn answer(mut stream: TcpStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let page = {
        let mut shared = shared.lock().unwrap();
        shared.asked.push(String::from_utf8_lossy(&head).into_owned());
        shared.page.as_ref().map(Page::text)
    };
    stream.write_all(page.unwrap_or_default().as_bytes())
}
