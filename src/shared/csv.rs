//! Tables as comma-separated values (RFC 4180).

/// Rows of cells as CSV.
///
/// What a spreadsheet would take for a command gets an apostrophe in front: the cells may be a stranger's.
pub fn table(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            out.push_str(if column > 0 { "," } else { "" });
            write_cell(cell.trim(), &mut out);
        }
        out.push_str("\r\n");
    }
    out
}

fn write_cell(cell: &str, out: &mut String) {
    let signed = cell.strip_prefix(['+', '-']);
    let number = signed.is_some_and(|rest| {
        rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit() || c == '.')
    });
    let command = cell.starts_with(['=', '@', '\t', '\r']) || (signed.is_some() && !number);
    let quoted = cell.contains([',', '"', '\n', '\r']);
    let mark = if quoted { "\"" } else { "" };
    out.push_str(mark);
    out.push_str(if command { "'" } else { "" });
    out.push_str(&cell.replace('"', "\"\""));
    out.push_str(mark);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        let rows = [vec!["a", " b "], vec!["x, \"y\"", "two\nlines"]];
        let rows = rows.map(|row| row.into_iter().map(str::to_owned).collect());
        assert_eq!(
            table(rows.into_iter()),
            "a,b\r\n\"x, \"\"y\"\"\",\"two\nlines\"\r\n"
        );
    }

    #[test]
    fn no_cell_is_a_command_and_numbers_stay_numbers() {
        let cells = ["=cmd()", "@sum", "-5.5", "+1", "-cmd", "-"];
        let row = cells.map(str::to_owned).to_vec();
        assert_eq!(
            table(std::iter::once(row)),
            "'=cmd(),'@sum,-5.5,+1,'-cmd,-\r\n"
        );
    }
}
