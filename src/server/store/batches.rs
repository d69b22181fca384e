//! One statement for many rows, in a few fixed sizes, so that both drivers keep it prepared.

use std::sync::OnceLock;

const SIZES: [usize; 5] = [128, 32, 8, 2, 1];

/// The same statement for different numbers of rows.
pub(super) struct Batches {
    sql: fn(usize) -> String,
    written: OnceLock<[String; SIZES.len()]>,
}

impl Batches {
    /// `sql` writes the statement for that many rows.
    pub(super) const fn new(sql: fn(usize) -> String) -> Self {
        Self {
            sql,
            written: OnceLock::new(),
        }
    }

    /// Cuts `rows` into as few statements as the sizes allow.
    pub(super) fn split<'a, T>(
        &'static self,
        mut rows: &'a [T],
    ) -> impl Iterator<Item = (&'static str, &'a [T])> {
        let written = self.written.get_or_init(|| SIZES.map(self.sql));
        std::iter::from_fn(move || {
            let (size, sql) = SIZES
                .iter()
                .zip(written)
                .find(|(size, _)| **size <= rows.len())?;
            let (now, later) = rows.split_at(*size);
            rows = later;
            Some((sql.as_str(), now))
        })
    }
}

/// Rows that [`Padded`] takes at the most.
pub const MOST_AT_ONCE: usize = 512;
const POWERS: [usize; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, MOST_AT_ONCE];

/// One statement for any number of rows up to [`MOST_AT_ONCE`]: written for a power of two, the rest of its rows is empty.
pub(super) struct Padded {
    sql: fn(usize) -> String,
    written: OnceLock<[String; POWERS.len()]>,
}

impl Padded {
    /// `sql` writes the statement for that many rows.
    pub(super) const fn new(sql: fn(usize) -> String) -> Self {
        Self {
            sql,
            written: OnceLock::new(),
        }
    }

    /// The statement for these rows, and how many empty ones go with them. No statement takes more than the most.
    pub(super) fn at_least(&'static self, rows: usize) -> Option<(&'static str, usize)> {
        let written = self.written.get_or_init(|| POWERS.map(self.sql));
        let mut sizes = POWERS.iter().zip(written);
        let (size, sql) = sizes.find(|(size, _)| **size >= rows)?;
        Some((sql, size - rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padded_statement_has_room_for_its_rows_and_less_than_twice_as_many() {
        static SQL: Padded = Padded::new(|rows| rows.to_string());
        for rows in 1..=MOST_AT_ONCE {
            let (sql, padding) = SQL.at_least(rows).unwrap();
            assert_eq!(sql, (rows + padding).to_string());
            assert!(padding < rows, "{padding} for {rows}");
        }
        assert!(SQL.at_least(MOST_AT_ONCE + 1).is_none());
    }

    #[test]
    fn every_row_is_in_one_statement() {
        static SQL: Batches = Batches::new(|rows| rows.to_string());
        let rows: Vec<usize> = (0..300).collect();
        for n in 0..rows.len() {
            let parts: Vec<_> = SQL.split(&rows[..n]).collect();
            let told: Vec<usize> = parts
                .iter()
                .flat_map(|(_, rows)| rows.iter().copied())
                .collect();
            assert_eq!(told, rows[..n]);
            assert!(
                parts
                    .iter()
                    .all(|(sql, rows)| *sql == rows.len().to_string())
            );
        }
    }
}
