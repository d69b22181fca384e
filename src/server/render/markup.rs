//! HTML that is written by hand: what comes from outside gets in by [`Html::text`] alone, which escapes.

/// HTML that is being written.
#[derive(Default)]
pub(in crate::server) struct Html(pub(in crate::server) String);

impl Html {
    /// Adds HTML that this program wrote.
    pub(in crate::server) fn raw(&mut self, html: &str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    /// Adds text, for between tags or within a quoted attribute.
    pub(in crate::server) fn text(&mut self, text: &str) -> &mut Self {
        let mut from = 0;
        for (at, byte) in text.bytes().enumerate() {
            let entity = match byte {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                b'\'' => "&#39;",
                _ => continue,
            };
            self.0.push_str(text.get(from..at).unwrap_or_default());
            self.0.push_str(entity);
            from = at + 1;
        }
        self.0.push_str(text.get(from..).unwrap_or_default());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_else_as_it_was() {
        let mut html = Html::default();
        html.text("a<b>&\"c'd\né…𝄞");
        assert_eq!(html.0, "a&lt;b&gt;&amp;&quot;c&#39;d\né…𝄞");
    }
}
