//! A report as one HTML file, which needs nothing else: no script, no font, no request.

use std::fmt::Write;

use super::{
    facts::Report,
    render::{Section, groups},
};

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --faint: #777 }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2.5rem; overflow-wrap: anywhere } h3 { font-size: 1rem; margin: 2rem 0 .3rem }
p { margin: .3rem 0 } .faint { color: var(--faint) } .headline { font-size: 1.1rem }
.scroll { overflow-x: auto } table { border-collapse: collapse; min-width: 30rem }
th { text-align: left; font-size: .8rem; color: var(--faint); font-weight: 600 }
th, td { padding: .3rem 1.2rem .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top }
tbody tr:nth-child(even) { background: var(--soft) }
@media print { body { margin: 0; max-width: none } h3, tr { break-inside: avoid } }
";

pub(super) fn page(report: &Report) -> String {
    let made_at = report.made_at.strftime("%F %T UTC");
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Users of Amazon Connect</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Users of Amazon Connect</h1>\n\
         <p class=\"faint\">As of {made_at}, by connect-operator report.</p>\n"
    );
    for (title, headline, sections) in groups(report) {
        let _ = writeln!(html, "<h2>{}</h2>\n<p class=\"headline\">{}</p>", escaped(&title), escaped(&headline));
        sections.iter().for_each(|section| add(&mut html, section));
    }
    html.push_str("</body>\n</html>\n");
    html
}

fn add(html: &mut String, section: &Section) {
    let Section { heading, remark, columns, rows } = section;
    let count = if columns.is_empty() { String::new() } else { format!(" <span class=\"faint\">{}</span>", rows.len()) };
    let _ = writeln!(html, "<h3>{}{count}</h3>", escaped(heading));
    if !remark.is_empty() {
        let _ = writeln!(html, "<p>{}</p>", escaped(remark));
    }
    if columns.is_empty() {
        return;
    }
    let cells = |tag: &str, texts: &[String]| -> String {
        texts.iter().map(|text| format!("<{tag}>{}</{tag}>", escaped(text))).collect()
    };
    let titles: Vec<_> = columns.iter().copied().map(title).collect();
    let _ = writeln!(html, "<div class=\"scroll\"><table>\n<thead><tr>{}</tr></thead>\n<tbody>", cells("th", &titles));
    for row in rows {
        let _ = writeln!(html, "<tr>{}</tr>", cells("td", row));
    }
    html.push_str("</tbody>\n</table></div>\n");
}

/// Returns the title of a column, which terminals show as kubectl does: `MANAGED-BY` is "Managed by" here.
fn title(column: &str) -> String {
    let (first, others) = column.split_at(1);
    first.to_owned() + &others.to_lowercase().replace('-', " ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_not_markup() {
        let section = Section {
            heading: "Users".into(),
            remark: "R&D".into(),
            columns: vec!["MANAGED-BY"],
            rows: vec![vec!["<script>alert(\"x\")</script>".into()]],
        };
        let mut html = String::new();
        add(&mut html, &section);
        assert!(html.contains("<th>Managed by</th>"), "{html}");
        assert!(html.contains("<td>&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;</td>"), "{html}");
        assert!(html.contains("R&amp;D") && !html.contains("<script"), "{html}");
    }
}
