//! Lists for people.

use std::fmt;

/// Rows under a heading. A terminal's width is not asked for: what is cut cannot be copied.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    columns: usize,
}

impl Table {
    /// A table with these columns.
    pub(super) fn new(heading: &[&str]) -> Self {
        let heading: Vec<_> = heading.iter().map(|name| name.to_uppercase()).collect();
        Self { columns: heading.len(), rows: vec![heading] }
    }

    /// Adds a row. What is in it is shown on one line, whatever it is.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        let clean = |cell: String| match cell.as_str() {
            "" => "-".to_owned(),
            text => text.chars().map(|c| if c.is_control() { '·' } else { c }).collect(),
        };
        self.rows.push(cells.into_iter().map(clean).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..self.columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:width$}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_and_no_cell_breaks_a_line() {
        let mut table = Table::new(&["name", "what"]);
        table.row(["a".to_owned(), "x\ny".to_owned()]);
        table.row(["longer".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "NAME    WHAT\na       x·y\nlonger  -\n");
    }
}
