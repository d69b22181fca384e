//! Readers that leave, and readers that do not read.

use super::aftermath::{Ending, STOPPED, Shown, aftermath, intact};
use super::{GENEROUS, endless, until};
use crate::support::app::{Client, text_of};
use crate::support::probe::Tail;
use crate::support::process::Server;
use keylm::server::simulate::Simulator;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

/// A reader of this stream that never takes a byte out of its small buffer.
async fn silent(client: &Client, path: &str) -> TcpStream {
    let host = client.url.strip_prefix("http://").unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut socket = socket.connect(host.parse().unwrap()).await.unwrap();
    let cookie = client.cookie.as_ref().unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_do_not_read_hold_up_nobody_and_cost_little() {
    const SILENT: usize = 8;
    const TOO_LONG: Ending = ("failed", Some("upstream_error"));
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[GENEROUS]).await;
    let ada = server.person().await;
    let before = server.memory();
    // As fast as the machine can, until the answer is as long as one may be.
    let thread = ada.thread("openai", "sim-flood").await;
    let mut tail = Tail::new(ada.ask(&thread, &thread, "Go on").await);
    tail.until(1).await;
    let path = Shown::of(&tail).stream();
    let mut sockets = Vec::new();
    for _ in 0..SILENT {
        sockets.push(silent(&ada, &path).await);
    }
    let whole = tokio::time::timeout(super::NEVER, tail.rest()).await;
    let shown = Shown::new(whole.expect("the flood is ended"));
    let after = server.memory();
    let size = text_of(&shown.events).len();
    println!("{SILENT} silent readers of {size} bytes: {before} kB before, {after} kB after");
    assert!(size > 256 << 10, "{size}");
    assert!(
        after.saturating_sub(before) < 128 << 10,
        "far less than each reader's copy of everything: {before} kB, {after} kB"
    );
    aftermath(&ada, &[shown], &[TOO_LONG]).await;
    drop(sockets);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_leave_take_everything_of_theirs_along() {
    const CYCLES: usize = 300;
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[GENEROUS]).await;
    let ada = server.person().await;
    let mut tails = endless(&ada, 2).await;
    let paths: Vec<_> = tails.iter().map(|tail| Shown::of(tail).stream()).collect();
    let cycles = async |count: usize| {
        for n in 0..count {
            // One in three says goodbye before the answer has begun to come.
            let socket = silent(&ada, &paths[n % paths.len()]).await;
            if n % 3 > 0 {
                socket.readable().await.unwrap();
            }
        }
    };
    cycles(20).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (baseline, memory) = (server.descriptors(), server.memory());
    cycles(CYCLES).await;
    let most = server.descriptors();
    until("the readers are gone", async || {
        server.descriptors() <= baseline + 5
    })
    .await;
    println!(
        "{CYCLES} readers came and went: {baseline} descriptors before, {most} at the end, {} after; {memory} kB, {} kB",
        server.descriptors(),
        server.memory()
    );
    let mut shown = Vec::new();
    for tail in &mut tails {
        let seen = tail.events().len();
        tail.until(seen + 3).await;
        shown.push(Shown::of(tail));
    }
    drop(tails);
    // Nobody reads them any more, and they go on.
    for one in &shown {
        let mut later = Tail::new(ada.get(&one.stream()).await);
        let more = later.until(one.events.len() + 3).await;
        assert_eq!(more[..one.events.len()], one.events);
        one.stop(&ada).await;
        intact(&ada, one, &[STOPPED]).await;
    }
    aftermath(&ada, &shown, &[STOPPED]).await;
    until("the connections are gone", async || {
        server.descriptors() <= baseline + 5
    })
    .await;
}
