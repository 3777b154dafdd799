//! HTML from the little Markdown that cards are written in: headings, tables, paragraphs, bold and code.

use std::fmt::Write;

/// A page with a title.
pub fn whole(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>\n\
         body {{ font: 15px/1.5 sans-serif; max-width: 1460px; margin: 2em auto; padding: 0 1em; }}\n\
         table {{ border-collapse: collapse; margin: 1em 0; }} td, th {{ border: 1px solid #ccc; padding: 3px 9px; text-align: left; }}\n\
         img {{ max-width: 100%; }}\n</style></head><body>\n<h1>{title}</h1>\n{body}</body></html>\n"
    )
}

/// Text that HTML shows as it is.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A card's text as HTML.
pub fn from_markdown(text: &str) -> String {
    let mut html = String::new();
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        let level = block.chars().take_while(|c| *c == '#').count();
        let written = match (level, block.starts_with('|')) {
            (0, true) => write!(html, "{}", table(block)),
            (0, false) => writeln!(html, "<p>{}</p>", inline(block)),
            _ => writeln!(html, "<h{level}>{}</h{level}>", inline(block[level..].trim())),
        };
        written.expect("a string takes any text");
    }
    html
}

fn table(block: &str) -> String {
    let cells = |line: &str, tag: &str| -> String {
        line.trim_matches('|').split('|').map(|cell| format!("<{tag}>{}</{tag}>", inline(cell.trim()))).collect()
    };
    let lines = block.lines().enumerate().filter(|(number, _)| *number != 1);
    let rows: String =
        lines.map(|(number, line)| format!("<tr>{}</tr>\n", cells(line, if number == 0 { "th" } else { "td" }))).collect();
    format!("<table>\n{rows}</table>\n")
}

/// Bold and code come in pairs of marks.
fn inline(text: &str) -> String {
    let pairs = |text: &str, mark: &str, tag: &str| -> String {
        let mut parts = text.split(mark).enumerate();
        parts.next().map_or_else(String::new, |(_, first)| {
            parts.fold(first.to_owned(), |done, (number, part)| {
                format!("{done}<{}{tag}>{part}", if number % 2 == 1 { "" } else { "/" })
            })
        })
    };
    pairs(&pairs(&escaped(text), "**", "b"), "`", "code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_becomes_a_page() {
        let html = from_markdown("## Measures\n\nOn **two** `bars` & more.\n\n| | mel |\n|---|---|\n| a | 0.1 [0, 1] |\n");
        assert_eq!(
            html,
            "<h2>Measures</h2>\n<p>On <b>two</b> <code>bars</code> &amp; more.</p>\n<table>\n<tr><th></th><th>mel</th></tr>\n\
             <tr><td>a</td><td>0.1 [0, 1]</td></tr>\n</table>\n"
        );
    }
}
