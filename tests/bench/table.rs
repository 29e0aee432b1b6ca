//! The table: medians with their spread, and how ours compares.

use std::fmt;

/// One thing that was measured of everyone who can do it.
pub struct Row {
    name: String,
    unit: &'static str,
    samples: Vec<Vec<f64>>,
}

impl Row {
    pub fn new(name: String, unit: &'static str, peers: usize) -> Row {
        Row {
            name,
            unit,
            samples: vec![Vec::new(); peers],
        }
    }

    pub fn add(&mut self, peer: usize, value: Option<f64>) {
        self.samples[peer].extend(value);
    }

    /// The median of a peer and its spread, and how many times that ours is.
    fn cell(&self, peer: usize) -> String {
        let mut sorted = self.samples[peer].clone();
        sorted.sort_by(f64::total_cmp);
        let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
            return "-".into();
        };
        let (first, middle, last) = (short(*first), short(median(&sorted)), short(*last));
        let figures = format!("{middle} ({first}-{last})");
        match self.ratio(peer) {
            // Where a peer needs nothing, there is nothing to divide by.
            Some(ratio) if peer > 0 && ratio.is_finite() => format!("{figures} **{ratio:.2}**"),
            _ => figures,
        }
    }

    /// The median of ours over that of another, round by round: what drifts, drifts in both.
    fn ratio(&self, peer: usize) -> Option<f64> {
        let pairs = self.samples[0].iter().zip(&self.samples[peer]);
        let mut ratios: Vec<f64> = pairs.map(|(ours, theirs)| ours / theirs).collect();
        ratios.sort_by(f64::total_cmp);
        (!ratios.is_empty()).then(|| median(&ratios))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {} | {} |", self.name, self.unit)?;
        (0..self.samples.len()).try_for_each(|peer| write!(f, " {} |", self.cell(peer)))
    }
}

/// All rows.
pub struct Table {
    /// Names and versions, ours first.
    pub peers: Vec<(&'static str, String)>,
    rows: Vec<Row>,
}

impl Table {
    pub fn new(peers: Vec<(&'static str, String)>) -> Table {
        Table {
            peers,
            rows: Vec::new(),
        }
    }

    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// How often each was measured.
    pub fn rounds(&self) -> usize {
        self.rows.first().map_or(0, |row| row.samples[0].len())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| what | unit |")?;
        for (name, _) in &self.peers {
            write!(f, " {name} |")?;
        }
        writeln!(f)?;
        writeln!(f, "|---|---|{}", "---|".repeat(self.peers.len()))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

/// Three digits, or all before the point.
fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}
