//! What is measured of a bar beside its original, one measure a file, and all of them at once.

pub mod events;
pub mod flux;
#[cfg(test)]
pub mod hand_made;
pub mod level;
pub mod lsd;
pub mod onsets;
pub mod si_sdr;
pub mod spectrogram;
pub mod stft;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use turnaround_core::chroma::Chroma;
use turnaround_core::mel::MultiScaleMel;
use turnaround_core::time::SampleRate;

use events::{ONSET_TOLERANCE, f_measure};

/// A measure, and what it is called on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Multi-scale log10-mel distance, [`MultiScaleMel`].
    Mel,
    /// Logarithmic short-time spectra, [`stft`].
    StftLog,
    /// Log-spectral distance, [`lsd`].
    LogSpectral,
    /// Cosine of chroma, [`Chroma`].
    Chroma,
    /// Onsets, [`onsets`].
    OnsetF,
    /// Linear short-time spectra, [`stft`].
    StftLinear,
    /// Waveforms, [`si_sdr`].
    SiSdrDb,
    /// Level over the original, [`level`].
    LevelDb,
    /// Energy from 4 to 8 kHz over the original's, [`level`].
    HighsDb,
}

impl Metric {
    /// All of them, in the order of the tables.
    pub const ALL: [Metric; 9] = [
        Metric::Mel,
        Metric::StftLog,
        Metric::LogSpectral,
        Metric::Chroma,
        Metric::OnsetF,
        Metric::StftLinear,
        Metric::SiSdrDb,
        Metric::LevelDb,
        Metric::HighsDb,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Mel => "mel",
            Metric::StftLog => "STFT, log",
            Metric::LogSpectral => "LSD",
            Metric::Chroma => "chroma",
            Metric::OnsetF => "onset F",
            Metric::StftLinear => "STFT, linear",
            Metric::SiSdrDb => "SI-SDR, dB",
            Metric::LevelDb => "level, dB",
            Metric::HighsDb => "4–8 kHz, dB",
        }
    }

    /// What is better: ↓ less, ↑ more, → 0 nearer to nothing.
    pub fn better(self) -> &'static str {
        match self {
            Metric::Mel | Metric::StftLog | Metric::LogSpectral | Metric::StftLinear => "↓",
            Metric::Chroma | Metric::OnsetF | Metric::SiSdrDb => "↑",
            Metric::LevelDb | Metric::HighsDb => "→ 0",
        }
    }

    /// Figures behind the point that mean something.
    pub fn decimals(self) -> usize {
        match self {
            Metric::Mel | Metric::Chroma | Metric::OnsetF => 3,
            Metric::StftLog | Metric::LogSpectral | Metric::StftLinear => 2,
            Metric::SiSdrDb | Metric::LevelDb | Metric::HighsDb => 1,
        }
    }
}

/// What one bar measured. A measure that makes no sense for it, as the harmony of a drum solo, is not there.
pub type Marks = BTreeMap<Metric, f64>;

/// Takes every measure of a bar. Plans all transforms; keep it.
#[derive(Clone, Debug)]
pub struct Ruler {
    rate: SampleRate,
    mel: MultiScaleMel,
    chroma: Chroma,
    stft: stft::MultiScaleStft,
    log_spectral: lsd::LogSpectralDistance,
    onsets: onsets::Onsets,
    highs: level::Highs,
}

impl Ruler {
    /// At the models' rate.
    pub fn new(rate: SampleRate) -> Self {
        Self {
            rate,
            mel: MultiScaleMel::new(rate),
            chroma: Chroma::new(rate),
            stft: stft::MultiScaleStft::default(),
            log_spectral: lsd::LogSpectralDistance::default(),
            onsets: onsets::Onsets::new(rate),
            highs: level::Highs::new(rate.hz()),
        }
    }

    /// The rate it was made for.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Compares a bar with its original, both with `lead` samples of what is before the bar: only onsets look at those, so that what
    /// begins with the bar is heard to begin.
    ///
    /// # Panics
    /// If the two are not equally long, or nothing follows the lead.
    pub fn compare(&self, original: &[f32], made: &[f32], lead: usize) -> Marks {
        assert!(original.len() == made.len() && original.len() > lead, "a bar and its original are equally long");
        let heard = f_measure(&self.onsets.of(original), &self.onsets.of(made), ONSET_TOLERANCE);
        let (original, made) = (&original[lead..], &made[lead..]);
        let stft = self.stft.distance(original, made);
        let marks = Metric::ALL.map(|metric| {
            let mark = match metric {
                Metric::Mel => Some(f64::from(self.mel.distance(original, made))),
                Metric::StftLog => Some(stft.log),
                Metric::LogSpectral => Some(self.log_spectral.distance(original, made)),
                Metric::Chroma => self.chroma.similarity(original, made),
                Metric::OnsetF => heard,
                Metric::StftLinear => Some(stft.linear),
                Metric::SiSdrDb => si_sdr::si_sdr(original, made),
                Metric::LevelDb => Some(level::level_db(original, made)),
                Metric::HighsDb => self.highs.ratio_db(original, made),
            };
            (metric, mark)
        });
        marks.into_iter().filter_map(|(metric, mark)| mark.map(|mark| (metric, mark))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::hand_made::{noise, plucks, scaled};
    use super::*;

    const LEAD: usize = 1600;

    #[test]
    fn an_identical_bar_has_every_measure_at_its_best() {
        let bar = plucks(&[0.1, 0.6, 1.1], 32_000);
        let best = [
            (Metric::Mel, 0.0),
            (Metric::StftLog, 0.0),
            (Metric::LogSpectral, 0.0),
            (Metric::Chroma, 1.0),
            (Metric::OnsetF, 1.0),
            (Metric::StftLinear, 0.0),
            (Metric::SiSdrDb, 100.0),
            (Metric::LevelDb, 0.0),
            (Metric::HighsDb, 0.0),
        ];
        let marks = Ruler::new(SampleRate::MODEL).compare(&bar, &bar, LEAD);
        assert_eq!(marks.len(), Metric::ALL.len());
        for (metric, best) in best {
            assert!((marks[&metric] - best).abs() < 1e-9, "{metric:?}: {}", marks[&metric]);
        }
    }

    #[test]
    fn another_bar_is_worse_in_everything_that_tells_of_likeness() {
        let hissing = |at: &[f64], seed: u64| -> Vec<f32> {
            plucks(at, 32_000).iter().zip(noise(seed, 32_000)).map(|(x, hiss)| x + 0.02 * hiss).collect()
        };
        let (bar, other) = (hissing(&[0.1, 0.6, 1.1], 1), hissing(&[0.3, 0.45, 0.9, 1.4], 2));
        let (ruler, near) = (Ruler::new(SampleRate::MODEL), hissing(&[0.1, 0.6, 1.1], 3));
        let (near, far) = (ruler.compare(&bar, &near, LEAD), ruler.compare(&bar, &other, LEAD));
        for metric in [Metric::Mel, Metric::StftLog, Metric::LogSpectral, Metric::StftLinear] {
            assert!(near[&metric] < far[&metric], "{metric:?}: {} and {}", near[&metric], far[&metric]);
        }
        for metric in [Metric::Chroma, Metric::OnsetF, Metric::SiSdrDb] {
            assert!(near[&metric] > far[&metric], "{metric:?}: {} and {}", near[&metric], far[&metric]);
        }
    }

    #[test]
    fn what_a_bar_does_not_have_is_not_measured() {
        let marks = Ruler::new(SampleRate::MODEL).compare(&[0.0; 16_000], &[0.0; 16_000], LEAD);
        for metric in [Metric::Chroma, Metric::OnsetF, Metric::SiSdrDb, Metric::HighsDb] {
            assert!(!marks.contains_key(&metric), "{metric:?}");
        }
        let loud = scaled(&noise(1, 16_000), 1.0);
        assert!(Ruler::new(SampleRate::MODEL).compare(&loud, &loud, LEAD).contains_key(&Metric::HighsDb));
    }
}
