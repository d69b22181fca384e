//! What strangers write into the headers of a request: cookies, addresses, numbers to go on from.

use crate::mutation::Dice;
use axum::extract::ConnectInfo;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use axum::{Extension, Router};
use futures::executor::block_on;
use http::{HeaderMap, HeaderValue, Request, header};
use keylm::server::http::extract::{
    SECURE_SESSION, SESSION, resume_after, session_cookie, session_token,
};
use keylm::server::http::middleware::client_ip::{self, ClientIp, Proxies};
use std::net::{IpAddr, SocketAddr};
use tower::ServiceExt;

/// Header values that these bytes describe: words of `words`, and raw bytes.
fn values(bytes: &[u8], words: &[&[u8]]) -> Vec<HeaderValue> {
    let lines = bytes.split(|byte| *byte == 0xfe);
    let lines = lines.map(|line| {
        line.iter()
            .flat_map(
                |byte| match words.get(usize::from(*byte).wrapping_sub(0x80)) {
                    Some(word) => word.to_vec(),
                    None => vec![*byte],
                },
            )
            .collect::<Vec<u8>>()
    });
    lines
        .filter_map(|line| HeaderValue::from_bytes(&line).ok())
        .collect()
}

/// The token as RFC 6265 §5.4 has a browser write it: the first pair of exactly this name, blanks around it aside.
fn first_pair(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let lines = lines.filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .find(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
}

#[test]
fn a_session_is_the_first_cookie_of_its_very_name() {
    let words: &[&[u8]] = &[
        SESSION.as_bytes(),
        SECURE_SESSION.as_bytes(),
        b"=",
        b"; ",
        b"__Secure-keylm_session=",
        b"KEYLM_SESSION=",
        b"\"quoted\"",
        b"%6beylm_session=",
        b"; HttpOnly; Path=/; Max-Age=1; Domain=.example",
        b"0123456789abcdef",
    ];
    bolero::check!(name = "cookie")
        .with_iterations(5_000)
        .for_each(|bytes: &[u8]| {
            let mut headers = HeaderMap::new();
            for value in values(bytes, words) {
                headers.append(header::COOKIE, value);
            }
            assert_eq!(
                session_token(&headers, false),
                first_pair(&headers, SESSION)
            );
            assert_eq!(
                session_token(&headers, true),
                first_pair(&headers, SECURE_SESSION)
            );
        });
}

#[test]
fn a_session_cookie_comes_back_as_it_was_set() {
    bolero::check!(name = "cookie_back")
        .with_iterations(1_000)
        .with_type::<(u128, bool)>()
        .for_each(|(token, secure)| {
            let token = format!("{token:032x}");
            let set = session_cookie(&token, *secure);
            let pair = set.split(';').next().expect("a pair");
            let headers = HeaderMap::from_iter([(
                header::COOKIE,
                HeaderValue::from_str(&format!("theme=dark; {pair}")).expect("a header"),
            )]);
            assert_eq!(session_token(&headers, *secure), Some(token));
            assert_eq!(session_token(&headers, !*secure), None);
        });
}

#[test]
fn a_number_to_go_on_from_is_a_number_or_the_beginning() {
    let words: &[&[u8]] = &[
        b"18446744073709551615",
        b"18446744073709551616",
        b"-1",
        b"+7",
        b" 7 ",
        b"007",
        b"0x7",
        b"7e3",
        b"\t",
    ];
    bolero::check!(name = "last_event_id")
        .with_iterations(5_000)
        .for_each(|bytes: &[u8]| {
            let query = String::from_utf8_lossy(bytes);
            for value in values(bytes, words) {
                let headers = HeaderMap::from_iter([(
                    "last-event-id".parse().expect("a name"),
                    value.clone(),
                )]);
                let number = resume_after(&headers, None);
                assert_eq!(
                    resume_after(&headers, Some(&query)),
                    number,
                    "the header wins"
                );
                if number > 0 {
                    let text = value.to_str().expect("text").trim().trim_start_matches('+');
                    assert_eq!(text.trim_start_matches('0'), number.to_string());
                }
            }
            assert_eq!(
                resume_after(&HeaderMap::new(), Some(&query)),
                query.trim().parse().unwrap_or(0)
            );
        });
}

/// Who the server takes the client for.
fn client(peer: IpAddr, values: &[HeaderValue]) -> IpAddr {
    let proxies = ["10.0.0.0/8", "2001:db8:ffff::/48"].map(|text| text.parse().expect("a network"));
    let router = Router::new()
        .route(
            "/",
            get(async |Extension(ClientIp(ip)): Extension<ClientIp>| ip.to_string()),
        )
        .layer(from_fn_with_state(
            Proxies::new(proxies.to_vec()),
            client_ip::layer,
        ));
    let mut request = Request::new(axum::body::Body::empty());
    request
        .extensions_mut()
        .insert(ConnectInfo(SocketAddr::new(peer, 1)));
    for value in values {
        request
            .headers_mut()
            .append("x-forwarded-for", value.clone());
    }
    block_on(async {
        let response = router.oneshot(request).await.expect("an answer");
        let body = axum::body::to_bytes(response.into_body(), 99)
            .await
            .expect("a body");
        std::str::from_utf8(&body)
            .expect("text")
            .parse()
            .expect("an address")
    })
}

#[test]
fn nobody_chooses_their_address() {
    let words: &[&[u8]] = &[
        b"10.0.0.1",
        b"203.0.113.7",
        b"::ffff:203.0.113.7",
        b"[2001:db8:ffff::1]:443",
        b"2001:db8::7%eth0",
        b", ",
        b",",
        b"203.0.113.7:80",
        b"unknown",
        b"010.0.0.1",
    ];
    let proxy: IpAddr = "10.9.9.9".parse().expect("an address");
    let stranger: IpAddr = "192.0.2.9".parse().expect("an address");
    bolero::check!(name = "forwarded")
        .with_iterations(1_000)
        .for_each(|bytes: &[u8]| {
            let values = values(bytes, words);
            assert_eq!(
                client(stranger, &values),
                stranger,
                "a stranger is who they are"
            );
            let found = client(proxy, &values);
            assert_eq!(found, found.to_canonical());
            // What a client writes stands left of what the proxy in front adds.
            let honest = HeaderValue::from_static("198.51.100.4");
            let with: Vec<_> = values.into_iter().chain([honest]).collect();
            assert_eq!(client(proxy, &with).to_string(), "198.51.100.4");
        });
}

#[test]
fn the_dice_cut_without_loss() {
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(Dice::new(1).cut(&bytes, 9).concat(), bytes);
}
