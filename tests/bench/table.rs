//! The table: medians with their spread, and how ours compares.

use std::fmt;

/// One thing that was measured of everyone.
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

    pub fn add(&mut self, peer: usize, value: f64) {
        self.samples[peer].push(value);
    }

    fn cell(&self, peer: usize) -> String {
        let mut sorted = self.samples[peer].clone();
        sorted.sort_by(f64::total_cmp);
        let (first, last) = (sorted[0], sorted[sorted.len() - 1]);
        format!("{:.3} ({first:.3}-{last:.3})", median(&sorted))
    }

    /// The median of ours over that of another, round by round: what drifts, drifts in both.
    fn ratio(&self, peer: usize) -> f64 {
        let pairs = self.samples[0].iter().zip(&self.samples[peer]);
        let mut ratios: Vec<f64> = pairs.map(|(ours, theirs)| ours / theirs).collect();
        ratios.sort_by(f64::total_cmp);
        median(&ratios)
    }
}

/// All rows.
pub struct Table {
    peers: Vec<&'static str>,
    rows: Vec<Row>,
}

impl Table {
    pub fn new(peers: Vec<&'static str>) -> Table {
        Table {
            peers,
            rows: Vec::new(),
        }
    }

    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| what | unit |")?;
        for (i, peer) in self.peers.iter().enumerate() {
            write!(f, " {peer} |")?;
            if i > 0 {
                write!(f, " ratio |")?;
            }
        }
        writeln!(f)?;
        writeln!(f, "|---|---|{}", "---|".repeat(2 * self.peers.len() - 1))?;
        for row in &self.rows {
            write!(f, "| {} | {} |", row.name, row.unit)?;
            for peer in 0..self.peers.len() {
                write!(f, " {} |", row.cell(peer))?;
                // Where a peer needs nothing, there is nothing to divide by.
                match row.ratio(peer) {
                    _ if peer == 0 => {}
                    ratio if ratio.is_finite() => write!(f, " {ratio:.2} |")?,
                    _ => write!(f, " - |")?,
                }
            }
            writeln!(f)?;
        }
        let rounds = self.rows.first().map_or(0, |row| row.samples[0].len());
        writeln!(
            f,
            "\nMedians of {rounds} rounds in turns (smallest-largest); ratio: ours to theirs."
        )
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
