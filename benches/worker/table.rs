/*! Rows of figures go in; a Markdown table or JSON comes out. */

use serde_json::{Map, Value, json};

/// A table; each row has a name and a figure for each column.
pub struct Table {
    title: String,
    columns: Vec<&'static str>,
    rows: Vec<(String, Vec<f64>)>,
}

impl Table {
    pub fn new(title: impl Into<String>, columns: &[&'static str]) -> Self {
        Self {
            title: title.into(),
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, name: impl Into<String>, figures: &[f64]) {
        self.rows.push((name.into(), figures.to_vec()));
    }

    pub fn print(&self, as_json: bool) {
        if as_json {
            println!("{}", self.json());
            return;
        }
        println!("\n| {} | {} |", self.title, self.columns.join(" | "));
        println!("|---|{}", "---:|".repeat(self.columns.len()));
        for (name, figures) in &self.rows {
            let figures: Vec<_> = figures.iter().map(|f| shown(*f)).collect();
            println!("| {name} | {} |", figures.join(" | "));
        }
    }

    fn json(&self) -> Value {
        let rows: Map<_, _> = self
            .rows
            .iter()
            .map(|(name, figures)| {
                let figures: Map<_, _> = self
                    .columns
                    .iter()
                    .zip(figures)
                    .map(|(column, figure)| ((*column).to_owned(), json!(figure)))
                    .collect();
                (name.clone(), Value::Object(figures))
            })
            .collect();
        json!({"title": self.title, "rows": rows})
    }
}

/// A figure with three significant digits and grouped thousands.
fn shown(figure: f64) -> String {
    match figure.abs() {
        n if n.is_nan() => "–".to_owned(),
        n if n >= 1000.0 => {
            let digits = format!("{:.0}", figure);
            let mut out = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place) % 3 == 0 && !out.ends_with('-') {
                    out.push(',');
                }
                out.push(digit);
            }
            out
        }
        n if n >= 100.0 => format!("{figure:.0}"),
        n if n >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    match figures.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => figures[n / 2],
        n => f64::midpoint(figures[n / 2 - 1], figures[n / 2]),
    }
}
