//! One statement for many rows, in a few fixed sizes, so that both drivers keep it prepared.

use std::sync::OnceLock;

const SIZES: [usize; 4] = [128, 32, 8, 1];

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

#[cfg(test)]
mod tests {
    use super::*;

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
