//! How the blocks of an answer stand in its page: in runs. A browser looks once a frame at each element whose content may
//! be hidden, so that an answer of hundreds of blocks which are that themselves makes every token dearer than one of few.

/// So many blocks are a run.
pub const RUN: usize = 16;

/// The blocks of an answer in their runs, each of them safe HTML.
#[must_use]
pub fn runs(blocks: &[String]) -> String {
    let mut html = String::new();
    for run in blocks.chunks(RUN) {
        html.push_str(r#"<div class="run">"#);
        for block in run {
            html.push_str(r#"<div class="block">"#);
            html.push_str(block);
            html.push_str("</div>");
        }
        html.push_str("</div>");
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_begun_when_the_one_before_is_full() {
        let blocks: Vec<_> = (0..=RUN).map(|index| format!("<p>{index}</p>")).collect();
        let html = runs(&blocks);
        assert_eq!(html.matches(r#"<div class="run">"#).count(), 2);
        assert!(
            html.ends_with(r#"</div><div class="run"><div class="block"><p>16</p></div></div>"#)
        );
        assert_eq!(runs(&[]), "");
    }
}
