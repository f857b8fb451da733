//! Goal: a socket that never waits behaves as one that does. Method: both ends on loopback, one of them stopping, waiting or
//! leaving; a wait that should end is joined, a wait that should not is asked for its time-out.

use std::net::TcpListener;
use std::sync::Arc;

use super::*;

fn pair() -> (Arc<ClientSocket>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (Arc::new(ClientSocket::new(listener.accept().unwrap().0).unwrap()), far)
}

/// Sends until the socket takes nothing.
fn fill(near: &ClientSocket) -> usize {
    let mut sent = 0;
    loop {
        match near.send_now(&[b'x'; 4 << 10]) {
            Ok(length) => sent += length,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return sent;
            }
        }
    }
}

#[test]
fn a_send_never_waits_while_another_thread_waits_in_a_read() {
    let (near, mut far) = pair();
    let reader = thread::spawn({
        let near = Arc::clone(&near);
        move || {
            let mut seen = [0; 5];
            (&*near).read_exact(&mut seen).unwrap();
            seen
        }
    });
    let sent = fill(&near);
    assert!(!reader.is_finished());
    far.write_all(b"hello").unwrap();
    assert_eq!(&reader.join().unwrap(), b"hello");
    far.read_exact(&mut vec![0; sent]).unwrap();
}

#[test]
fn a_time_out_leaves_the_connection_whole() {
    let (near, mut far) = pair();
    near.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
    near.set_write_timeout(Some(Duration::from_millis(2))).unwrap();
    for _ in 0..3 {
        assert_eq!((&*near).read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::TimedOut);
    }
    let sent = fill(&near);
    assert_eq!((&*near).write(b"y").unwrap_err().kind(), ErrorKind::TimedOut);
    near.set_write_timeout(None).unwrap();
    let writer = thread::spawn({
        let near = Arc::clone(&near);
        move || (&*near).write_all(b"y")
    });
    let mut seen = vec![0; sent + 1];
    far.read_exact(&mut seen).unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(seen.last(), Some(&b'y'));

    near.set_read_timeout(None).unwrap();
    far.write_all(b"later").unwrap();
    let mut heard = [0; 5];
    (&*near).read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"later");
}

#[test]
fn whoever_waits_in_a_read_is_woken_and_what_came_before_is_still_read() {
    let (near, mut far) = pair();
    let reader = thread::spawn({
        let near = Arc::clone(&near);
        move || (&*near).read(&mut [0; 9])
    });
    near.shutdown(Shutdown::Read).unwrap();
    assert_eq!(reader.join().unwrap().unwrap(), 0);

    far.write_all(b"asked").unwrap();
    let mut heard = Vec::new();
    while heard.len() < 5 {
        let mut part = [0; 9];
        let length = (&*near).read(&mut part).unwrap();
        heard.extend_from_slice(&part[..length]);
    }
    assert_eq!(heard, b"asked");
    // Its answer gets through, though a further request lies unread.
    far.write_all(b"again").unwrap();
    (&*near).write_all(b"answer").unwrap();
    let mut seen = [0; 6];
    far.read_exact(&mut seen).unwrap();
    assert_eq!(&seen, b"answer");
}

#[test]
fn ending_a_connection_ends_every_wait_on_it() {
    let (near, far) = pair();
    fill(&near);
    let start = |work: fn(&ClientSocket) -> io::Result<usize>| {
        let near = Arc::clone(&near);
        thread::spawn(move || work(&near))
    };
    let reader = start(|mut near| near.read(&mut [0; 9]));
    let writer = start(|mut near| near.write(b"y"));
    near.shutdown(Shutdown::Both).unwrap();
    assert_eq!(reader.join().unwrap().unwrap(), 0);
    assert!(writer.join().unwrap().is_err());
    drop(far);
}

#[test]
fn a_peer_that_sends_no_more_can_still_be_written_to() {
    let (near, mut far) = pair();
    let sent = fill(&near);
    far.shutdown(Shutdown::Write).unwrap();
    assert_eq!((&*near).read(&mut [0; 9]).unwrap(), 0);
    let writer = thread::spawn({
        let near = Arc::clone(&near);
        move || (&*near).write_all(b"rest")
    });
    let mut seen = vec![0; sent + 4];
    far.read_exact(&mut seen).unwrap();
    writer.join().unwrap().unwrap();
    assert!(seen.ends_with(b"rest"));
}

#[test]
fn a_socket_that_shall_not_wait_does_not() {
    let (near, _far) = pair();
    near.set_nonblocking(true).unwrap();
    assert_eq!((&*near).read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::TimedOut);
}
