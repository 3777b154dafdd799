//! One recording: its name, a player, its picture with the bar grid.

use anyhow::Result;
use turnaround_core::bars::Bar;
use turnaround_core::time::{SampleRate, Samples, Seconds};

use super::axis::Axis;
use super::html::{escaped, png_address};
use super::picture::{Range, png};
use super::spectrogram::Spectrogram;
use crate::edit::Edit;

/// A recording to show.
pub struct Take {
    /// Class of its colours: `before`, `A`, `B`.
    class: &'static str,
    title: String,
    remark: String,
    file: String,
    /// Where it was edited.
    edited: Vec<(Seconds, Seconds)>,
}

const TOP: f64 = 18.0;
const HEIGHT: f64 = 150.0;
/// Tones named at the vertical axis, in hertz.
const TICKS: [(f64, &str); 4] = [(200.0, "200"), (1000.0, "1 k"), (4000.0, "4 k"), (12_000.0, "12 kHz")];

impl Take {
    /// The trio as it was rendered.
    pub fn before() -> Self {
        Take {
            class: "before",
            title: "Before".into(),
            remark: "as rendered".into(),
            file: "before.wav".into(),
            edited: Vec::new(),
        }
    }

    /// The trio after an edit.
    pub fn after(edit: &Edit, rate: SampleRate) -> Self {
        let seconds = |sample: usize| rate.seconds_from(Samples::from_len(sample));
        Take {
            class: edit.name,
            title: format!("After {}", edit.name),
            remark: edit.action.title(),
            file: edit.file().display().to_string(),
            edited: edit.report.changed.iter().map(|region| (seconds(region.start), seconds(region.end))).collect(),
        }
    }

    /// The recording on the page. Fails when its picture cannot be written.
    pub fn html(&self, axis: &Axis, bars: &[Bar], spectrogram: &Spectrogram, range: Range) -> Result<String> {
        Ok(format!(
            "<article class=\"take {class}\">\n<div class=\"line\"><h3>{title}</h3><span>{remark}</span>\
             <audio controls preload=\"metadata\" src=\"{file}\"></audio></div>\n{drawing}\n</article>",
            class = self.class,
            title = escaped(&self.title),
            remark = escaped(&self.remark),
            file = escaped(&self.file),
            drawing = self.drawing(axis, bars, spectrogram, &png_address(&png(spectrogram, range)?)),
        ))
    }

    fn drawing(&self, axis: &Axis, bars: &[Bar], spectrogram: &Spectrogram, picture: &str) -> String {
        let bottom = TOP + HEIGHT;
        format!(
            "<svg viewBox=\"0 0 {width} {height}\" {attributes} role=\"img\" aria-label=\"spectrogram\">\
             <image href=\"{picture}\" x=\"{left}\" y=\"{TOP}\" width=\"{plot}\" height=\"{HEIGHT}\" preserveAspectRatio=\"none\"/>\
             {lines}{numbers}{ticks}{edited}\
             <line class=\"playhead\" x1=\"{left}\" x2=\"{left}\" y1=\"{TOP}\" y2=\"{bottom}\"/></svg>",
            width = Axis::WIDTH,
            height = bottom + 4.0,
            attributes = axis.attributes(),
            left = Axis::LEFT,
            plot = axis.plot_width(),
            lines = axis.bar_lines(bars, TOP, bottom),
            numbers = axis.bar_numbers(bars, TOP - 6.0),
            ticks = ticks(spectrogram),
            edited = self.edited(axis),
        )
    }

    /// A frame around what was edited, and a band over it beside the bar numbers.
    fn edited(&self, axis: &Axis) -> String {
        let frame = |&(start, end): &(Seconds, Seconds)| {
            let (x, width) = (axis.x(start), axis.x(end) - axis.x(start));
            format!(
                "<rect class=\"edited\" x=\"{x:.2}\" y=\"{TOP}\" width=\"{width:.2}\" height=\"{HEIGHT}\"/>\
                 <rect class=\"tab\" x=\"{x:.2}\" y=\"{:.1}\" width=\"{width:.2}\" height=\"3\"/>",
                TOP - 3.0
            )
        };
        self.edited.iter().map(frame).collect()
    }
}

fn ticks(spectrogram: &Spectrogram) -> String {
    let tick = |&(hz, label): &(f64, &str)| {
        let y = TOP + HEIGHT * (1.0 - (spectrogram.band_of(hz) as f64 + 0.5) / spectrogram.bands() as f64);
        format!(
            "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\">{label}</text><line class=\"tickline\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
            Axis::LEFT - 6.0,
            y + 3.5,
            Axis::LEFT - 4.0,
            Axis::LEFT
        )
    };
    TICKS.iter().map(tick).collect()
}
