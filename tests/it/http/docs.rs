//! The documentation that the server serves.

use crate::support::app::TestApp;
use keylm::server::store::schema;
use std::collections::BTreeSet;

/// What stands between `before` and the next quotation mark, wherever it does.
fn quoted<'a>(html: &'a str, before: &str) -> BTreeSet<&'a str> {
    let parts = html.split(before).skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_is_there_for_everybody_and_without_script() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let mut pages = Vec::new();
    for path in ["/docs", "/docs/api"] {
        let response = nobody.get(path).await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.headers()["content-type"],
            "text/html; charset=utf-8"
        );
        assert!(
            response.headers()["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("style-src 'self'")
        );
        let html = response.text().await.unwrap();
        assert!(
            !html.contains("<script") && !html.contains("style="),
            "{path}"
        );
        assert!(html.contains("<h1") && html.contains("aria-current=\"page\""));
        let places = quoted(&html, " id=\"");
        for to in quoted(&html, "href=\"#") {
            assert!(places.contains(to), "{path}: #{to} leads nowhere");
        }
        let dark = nobody.request(reqwest::Method::GET, path);
        let dark = dark.header("cookie", "theme=dark").send().await.unwrap();
        assert!(
            dark.text()
                .await
                .unwrap()
                .starts_with("<!DOCTYPE html><html lang=\"en\" data-theme=\"dark\">")
        );
        pages.push(html);
    }
    let places = quoted(&pages[1], " id=\"");
    let links = quoted(&pages[0], "href=\"/docs/api#");
    assert!(links.len() > 30, "{links:?}");
    for to in links {
        assert!(places.contains(to), "/docs/api#{to} leads nowhere");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_of_the_documentation_are_those_of_the_database() {
    let app = TestApp::start().await;
    let words = "(name LIKE 'search_words%' OR name LIKE '_sqlx%' OR name LIKE 'sqlite%')";
    let there = app
        .text(&format!("SELECT group_concat(name) FROM (SELECT name FROM sqlite_master WHERE type = 'table' AND NOT {words} ORDER BY name)"))
        .await;
    let mut tables = schema::tables();
    tables.sort_by_key(|table| table.name);
    let named: Vec<&str> = tables.iter().map(|table| table.name).collect();
    assert_eq!(named.join(","), there);
    for table in tables {
        let columns = app
            .text(&format!(
                "SELECT group_concat(name || ' ' || type) FROM pragma_table_info('{}')",
                table.name
            ))
            .await;
        let named: Vec<String> = table
            .columns
            .iter()
            .map(|(name, kind)| format!("{name} {kind}"))
            .collect();
        assert_eq!(named.join(","), columns, "{}", table.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_without_a_network_speaks_the_persons_language_and_knows_nobody() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    for (language, start, words) in [
        (
            "en",
            "<!DOCTYPE html><html lang=\"en\" dir=\"ltr\">",
            "You are offline",
        ),
        (
            "ar",
            "<!DOCTYPE html><html lang=\"ar\" dir=\"rtl\">",
            "أنت غير متصل",
        ),
    ] {
        let request = ada.request(reqwest::Method::GET, "/offline");
        let response = request
            .header("accept-language", language)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        let html = response.text().await.unwrap();
        assert!(html.starts_with(start) && html.contains(words), "{html}");
        // Where the worker of the site puts its list (public/sw.js).
        assert_eq!(html.matches("<!-- chats -->").count(), 1);
        assert!(!html.contains(&ada.email) && !html.contains("<script"));
    }
}
