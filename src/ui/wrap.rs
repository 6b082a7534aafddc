//! Lines that fit a terminal.

/// Wraps each line at words, so that a terminal does not cut through them; what is indented stays so.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let lines: Vec<String> = text.lines().map(|line| wrapped_line(line, width)).collect();
    lines.join("\n")
}

fn wrapped_line(line: &str, width: usize) -> String {
    if console::measure_text_width(line) <= width {
        return line.to_owned();
    }
    let text = line.trim_start_matches(' ');
    let begin = &line[..line.len() - text.len()];
    let indent = " ".repeat(hanging(line));
    let (mut lines, mut column) = (begin.to_owned(), begin.len());
    let mut is_first = true;
    for word in text.split(' ') {
        let length = console::measure_text_width(word);
        if !is_first && column + 1 + length > width {
            lines = format!("{lines}\n{indent}");
            column = indent.len();
        } else if !is_first {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        (column, is_first) = (column + length, false);
    }
    lines
}

/// The column in which a line goes on: where its text begins, behind a label if it has one.
fn hanging(line: &str) -> usize {
    const WIDEST_LABEL: usize = 26;
    let text = line.trim_start_matches(' ');
    let begin = line.len() - text.len();
    let gaps = line
        .match_indices("  ")
        .filter(|(place, _)| *place >= begin);
    let ends = gaps.map(|(place, _)| {
        let after = line[place..].trim_start_matches(' ');
        console::measure_text_width(&line[..line.len() - after.len()])
    });
    ends.filter(|end| *end <= WIDEST_LABEL)
        .last()
        .unwrap_or(begin)
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn a_line_is_cut_between_words_and_goes_on_below_its_text() {
        for (text, lines) in [
            ("one two three", "one two\nthree"),
            ("  one two", "  one\n  two"),
            ("  label   one two", "  label   one\n          two"),
            ("short", "short"),
        ] {
            assert_eq!(
                wrapped(text, if text.contains("label") { 15 } else { 8 }),
                lines
            );
        }
    }
}
