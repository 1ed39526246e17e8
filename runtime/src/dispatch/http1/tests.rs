//! Against servers that answer as they like.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const MOST: usize = 1 << 20;

/// A line, and the other side of it.
async fn connected() -> (Line, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let line = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (Line::new(line), listener.accept().await.unwrap().0)
}

/// Asks with a body, and reads the answer to its end.
async fn ask(line: &mut Line, body: &[u8], most: usize) -> Result<Answer, Broken> {
    let write = |head: &mut Vec<u8>| {
        head.extend_from_slice(b"POST / HTTP/1.1\r\n\r\n");
        Bytes::copy_from_slice(body)
    };
    line.ask(write).await?;
    line.answer(most).await
}

/// What is made of an answer that a server gives at once, and then closes or not.
async fn answered(bytes: &'static [u8], closes: bool) -> (Result<Answer, Broken>, Line) {
    let (mut line, mut server) = connected().await;
    server.write_all(bytes).await.unwrap();
    let mut request = [0; 32];
    let (answer, server) = tokio::join!(ask(&mut line, b"", MOST), async move {
        let begin = server.read(&mut request).await.unwrap();
        assert!(request[..begin].starts_with(b"POST / "));
        (!closes).then_some(server)
    });
    drop(server);
    (answer, line)
}

#[tokio::test]
async fn one_answer_after_the_other_comes_over_the_same_connection() {
    let (mut line, mut server) = connected().await;
    for body in ["", "one", "two"] {
        assert!(line.is_free());
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        server.write_all(answer.as_bytes()).await.unwrap();
        let answer = ask(&mut line, b"x", MOST).await.unwrap();
        assert_eq!((answer.status, answer.body.unwrap()), (200, Bytes::from(body)));
        assert_eq!(answer.fields.iter().next().unwrap().0, "content-length");
    }
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_its_connection() {
    let (answer, line) = answered(b"HTTP/1.1 200 OK\r\n\r\nhello", true).await;
    assert_eq!(answer.unwrap().body.unwrap(), "hello");
    assert!(!line.is_free());
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_none() {
    let cuts: [&[u8]; 4] = [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ];
    for cut in cuts {
        let (answer, line) = answered(cut, true).await;
        assert!(matches!(answer, Err(Broken::Closed | Broken::Io(_))), "{cut:?}: {answer:?}");
        assert!(!line.is_free());
    }
}

#[tokio::test]
async fn a_connection_with_more_on_it_than_the_answer_is_not_used_again() {
    let (answer, line) = answered(b"HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", false).await;
    assert_eq!(answer.unwrap().status, 204);
    assert!(!line.is_free(), "the next answer would be that of a smuggler");
    let (_, line) =
        answered(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", false).await;
    assert!(!line.is_free());
}

#[tokio::test]
async fn who_speaks_unasked_or_hangs_up_between_two_requests_is_not_asked_again() {
    for speaks in [true, false] {
        let (line, mut server) = connected().await;
        assert!(line.is_free());
        if speaks {
            server.write_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n").await.unwrap();
        } else {
            drop(server);
        }
        line.stream.readable().await.unwrap();
        assert!(!line.is_free(), "{speaks}");
    }
}

#[tokio::test]
async fn what_is_larger_than_allowed_is_left() {
    let answers: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\nx",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
    ];
    for answer in answers {
        let (mut line, mut server) = connected().await;
        server.write_all(answer).await.unwrap();
        let answer = ask(&mut line, b"", 4).await.unwrap();
        assert_eq!((answer.status, answer.body), (200, None));
        assert!(!line.is_free());
    }
}

#[tokio::test]
async fn an_answer_that_comes_while_the_request_is_still_written_counts() {
    // More than the sockets hold: the server reads nothing of it.
    let body = vec![0; 32 << 20];
    let (mut line, mut server) = connected().await;
    server.write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno").await.unwrap();
    let answer = ask(&mut line, &body, MOST).await.unwrap();
    assert_eq!((answer.status, answer.body.unwrap()), (413, Bytes::from("no")));
    assert!(!line.is_free(), "the rest of the request would be the next one");
}

#[tokio::test]
async fn an_answer_before_a_reset_counts() {
    let body = vec![0; 32 << 20];
    let (mut line, mut server) = connected().await;
    server
        .write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    line.stream.readable().await.unwrap();
    drop(server);
    let answer = ask(&mut line, &body, MOST).await.unwrap();
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn a_server_may_answer_with_what_it_has_not_read_whole() {
    let body: Vec<u8> = (0..8 << 20_u32).map(|at| (at % 251) as u8).collect();
    let (mut line, mut server) = connected().await;
    let length = body.len();
    let echo = tokio::spawn(async move {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        server.write_all(head.as_bytes()).await.unwrap();
        let mut skip = [0; "POST / HTTP/1.1\r\n\r\n".len()];
        server.read_exact(&mut skip).await.unwrap();
        let (mut from, mut to) = server.split();
        tokio::io::copy(&mut from, &mut to).await.unwrap();
    });
    let answer = ask(&mut line, &body, length).await.unwrap();
    assert_eq!(answer.body.unwrap(), body);
    assert!(line.is_free());
    drop(line);
    tokio::time::timeout(Duration::from_secs(20), echo).await.unwrap().unwrap();
}

#[tokio::test]
async fn nothing_is_kept_of_what_was_large() {
    let (mut line, mut server) = connected().await;
    let large = vec![b'x'; MOST];
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {MOST}\r\n\r\n");
    let answer = async {
        server.write_all(head.as_bytes()).await.unwrap();
        server.write_all(&large).await.unwrap();
    };
    let (answer, ()) = tokio::join!(ask(&mut line, &large[..1000], MOST), answer);
    assert_eq!(answer.unwrap().body.unwrap().len(), MOST);
    assert!(line.is_free());
    let kept = line.read.capacity() + line.request.capacity() + line.body.len();
    assert!(kept <= 2 * BUFFER, "{kept} bytes");
}

/// The head of an answer that a server gives at once, and all pieces of its body.
async fn passed_on(bytes: &[u8], closes: bool) -> (Result<Vec<u8>, Broken>, Line) {
    let (mut line, mut server) = connected().await;
    let mut request = [0; 32];
    let write = |head: &mut Vec<u8>| {
        head.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
        Bytes::new()
    };
    let (begun, server) = tokio::join!(line.ask(write), async {
        assert!(server.read(&mut request).await.unwrap() > 0);
        for byte in bytes {
            server.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        (!closes).then_some(server)
    });
    begun.unwrap();
    let (status, _, mut rest) = line.begun().unwrap();
    assert_eq!(status, 200);
    let mut body = Vec::new();
    let end = loop {
        match std::future::poll_fn(|cx| line.poll_piece(&mut rest, cx)).await {
            Some(Ok(piece)) => body.extend_from_slice(&piece),
            Some(Err(broken)) => break Err(broken),
            None => break Ok(body),
        }
    };
    assert_eq!(rest.is_over(), end.is_ok());
    drop(server);
    (end, line)
}

#[tokio::test]
async fn a_body_is_passed_on_piece_by_piece_and_its_connection_used_again() {
    let answers: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nx: y\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ];
    for answer in answers {
        let (body, line) = passed_on(answer, false).await;
        assert_eq!(body.unwrap(), b"hello", "{}", answer.escape_ascii());
        // The server is gone by now; that the answer was whole is what counts.
        assert!(line.is_done);
    }
    let (body, line) = passed_on(b"HTTP/1.1 200 OK\r\n\r\nhello", true).await;
    assert_eq!(body.unwrap(), b"hello", "it ends with its connection");
    assert!(!line.is_done);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_taken_for_whole() {
    let answers: [&[u8]; 3] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello!",
    ];
    for answer in answers {
        let (body, line) = passed_on(answer, true).await;
        assert!(body.is_err() && !line.is_done, "{}", answer.escape_ascii());
    }
}

#[tokio::test]
async fn a_body_that_came_with_its_head_is_had_at_once() {
    let (mut line, mut server) = connected().await;
    server.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await.unwrap();
    line.ask(|_| Bytes::new()).await.unwrap();
    let (_, fields, rest) = line.begun().unwrap();
    assert_eq!(fields.map().unwrap()["content-length"], "5");
    assert_eq!(line.whole(&rest).unwrap(), "hello");
    assert!(line.is_free() && line.begun().is_none());
}
