//! A page with a thread of a hundred messages, rendered on one core.

use super::Report;
use crate::Result;
use crate::account::Place;
use crate::seed::Shape;
use crate::setup::Bench;
use crate::stats::{float, millis, percentile};
use crate::table::Line;
use crate::token;
use crate::wire::Wire;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Enough that the server never waits for the next request.
const CLIENTS: usize = 2;

async fn ask(addr: SocketAddr, request: String, until: Instant) -> Result<(Vec<f64>, usize)> {
    let mut wire = Wire::connect(addr).await?;
    let mut times = Vec::new();
    let mut size = 0;
    while Instant::now() < until {
        let begun = token::now();
        let mut reply = wire.ask(&request).await?;
        size = wire.whole(&mut reply).await?.len();
        if reply.status != 200 {
            return Err(format!("the page: {}", reply.status).into());
        }
        times.push(millis(token::now() - begun));
    }
    Ok((times, size))
}

pub async fn run(bench: &Bench) -> Result<Report> {
    let seeded = bench.seeded(&Shape::default()).await?;
    let alone = bench.alone()?;
    let process = bench.serve(seeded.folder.path(), Some(&alone.core)).await?;
    let place = Place {
        path: String::new(),
        cookie: seeded.cookie.clone(),
    };
    let path = format!("/chat/{}", seeded.threads[0]);
    let request = place.request("GET", &path, None);
    ask(
        process.addr,
        request.clone(),
        Instant::now() + Duration::from_secs(1),
    )
    .await?;

    let begun = Instant::now();
    let until = begun + Duration::from_secs(bench.or_quick(8, 3).into());
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(ask(process.addr, request.clone(), until));
    }
    let mut times = Vec::new();
    let mut bytes = 0;
    while let Some(done) = clients.join_next().await {
        let (mut some, size) = done??;
        times.append(&mut some);
        bytes = size;
    }
    let rate = float(times.len()) / begun.elapsed().as_secs_f64();
    Ok(vec![
        Line::new("page of a thread with 100 messages, one core", "/s", rate)
            .at_least(1500.0)
            .note(format!("{} KB a page", bytes >> 10)),
        Line::new(
            "page of a thread with 100 messages, p50",
            "ms",
            percentile(&times, 50),
        )
        .at_most(2.0)
        .note(format!(
            "{CLIENTS} clients; p99 {:.1} ms",
            percentile(&times, 99)
        )),
    ]
    .into())
}
