//! The table of measures, printed and written to `docs/benchmarks.md`.

#[derive(Clone, Debug)]
pub(super) struct Measure {
    pub measure: String,
    pub goal: String,
    pub measured: String,
    /// Whether the goal was reached. None if there is no goal.
    pub reached: Option<bool>,
}

#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Measure>);

impl Table {
    /// Adds a measure with a goal, and prints it.
    pub(crate) fn add(&mut self, measure: impl Into<String>, goal: &str, measured: String, reached: bool) {
        self.push(Measure { measure: measure.into(), goal: goal.to_owned(), measured, reached: Some(reached) });
    }

    /// Adds a measure without a goal, and prints it.
    pub(super) fn note(&mut self, measure: impl Into<String>, measured: String) {
        self.push(Measure { measure: measure.into(), goal: "–".to_owned(), measured, reached: None });
    }

    fn push(&mut self, row: Measure) {
        eprintln!("{}", line(&row));
        self.0.push(row);
    }

    /// Returns the number of missed goals.
    pub(super) fn missed(&self) -> usize {
        self.0.iter().filter(|row| row.reached == Some(false)).count()
    }

    /// Returns the table in Markdown.
    pub(super) fn markdown(&self) -> String {
        let head = "| measure | must reach | measured | |\n|---|---|---|---|\n".to_owned();
        self.0.iter().fold(head, |text, row| text + &line(row) + "\n")
    }
}

fn line(Measure { measure, goal, measured, reached }: &Measure) -> String {
    let mark = match reached {
        Some(true) => "✓",
        Some(false) => "**missed**",
        None => "",
    };
    format!("| {measure} | {goal} | {measured} | {mark} |")
}
