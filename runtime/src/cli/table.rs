//! Text in columns.

/// Space between two columns.
const GAP: usize = 2;

/// A row, with an optional remark in place of some of its columns.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) cells: Vec<String>,
    /// Where the remark begins, how many columns it takes, and what it says.
    pub(super) remark: Option<(usize, usize, String)>,
}

/// The rows under their headings, each column as wide as its widest cell.
pub(super) fn table(headings: &[&str], rows: &[Row]) -> String {
    let widths: Vec<usize> =
        headings.iter().enumerate().map(|(at, heading)| width(at, heading, rows)).collect();
    let heading = Row { cells: headings.iter().map(|&heading| heading.into()).collect(), remark: None };
    std::iter::once(&heading).chain(rows).map(|row| line(row, &widths)).collect()
}

/// The same as it fits into a terminal of so many columns, where there is one: no row is longer than a line of it.
pub(super) fn shown(headings: &[&str], rows: &[Row], chars_max: Option<usize>) -> String {
    let Some(chars_max) = chars_max else { return table(headings, rows) };
    fitted(headings, rows, chars_max).lines().map(|line| cut(line, chars_max) + "\n").collect()
}

/// The beginning of a line.
pub(super) fn cut(line: &str, chars_max: usize) -> String {
    line.chars().take(chars_max).collect::<String>().trim_end().to_owned()
}

/// The same without the columns on the right for which a line of so many characters has no room.
pub(super) fn fitted(headings: &[&str], rows: &[Row], chars_max: usize) -> String {
    let mut count = headings.len();
    while count > 1 && total(&headings[..count], rows) > chars_max {
        count -= 1;
    }
    let cut = |row: &Row| {
        let cells = row.cells.iter().take(count).cloned().collect();
        let remark = row.remark.clone().filter(|(from, ..)| *from < count);
        Row { cells, remark: remark.map(|(from, columns, text)| (from, columns.min(count - from), text)) }
    };
    table(&headings[..count], &rows.iter().map(cut).collect::<Vec<_>>())
}

/// How wide these columns are together.
fn total(headings: &[&str], rows: &[Row]) -> usize {
    let widths = headings.iter().enumerate().map(|(at, heading)| width(at, heading, rows));
    widths.sum::<usize>() + GAP * headings.len().saturating_sub(1)
}

fn width(at: usize, heading: &str, rows: &[Row]) -> usize {
    let covered =
        |row: &Row| row.remark.as_ref().is_some_and(|(from, count, _)| (*from..from + count).contains(&at));
    let cells = rows.iter().filter(|row| !covered(row)).filter_map(|row| row.cells.get(at));
    cells.map(|cell| cell.chars().count()).fold(heading.chars().count(), usize::max)
}

fn line(row: &Row, widths: &[usize]) -> String {
    let mut line = String::new();
    let mut at = 0;
    while at < row.cells.len() {
        let (text, columns) = match &row.remark {
            Some((from, count, text)) if *from == at => (text, *count),
            _ => (&row.cells[at], 1),
        };
        let width = widths[at..at + columns].iter().sum::<usize>() + GAP * (columns - 1);
        line.push_str(&format!("{text:width$}{:GAP$}", ""));
        at += columns;
    }
    line.truncate(line.trim_end().len());
    line + "\n"
}
