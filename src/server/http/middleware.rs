//! What every request goes through, outermost first: [`request_id`], [`log_request`], [`count`], [`security_headers`],
//! [`client_ip`], [`same_origin`], [`read_body`].

pub mod client_ip;
pub mod count;
pub mod log_request;
pub mod read_body;
pub mod request_id;
pub mod same_origin;
pub mod security_headers;

use crate::server::clock::Env;
use crate::server::config::Config;
use crate::server::metrics::Metrics;
use axum::Router;
use axum::middleware::from_fn_with_state;

/// The router inside all of them.
pub fn wrap<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    config: &Config,
    env: &Env,
    metrics: &Metrics,
) -> Router<S> {
    let same_origin = same_origin::Policy::new(config.public_origin.clone());
    let client_ip = client_ip::Proxies::new(config.trusted_proxies.clone());
    let bounds = read_body::Bounds::new(config.limits, metrics.clone());
    let headers = security_headers::Headers::new(env.clone(), config.secure());
    // The last layer is the outermost.
    router
        .layer(from_fn_with_state(bounds, read_body::layer))
        .layer(from_fn_with_state(same_origin, same_origin::layer))
        .layer(from_fn_with_state(client_ip, client_ip::layer))
        .layer(from_fn_with_state(headers, security_headers::layer))
        .layer(from_fn_with_state(metrics.clone(), count::layer))
        .layer(from_fn_with_state(env.clone(), log_request::layer))
        .layer(from_fn_with_state(env.clone(), request_id::layer))
}

#[cfg(test)]
mod tests;
