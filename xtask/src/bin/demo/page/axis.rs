//! The horizontal axis that all pictures share: a recording's length, with bar lines.

use turnaround_core::bars::Bar;
use turnaround_core::time::Seconds;

/// Seconds to drawing units.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    duration: Seconds,
}

impl Axis {
    /// Width of every drawing.
    pub const WIDTH: f64 = 1000.0;
    /// Space for the labels of the vertical axis.
    pub const LEFT: f64 = 44.0;

    /// An axis from 0 to a recording's end.
    pub fn new(duration: Seconds) -> Self {
        Self { duration }
    }

    /// Where a moment lies.
    pub fn x(&self, at: Seconds) -> f64 {
        Self::LEFT + at.get() / self.duration.get() * (Self::WIDTH - Self::LEFT)
    }

    /// Width of the plot.
    pub fn plot_width(&self) -> f64 {
        Self::WIDTH - Self::LEFT
    }

    /// Attributes from which the page's script finds its way from drawing units to seconds.
    pub fn attributes(&self) -> String {
        format!("data-left=\"{}\" data-width=\"{}\" data-seconds=\"{:.6}\"", Self::LEFT, self.plot_width(), self.duration.get())
    }

    /// A line at the start of every bar and at the end of the last.
    pub fn bar_lines(&self, bars: &[Bar], top: f64, bottom: f64) -> String {
        let ends = bars.last().map(|bar| bar.end);
        let moments = bars.iter().map(|bar| bar.start).chain(ends);
        moments
            .map(|at| format!("<line class=\"barline\" x1=\"{0:.2}\" x2=\"{0:.2}\" y1=\"{top}\" y2=\"{bottom}\"/>", self.x(at)))
            .collect()
    }

    /// The number of every bar, in its middle.
    pub fn bar_numbers(&self, bars: &[Bar], y: f64) -> String {
        let number =
            |bar: &Bar| format!("<text class=\"bar\" x=\"{:.2}\" y=\"{y}\">{}</text>", self.middle(bar), bar.number.get());
        bars.iter().map(number).collect()
    }

    /// The middle of a bar.
    pub fn middle(&self, bar: &Bar) -> f64 {
        (self.x(bar.start) + self.x(bar.end)) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_goes_from_the_labels_to_the_edge() {
        let axis = Axis::new(Seconds::new(20.0));
        assert_eq!(axis.x(Seconds::ZERO), Axis::LEFT);
        assert_eq!(axis.x(Seconds::new(20.0)), Axis::WIDTH);
        assert_eq!(axis.x(Seconds::new(10.0)), Axis::LEFT + axis.plot_width() / 2.0);
    }
}
