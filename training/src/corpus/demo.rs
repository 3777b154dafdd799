//! A short piano trio as a WAV file, for trying out an engine or a host.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use turnaround_core::time::{Metre, SampleRate, Seconds, Tempo};

use super::render::Player;
use super::score::plan::Stage;
use super::score::style::Style;
use super::score::{Composition, Piece, Wishes};

/// What to play.
#[derive(Clone, Debug)]
pub struct DemoOptions<'a> {
    /// Where everything comes from.
    pub seed: u64,
    /// Bars, at least 2.
    pub bars: usize,
    /// Samples per second.
    pub rate: SampleRate,
    /// How it is played.
    pub style: Style,
    /// Quarter notes per minute.
    pub bpm: f64,
    /// A SoundFont file; `None` takes what Debian has installed.
    pub soundfont: Option<&'a Path>,
}

/// The grid of the file that was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemoInfo {
    /// Quarter notes per minute.
    pub tempo: Tempo,
    /// The metre.
    pub metre: Metre,
    /// Where bar 1 starts.
    pub offset: Seconds,
}

/// Writes `bars` bars of a piano trio as 24-bit stereo WAV. Fails when no SoundFont is found, the tempo is none, or the file
/// cannot be written.
pub fn render_demo(out_wav: &Path, options: &DemoOptions) -> Result<DemoInfo> {
    ensure!(options.bars >= 2, "a demo has at least 2 bars");
    let tempo = Tempo::new(options.bpm)?;
    let player = Player::load(options.soundfont)?;
    let piece = demo_piece(options);
    let [left, right] = player.stereo(&piece, options.rate)?;
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: options.rate.hz(),
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(out_wav, spec).with_context(|| format!("cannot write {}", out_wav.display()))?;
    for sample in left.iter().zip(&right).flat_map(|(left, right)| [*left, *right]) {
        writer.write_sample((f64::from(sample) * 8_388_607.0).round() as i32)?;
    }
    writer.finalize()?;
    Ok(DemoInfo { tempo, metre: piece.metre, offset: piece.offset })
}

/// A take cut to the bars asked for, from the first bar of the tune.
pub fn demo_piece(options: &DemoOptions) -> Piece {
    let composition = Composition::in_style(options.seed, options.style);
    let wishes = Wishes { bpm: Some(options.bpm), seconds: Some(60.0), piano_trio: true, ..Wishes::default() };
    let mut piece = Piece::play(&composition, options.seed, wishes);
    let tune = piece.bars.iter().position(|bar| bar.stage == Stage::Head).unwrap_or(0);
    piece.excerpt(tune, options.bars);
    piece
}
