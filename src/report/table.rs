//! Tables as the Heroku CLI shows them: a header, a rule, no frame.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use console::measure_text_width;

/// A last column that is at least so wide is prose, which stands below its row where there is no room.
const PROSE: usize = 24;
/// What stands around each column.
const PADDING: usize = 2;

/// Rows below a header. A column in which nothing stands is left out. Cells wrap at words where a
/// terminal of this width would otherwise cut through them.
#[must_use]
pub fn table(
    width: Option<u16>,
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> String {
    let rows: Vec<Vec<String>> = rows.collect();
    let is_filled = |column: &usize| rows.iter().any(|row| !row[*column].is_empty());
    let columns: Vec<usize> = (0..header.len()).filter(is_filled).collect();
    let pick = |row: &[String]| columns.iter().map(|column| row[*column].clone()).collect();
    let mut header: Vec<&str> = columns.iter().map(|column| header[*column]).collect();
    let mut rows: Vec<Vec<String>> = rows.iter().map(|row| pick(row)).collect();
    let wide = |header: &[&str], rows: &[Vec<String>]| -> Vec<usize> {
        let of = |column: usize| {
            let cells = rows.iter().map(|row| measure_text_width(&row[column]));
            cells.chain([header[column].len()]).max().unwrap_or(0)
        };
        (0..header.len()).map(of).collect()
    };
    let needed = |widths: &[usize]| widths.iter().map(|width| width + PADDING).sum::<usize>();
    let natural = wide(&header, &rows);
    let room = usize::from(width.unwrap_or(u16::MAX));
    let mut prose = vec![];
    if let Some((last, others)) = natural.split_last()
        && needed(&natural) > room
        && *last >= PROSE
        && needed(others) <= room
    {
        prose = rows.iter_mut().filter_map(Vec::pop).collect();
        header.pop();
    }
    let text = drawn(width, &header, &rows);
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let head = if lines.is_empty() {
        ""
    } else {
        lines.remove(0)
    };
    let longest = lines
        .iter()
        .chain([&head])
        .map(|line| measure_text_width(line));
    let rule = format!(
        " {}",
        "─".repeat(longest.max().unwrap_or(0).saturating_sub(1))
    );
    let mut shown = vec![head.to_owned(), rule];
    for (row, line) in lines.iter().enumerate() {
        shown.push((*line).to_owned());
        // Each row is one line there.
        let below = prose.get(row).filter(|text| !text.is_empty());
        shown.extend(below.map(|text| format!("   {text}")));
    }
    shown.join("\n")
}

fn drawn(width: Option<u16>, header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(header.iter().copied())
        .add_rows(rows);
    let Some(width) = width else {
        return table.to_string();
    };
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    // No narrower than its longest word, as long as there is room for those of all.
    let longest = |column: usize| {
        let cells = rows.iter().map(|row| row[column].as_str());
        let words = cells
            .chain([header[column]])
            .flat_map(str::split_whitespace);
        words.map(measure_text_width).max().unwrap_or(0) + PADDING
    };
    let least: Vec<usize> = (0..header.len()).map(longest).collect();
    if least.iter().sum::<usize>() <= usize::from(width) {
        for (column, least) in table.column_iter_mut().zip(least) {
            let least = u16::try_from(least).unwrap_or(width);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
        }
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(cells: &[&[&str]]) -> Vec<Vec<String>> {
        let row = |row: &&[&str]| row.iter().map(|cell| (*cell).to_owned()).collect();
        cells.iter().map(row).collect()
    }

    #[test]
    fn a_column_in_which_nothing_stands_is_left_out() {
        let rows = rows(&[&["web.1", "", "up"], &["web.2", "", "down"]]);
        let text = table(None, &["Dyno", "Memory", "Now"], rows.into_iter());
        assert_eq!(text, " Dyno   Now\n ───────────\n web.1  up\n web.2  down");
    }

    #[test]
    fn prose_stands_below_its_row_where_there_is_no_room() {
        let why = "the new dyno crashed while it started, and is left alone";
        let rows = rows(&[&["web.1", "failed", why], &["web.2", "restarted", ""]]);
        let text = table(Some(40), &["Dyno", "Outcome", "Detail"], rows.into_iter());
        let expected = format!(
            " Dyno   Outcome\n ────────────────\n web.1  failed\n   {why}\n web.2  restarted"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn words_are_not_cut_while_there_is_room() {
        let rows = rows(&[&[
            "shop-frontend-production",
            "at 07:00 and 14:00, Europe/Paris",
        ]]);
        let text = table(Some(48), &["App", "When"], rows.into_iter());
        assert!(text.contains("shop-frontend-production"), "{text}");
        assert!(
            text.lines().all(|line| measure_text_width(line) <= 48),
            "{text}"
        );
    }
}
