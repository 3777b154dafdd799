//! What more computing buys: one figure of the same held-out items after trainings of several lengths, the curve through them, and what it
//! foretells of longer ones.
//!
//! The curve is a power law that ends at what no computing removes, `limit + reach · operations^-exponent` (Henighan et al., arXiv
//! 2010.14701). Its intervals say how much hangs on which items were measured, not on the seeds of the trainings or on whether the law
//! holds; that [`Curve::foretold`] by shorter trainings what the longest came to is the only word on the latter.

use std::fmt::Write;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;

use crate::chance::Interval;

/// Lengths of training that a curve needs: one more than it has numbers to find.
const LENGTHS: usize = 4;

/// Exponents that are tried, in twentieths. A smaller one is a straight line over the logarithm of operations, a larger one a step.
const EXPONENTS: RangeInclusive<u32> = 1..=30;

/// Points from one end of a drawn curve to the other.
const DRAWN: usize = 60;

/// What is measured of every item, made into one figure.
#[derive(Clone, Copy)]
pub struct Figure {
    /// What the axis and the table call it.
    pub name: &'static str,
    /// The figure of some items' two numbers each.
    pub of: fn(&mut dyn Iterator<Item = [f64; 2]>) -> f64,
    /// What it can't fall below, where there is such an end.
    pub least: Option<f64>,
}

/// Mean of the first numbers: of distances, which end at zero.
pub fn mean(items: &mut dyn Iterator<Item = [f64; 2]>) -> f64 {
    let (sum, count) = items.fold((0.0, 0.0), |(sum, count), [value, _]| (sum + value, count + 1.0));
    sum / count
}

/// By how many decibels the sum of the first numbers, squared errors, lies below that of the second.
pub fn decibels_between(items: &mut dyn Iterator<Item = [f64; 2]>) -> f64 {
    let [first, second] = items.fold([0.0; 2], |[first, second], item| [first + item[0], second + item[1]]);
    10.0 * (second / first).log10()
}

/// One training and what was measured after it.
pub struct Training {
    /// What was trained; trainings of one name make one curve.
    pub name: String,
    /// Floating-point operations that it took.
    pub operations: f64,
    /// Two numbers of every held-out item, the items in the same order after every training.
    pub items: Vec<[f64; 2]>,
}

/// A figure over the lengths of training.
struct Series {
    name: String,
    figure: Figure,
    trainings: Vec<Training>,
}

/// `limit + reach · (operations / unit)^-exponent`.
#[derive(Clone, Copy, Debug)]
struct Law {
    limit: f64,
    reach: f64,
    exponent: f64,
    unit: f64,
}

impl Law {
    /// The law nearest to points `(operations, figure)` by squares, its limit no lower than `least`.
    fn through(points: &[(f64, f64)], least: Option<f64>) -> Self {
        let unit = points.iter().map(|(operations, _)| *operations).fold(0.0, f64::max);
        let fitted = EXPONENTS.map(|exponent| Self::of_exponent(points, unit, f64::from(exponent) / 20.0, least));
        let error = |law: &Self| points.iter().map(|&(operations, figure)| (law.at(operations) - figure).powi(2)).sum::<f64>();
        fitted.min_by(|a, b| error(a).total_cmp(&error(b))).expect("some exponents are tried")
    }

    fn of_exponent(points: &[(f64, f64)], unit: f64, exponent: f64, least: Option<f64>) -> Self {
        let terms: Vec<(f64, f64)> =
            points.iter().map(|&(operations, figure)| ((operations / unit).powf(-exponent), figure)).collect();
        let mean = |value: fn(&(f64, f64)) -> f64| terms.iter().map(value).sum::<f64>() / terms.len() as f64;
        let (term, figure) = (mean(|point| point.0), mean(|point| point.1));
        let across = terms.iter().map(|point| (point.0 - term) * (point.1 - figure)).sum::<f64>();
        let along = terms.iter().map(|point| (point.0 - term).powi(2)).sum::<f64>();
        let reach = across / along;
        let limit = figure - reach * term;
        match least {
            Some(least) if limit < least => {
                let across = terms.iter().map(|point| point.0 * (point.1 - least)).sum::<f64>();
                let along = terms.iter().map(|point| point.0.powi(2)).sum::<f64>();
                Self { limit: least, reach: across / along, exponent, unit }
            }
            _ => Self { limit, reach, exponent, unit },
        }
    }

    fn at(&self, operations: f64) -> f64 {
        self.limit + self.reach * (operations / self.unit).powf(-self.exponent)
    }
}

impl Series {
    /// One for every name that was trained at enough lengths, the shortest training first.
    fn of(figure: Figure, trainings: Vec<Training>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for training in trainings {
            match all.iter_mut().find(|series| series.name == training.name) {
                Some(series) => series.trainings.push(training),
                None => all.push(Self { name: training.name.clone(), figure, trainings: vec![training] }),
            }
        }
        for series in &mut all {
            series.trainings.sort_by(|a, b| a.operations.total_cmp(&b.operations));
        }
        all.retain(|series| series.trainings.len() >= LENGTHS);
        all
    }

    fn items(&self) -> Vec<usize> {
        (0..self.trainings[0].items.len()).collect()
    }

    fn figure(&self, training: &Training, items: &[usize]) -> f64 {
        (self.figure.of)(&mut items.iter().map(|&item| training.items[item]))
    }

    fn law(&self, trainings: &[Training], items: &[usize]) -> Law {
        let points: Vec<(f64, f64)> =
            trainings.iter().map(|training| (training.operations, self.figure(training, items))).collect();
        Law::through(&points, self.figure.least)
    }

    fn measured(&self, training: &Training, seed: u64) -> Interval {
        Interval::of_figure(&self.items(), seed, |items| self.figure(training, &items.collect::<Vec<_>>()))
    }

    /// What the law through some of the trainings says of one of so many operations.
    fn foretold(&self, trainings: &[Training], operations: f64, seed: u64) -> Interval {
        Interval::of_figure(&self.items(), seed, |items| self.law(trainings, &items.collect::<Vec<_>>()).at(operations))
    }

    fn longest(&self) -> &Training {
        self.trainings.last().expect("a series has trainings")
    }

    /// One row of the table.
    fn row(&self, ahead: &[f64], seed: u64) -> String {
        let longest = self.longest();
        let shorter = &self.trainings[..self.trainings.len() - 1];
        let law = self.law(&self.trainings, &self.items());
        let mut text = format!(
            "| {} | {:.3} | {:.2} | {} | {} |",
            self.name,
            law.limit,
            law.exponent,
            self.foretold(shorter, longest.operations, seed).rounded(3),
            self.measured(longest, seed).rounded(3)
        );
        for &operations in ahead {
            write!(text, " {} |", self.foretold(&self.trainings, operations, seed).rounded(3))
                .expect("text takes whatever is written");
        }
        text
    }
}

/// Tells what more operations would buy, and draws it to `picture`, an SVG; nothing where no name was trained at enough lengths. `ahead` are the
/// operations that are asked about.
///
/// # Errors
/// When the picture cannot be written.
pub fn report(figure: Figure, trainings: Vec<Training>, ahead: &[f64], seed: u64, picture: &Path) -> Result<Option<String>> {
    let all = Series::of(figure, trainings);
    let Some(longest) = all.iter().map(|series| series.longest().operations).reduce(f64::max) else { return Ok(None) };
    let mut text =
        format!("| {}, of | limit | exponent | the longest, foretold by the others | the longest, measured |", figure.name);
    for &operations in ahead {
        write!(text, " at {} |", teraflop(operations))?;
    }
    writeln!(text, "\n|{}", "---|".repeat(5 + ahead.len()))?;
    for series in &all {
        writeln!(text, "{}", series.row(ahead, seed))?;
    }
    draw(figure, &all, ahead.iter().copied().fold(longest, f64::max), seed, picture)?;
    Ok(Some(text))
}

/// Operations as people say them.
pub fn teraflop(operations: f64) -> String {
    format!("{} teraflop", (operations / 1e12 * 1e3).round() / 1e3)
}

/// Points with their intervals, laws through them, and the band that the law's interval makes.
fn draw(figure: Figure, all: &[Series], last: f64, seed: u64, path: &Path) -> Result<()> {
    let first = all.iter().map(|series| series.trainings[0].operations).fold(f64::INFINITY, f64::min);
    let places: Vec<f64> = (0..DRAWN).map(|place| first * (last / first).powf(place as f64 / (DRAWN - 1) as f64)).collect();
    let bands: Vec<Vec<Interval>> = all
        .iter()
        .map(|series| places.iter().map(|&operations| series.foretold(&series.trainings, operations, seed)).collect())
        .collect();
    let points: Vec<Vec<Interval>> =
        all.iter().map(|series| series.trainings.iter().map(|training| series.measured(training, seed)).collect()).collect();
    let ends = || bands.iter().chain(&points).flatten().flat_map(|interval| [interval.low, interval.high]);
    let (low, high) = (ends().fold(f64::INFINITY, f64::min), ends().fold(f64::NEG_INFINITY, f64::max));
    let room = 0.05 * (high - low).max(1e-9);

    crate::picture::letters();
    let area = SVGBackend::new(path, (900, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(14)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d((first * 0.8 / 1e12..last * 1.25 / 1e12).log_scale(), low - room..high + room)?;
    chart
        .configure_mesh()
        .x_desc("operations of the training, teraflop")
        .y_desc(figure.name)
        .x_label_formatter(&|teraflop| teraflop.to_string())
        .light_line_style(WHITE)
        .draw()?;
    for (index, series) in all.iter().enumerate() {
        let colour = Palette99::pick(index).to_rgba();
        let along = |end: fn(&Interval) -> f64| places.iter().map(|place| place / 1e12).zip(bands[index].iter().map(end));
        let outline: Vec<(f64, f64)> =
            along(|band| band.low).chain(along(|band| band.high).collect::<Vec<_>>().into_iter().rev()).collect();
        chart.draw_series([Polygon::new(outline, colour.mix(0.15))])?;
        chart
            .draw_series(LineSeries::new(along(|band| band.mean), colour.stroke_width(2)))?
            .label(&series.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        let measured = || series.trainings.iter().map(|training| training.operations / 1e12).zip(&points[index]);
        chart.draw_series(measured().map(|(at, point)| PathElement::new([(at, point.low), (at, point.high)], colour)))?;
        chart.draw_series(measured().map(|(at, point)| Circle::new((at, point.mean), 4, colour.filled())))?;
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    area.present().with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISTANCE: Figure = Figure { name: "distance", of: mean, least: Some(0.0) };

    /// Items that follow a law, each a little off, always to the same side.
    fn trainings(name: &str, limit: f64, reach: f64, exponent: f64, lengths: &[f64]) -> Vec<Training> {
        let figure = |operations: f64| limit + reach * (operations / 1e12).powf(-exponent);
        let item = |number: usize| 0.01 * (number as f64 - 9.5) / 10.0;
        let measured = |&operations: &f64| Training {
            name: name.to_owned(),
            operations,
            items: (0..20).map(|number| [figure(operations) + item(number), 0.0]).collect(),
        };
        lengths.iter().map(measured).collect()
    }

    #[test]
    fn a_law_is_found_again_and_foretells_what_it_has_not_seen() {
        let all = Series::of(DISTANCE, trainings("one", 0.2, 0.3, 0.5, &[8e12, 1e12, 2e12, 4e12]));
        let series = &all[0];
        let law = series.law(&series.trainings, &series.items());
        assert!((law.limit - 0.2).abs() < 1e-6 && (law.exponent - 0.5).abs() < 1e-9, "{law:?}");
        let foretold = series.foretold(&series.trainings, 1e14, 1);
        assert!(
            (foretold.mean - 0.23).abs() < 1e-6 && foretold.low < foretold.mean && foretold.high > foretold.mean,
            "{foretold}"
        );
        let shorter = series.foretold(&series.trainings[..3], 8e12, 1);
        assert!((shorter.mean - series.measured(series.longest(), 1).mean).abs() < 1e-6);
    }

    #[test]
    fn a_distance_is_not_foretold_below_nothing() {
        let straight = [(1.0, 0.4), (10.0, 0.3), (100.0, 0.2), (1000.0, 0.1)];
        let free = Law::through(&straight, None);
        assert!(free.at(1e6) < 0.0, "a straight line goes on: {free:?}");
        let held = Law::through(&straight, Some(0.0));
        assert!(held.limit >= 0.0 && held.at(1e6) > 0.0, "{held:?}");
    }

    #[test]
    fn decibels_rise_towards_their_limit() {
        let figure = Figure { name: "ΔPSNR", of: decibels_between, least: None };
        let ratio = |operations: f64| 10f64.powf((3.0 - 2.0 * (operations / 1e12).powf(-0.4)) / 10.0);
        let measured = |operations: f64| Training {
            name: "dynamics".into(),
            operations,
            items: (1..=8).map(|size| [f64::from(size), f64::from(size) * ratio(operations)]).collect(),
        };
        let all = Series::of(figure, [1e12, 2e12, 4e12, 8e12].map(measured).into());
        let law = all[0].law(&all[0].trainings, &all[0].items());
        assert!((law.limit - 3.0).abs() < 1e-6 && law.reach < 0.0, "{law:?}");
    }

    #[test]
    fn a_report_has_a_row_for_whatever_was_trained_at_enough_lengths() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let picture = folder.path().join("scaling.svg");
        let mut all = trainings("often", 0.2, 0.3, 0.5, &[1e12, 2e12, 4e12, 8e12]);
        all.extend(trainings("seldom", 0.2, 0.3, 0.5, &[1e12, 2e12, 4e12]));
        let text = report(DISTANCE, all, &[1e14], 1, &picture).expect("it is drawn").expect("one was trained often");
        assert!(
            text.contains("at 100 teraflop") && text.contains("| often | 0.200 | 0.50 |") && !text.contains("seldom"),
            "{text}"
        );
        let drawn = std::fs::read_to_string(&picture).expect("it was written");
        assert!(drawn.contains("often") && drawn.contains("distance"));

        let few = trainings("seldom", 0.2, 0.3, 0.5, &[1e12, 2e12, 4e12]);
        let nothing = report(DISTANCE, few, &[1e14], 1, &folder.path().join("none.svg")).expect("there is nothing to draw");
        assert!(nothing.is_none() && !folder.path().join("none.svg").exists());
    }
}
