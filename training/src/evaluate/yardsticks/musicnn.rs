//! musicnn: what a network that learned to tag music hears in three seconds, as 200 numbers.
//!
//! Source: Pons and Serra 2019, the model trained on the Million Song Dataset, as an ONNX graph `msd_musicnn.onnx` (ISC licence, © Music
//! Technology Group, Universitat Pompeu Fabra). Mel spectra in 32-bit floats: the 16-bit ones of the original package overflow.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use turnaround_core::mel::MelFilterbank;
use turnaround_core::time::SampleRate;
use turnaround_engine::runtime::{self, Network, Options, Provider, RuntimeChoice, TensorView};

use crate::evaluate::metrics::level::power;
use crate::evaluate::metrics::spectrogram::{Frames, Spectrogram};
use crate::export::protobuf::Message;

/// The graph's file name.
pub const FILE: &str = "msd_musicnn.onnx";

/// The rate the network hears.
const HZ: u32 = 16_000;
const WINDOW: usize = 512;
const HOP: usize = 256;
const BANDS: usize = 96;
/// Frames the network hears at once.
const PATCH_FRAMES: usize = 187;
/// Frames from one patch to the next.
const PATCH_STEP: usize = 94;

/// Samples of a sound that is one patch, 3 s.
pub const PATCH_SAMPLES: usize = (PATCH_FRAMES - 1) * HOP;

/// Names inside the graph.
const MEL_INPUT: &str = "model/Placeholder:0";
const TRAINING_INPUT: &str = "model/Placeholder_2:0";
const EMBEDDING_OUTPUT: &str = "model/dense/BiasAdd:0";

/// Mean power every passage is brought to, −20 dB under full scale: the embedding moves with level.
const POWER: f64 = 1e-2;

/// The network, loaded.
pub struct Musicnn {
    network: Box<dyn Network>,
    output: usize,
    front_end: FrontEnd,
}

impl Musicnn {
    /// Loads the graph from a folder of yardsticks.
    ///
    /// It holds branches that a logical input decides, which the compiled-in runtime does not run, and the engine feeds numbers only. So
    /// that input is given its value inside the graph, and ONNX Runtime runs it.
    ///
    /// # Errors
    /// When the file cannot be read, there is no ONNX Runtime, or it refuses the graph.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let mut graph = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        graph.extend(always_false(TRAINING_INPUT));
        let options = Options { runtime: RuntimeChoice::OnnxRuntime, provider: Provider::Cpu, ..Options::default() };
        let network = runtime::open(&options)?.load("musicnn", &graph)?;
        let output = network.outputs().iter().position(|port| port.name == EMBEDDING_OUTPUT);
        let output = output.with_context(|| format!("{} has no output {EMBEDDING_OUTPUT}", path.display()))?;
        Ok(Self { network, output, front_end: FrontEnd::new() })
    }

    /// An embedding for each patch of a sound at 16 kHz, which is brought to one level first; none where it is shorter than a patch or
    /// silent.
    ///
    /// # Errors
    /// When the network fails.
    pub fn embeddings(&self, sound: &[f32], rate: SampleRate) -> Result<Vec<Vec<f32>>> {
        ensure!(rate.hz() == HZ, "musicnn hears {HZ} Hz, not {} Hz", rate.hz());
        let gain = (POWER / power(sound)).sqrt() as f32;
        let mel = self.front_end.log_mel(&sound.iter().map(|x| gain * x).collect::<Vec<f32>>());
        let frames = mel.len() / BANDS;
        let starts = (0..(frames + 1).saturating_sub(PATCH_FRAMES)).step_by(PATCH_STEP);
        let patches: Vec<f32> = starts.flat_map(|start| &mel[start * BANDS..(start + PATCH_FRAMES) * BANDS]).copied().collect();
        let count = patches.len() / (PATCH_FRAMES * BANDS);
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut outputs = self.network.run(&[(MEL_INPUT, TensorView::new(&[count, PATCH_FRAMES, BANDS], &patches))])?;
        let embeddings = outputs.swap_remove(self.output);
        Ok(embeddings.values().chunks_exact(embeddings.values().len() / count).map(<[f32]>::to_vec).collect())
    }
}

/// The mel spectrum the network was trained on: librosa's with its defaults, as `log10(10000 m + 1)` of power.
struct FrontEnd {
    spectrogram: Spectrogram,
    bands: MelFilterbank,
}

impl FrontEnd {
    fn new() -> Self {
        let rate = SampleRate::new(HZ).expect("16 kHz is a rate");
        Self { spectrogram: Spectrogram::new(WINDOW, HOP, Frames::Centred), bands: MelFilterbank::new(rate, WINDOW, BANDS) }
    }

    /// `[frame, band]`, a frame centred on every whole hop from 0 to the sound's length.
    fn log_mel(&self, sound: &[f32]) -> Vec<f32> {
        // A frame on the very end counts too, as in librosa.
        let with_end: Vec<f32> = sound.iter().copied().chain([0.0]).collect();
        let magnitudes = self.spectrogram.magnitudes(&with_end);
        let frame = |row: &[f32]| self.bands.apply(&row.iter().map(|x| x * x).collect::<Vec<f32>>());
        magnitudes.chunks_exact(self.spectrogram.bins()).flat_map(frame).map(|m| (10_000.0 * m + 1.0).log10()).collect()
    }
}

/// What, put behind a graph's bytes, gives its logical input `name` the value false: protobuf merges messages that follow each other, so
/// this adds an initial value to the graph that is there.
fn always_false(name: &str) -> Vec<u8> {
    /// TensorProto's number for logical values.
    const BOOL: i64 = 9;
    let (mut tensor, mut graph, mut model) = (Message::default(), Message::default(), Message::default());
    // A tensor without axes: type, name, one raw byte.
    tensor.int(2, BOOL).text(8, name).bytes(9, &[0]);
    graph.message(5, &tensor);
    model.message(7, &graph);
    model.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rising tone that fades in over a steady one, as in `training/scripts/musicnn_mel.py`.
    fn sound() -> Vec<f32> {
        let value = |i: f64| {
            let rising = (std::f64::consts::TAU * (0.01 * i + 4e-5 * i * i)).sin();
            0.3 * i / 2048.0 * rising + 0.1 * (std::f64::consts::TAU * 440.0 * i / 16_000.0).sin()
        };
        (0..2048).map(|i| value(f64::from(i)) as f32).collect()
    }

    #[test]
    fn the_front_end_is_the_one_the_network_was_trained_with() {
        // Printed by `python3 training/scripts/musicnn_mel.py`, which agrees with librosa to 7e-7.
        let expected = [
            (0, 5, 2.40636),
            (1, 10, 2.21516),
            (3, 20, 0.01797),
            (4, 21, 0.00094),
            (5, 40, 0.07931),
            (6, 57, 4.17101),
            (7, 70, 0.00006),
            (8, 95, 1.13444),
            (8, 0, 0.40164),
        ];
        let mel = FrontEnd::new().log_mel(&sound());
        assert_eq!(mel.len(), 9 * BANDS);
        for (frame, band, expected) in expected {
            let found = mel[frame * BANDS + band];
            // Numbers are printed to five places and computed with 32-bit floats.
            assert!((found - expected).abs() < 2e-5, "frame {frame}, band {band}: {found} for {expected}");
        }
        let mean = mel.iter().sum::<f32>() / mel.len() as f32;
        assert!((mean - 0.83166).abs() < 2e-5, "{mean}");
    }

    #[test]
    fn a_logical_input_is_given_its_value_by_bytes_behind_the_graph() {
        // Field 7 of the model, field 5 of the graph: type 9, name, one raw byte of 0.
        assert_eq!(always_false("x:0"), [0x3a, 12, 0x2a, 10, 0x10, 9, 0x42, 3, b'x', b':', b'0', 0x4a, 1, 0]);
    }

    #[test]
    fn a_folder_without_the_graph_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let Err(error) = Musicnn::open(folder.path()) else { panic!("an empty folder has no graph") };
        assert!(format!("{error:#}").contains(FILE), "{error:#}");
    }
}
