use crate::support::app::TestApp;
use futures::future::join_all;

/// A page is rendered by whichever thread is free, and dropped by another: nothing in it may mind.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn pages_are_rendered_whole_however_many_are_asked_for() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    ada.say(&thread, "r1", "Hello?").await;
    let chat = format!("/chat/{thread}");
    for _ in 0..4 {
        let paths = [chat.as_str(), "/chat", "/providers", "/settings"]
            .into_iter()
            .cycle();
        let pages = paths.take(24).map(|path| {
            let ada = ada.clone();
            async move {
                let response = ada.get(path).await;
                assert_eq!(response.status(), 200, "{path}");
                let page = response.text().await.unwrap();
                // The data for hydration stands behind the document.
                let whole = page.contains("</html>") && page.ends_with("</script>");
                assert!(whole, "{path}: {} bytes", page.len());
            }
        });
        join_all(pages).await;
    }
}
