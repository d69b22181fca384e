//! Tables, as far as they differ from other blocks.

use super::writer::{Kind, Writer};
use crate::shared::words::printed::Block;
use pulldown_cmark::Alignment;

/// The start of a table with what stands around it.
pub(super) fn head(words: &Block) -> String {
    let name = words.table;
    format!(
        "<div class=\"table\"><div class=\"table-scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{name}\"><table>"
    )
}

/// The end of its rows.
pub(super) const TAIL: &str = "</table></div>";

/// What comes after them.
pub(super) fn foot(words: &Block) -> String {
    let copy = words.copy_csv;
    format!(
        "<div class=\"block-foot\"><button type=\"button\" class=\"block-button\" data-do=\"csv\">{copy}</button></div></div>"
    )
}

/// What is known of the table that is open.
#[derive(Default)]
pub(super) struct Columns {
    pub alignments: Vec<Alignment>,
    pub column: usize,
    pub in_head: bool,
    pub has_rows: bool,
    /// Empty cells that are written only when another one follows: the parser fills every row up to the width of the
    /// table, which would make a small table with many columns a very large one.
    pub empty_cells: usize,
}

impl Writer<'_> {
    pub(super) fn between_rows(&self) -> bool {
        matches!(self.stack.last(), Some((_, Kind::Rows | Kind::ImpliedRow)))
    }

    /// Goes to where a row can be written.
    pub(super) fn body(&mut self) {
        self.end_if(Kind::ImpliedRow);
        if !std::mem::replace(&mut self.table.has_rows, true) {
            self.open("<tbody>", "</tbody>", Kind::Rows);
        }
    }

    /// Writes the cells that were held back. The last one stays open, for its text.
    pub(super) fn cells(&mut self) {
        while self.table.empty_cells > 0 {
            self.table.empty_cells -= 1;
            let class = match self.table.alignments.get(self.table.column) {
                Some(Alignment::Left) => " class=\"align-left\"",
                Some(Alignment::Center) => " class=\"align-center\"",
                Some(Alignment::Right) => " class=\"align-right\"",
                Some(Alignment::None) | None => "",
            };
            self.table.column += 1;
            if self.table.in_head {
                self.open(
                    &format!("<th{class} dir=\"auto\" scope=\"col\">"),
                    "</th>",
                    Kind::Other,
                );
            } else {
                self.open(&format!("<td{class} dir=\"auto\">"), "</td>", Kind::Other);
            }
            if self.table.empty_cells > 0 {
                self.close();
            }
        }
    }
}
