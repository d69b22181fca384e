//! Code blocks: a head with the language and what can be done, and the text.

use super::highlight;
use crate::shared::words::printed::Block;

/// The rest of a code block.
pub(super) const TAIL: &str = "</code></pre></div>";

/// The head of a code block, up to where its text begins.
pub(super) fn head(info: &str, words: &Block) -> String {
    let Block {
        wrap,
        unwrap,
        download,
        copy,
        ..
    } = words;
    let language = language(info);
    let file = highlight::file_name(&language);
    format!(
        "<div class=\"code\"><div class=\"block-head\"><span class=\"code-lang\">{language}</span>\
         <button type=\"button\" class=\"block-button\" data-do=\"wrap\">\
         <span class=\"if-long\">{wrap}</span><span class=\"if-wrapped\">{unwrap}</span></button>\
         <button type=\"button\" class=\"block-button\" data-do=\"save\" data-name=\"{file}\">{download}</button>\
         <button type=\"button\" class=\"block-button\" data-do=\"code\">{copy}</button></div>\
         <pre tabindex=\"0\"><code class=\"language-{language}\">"
    )
}

/// What the first words of a fence call the language.
pub(super) fn language(info: &str) -> String {
    let word = info.trim_start_matches(['{', '.', ' ']);
    let language: String = word
        .chars()
        .map_while(|c| {
            (c.is_ascii_alphanumeric() || "+#-".contains(c)).then_some(c.to_ascii_lowercase())
        })
        .take(20)
        .collect();
    if language.is_empty() {
        "text".to_owned()
    } else {
        language
    }
}

/// The text of a code block without its last line end, nor the spaces after it: whether the parser keeps these
/// depends on how many they are.
pub(super) fn text(code: &str) -> &str {
    let (lines, last) = code.rsplit_once('\n').unwrap_or(("", code));
    if last.trim_matches([' ', '\t']).is_empty() {
        lines
    } else {
        code
    }
}
