//! A model set without learning, for tests: each action is a tone, so what was done to a bar can be heard in the buffer.
//!
//! Channel c of a latent token is the loudness of bin 10 + 6 c. The dynamics writes the channel of the action it is given, the decoder
//! writes the tones of the channels, and a tenth of its noise, so that seeds can be told apart. In a set with instruments each of these is
//! a tone too, after those of the actions. Every call is written down.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use turnaround_core::contract::{Action, Axis, FORMAT, Graph, GraphFile, Manifest, Port, Sizes, Statistics, TrainingSummary};
use turnaround_core::instruments::Instrument;

use crate::model_set::ModelSet;
use crate::runtime::{Dimension, Network, PortInfo, RuntimeError, RuntimeReport, Tensor, TensorView};
use crate::{Engine, runtime};

/// One call of one network: its inputs.
#[derive(Clone, Debug)]
pub(crate) struct FakeCall {
    pub graph: Graph,
    pub inputs: Vec<Tensor>,
}

pub(crate) type Calls = Arc<Mutex<Vec<FakeCall>>>;

/// The scale of a bin without a tone, frames being divided by it before the decoder sees them; so soft that its noise, moved towards it,
/// stays below every tone. A bin with a tone is expected to be as loud as it is.
const HISS: f32 = 0.04;

/// How loud a channel's tone is, in real parts of companded frames.
fn tone(channel: f32) -> f32 {
    0.5 * channel.max(0.0)
}

/// The bin of an action's tone.
pub(crate) fn bin(action: usize) -> usize {
    10 + 6 * action
}

pub(crate) fn sizes() -> Sizes {
    Sizes {
        sample_rate: 16_000,
        hop: 256,
        bins: 256,
        frames_per_token: 4,
        channels: 16,
        slots: 32,
        slots_per_patch: 2,
        features: 16,
        actions: 8,
        active_actions: 3,
        instruments: 0,
        action_width: 10,
        layers: 2,
        heads: 1,
        head_width: 2,
        window_bars: 8,
        margin_tokens: 2,
    }
}

/// The channel of an instrument's tone, by its place in the set.
pub(crate) fn channel_of_player(place: usize) -> usize {
    sizes().actions + place
}

fn manifest(instruments: &[Instrument]) -> Manifest {
    let count = instruments.len();
    let sizes = Sizes { instruments: count, action_width: sizes().action_width + count, ..sizes() };
    let graph = |graph: Graph| GraphFile {
        file: format!("{graph}.onnx"),
        bytes: 0,
        sha256: String::new(),
        inputs: graph.inputs(&sizes),
        outputs: graph.outputs(&sizes),
    };
    Manifest {
        format: FORMAT,
        name: "fake".into(),
        version: "1".into(),
        sizes,
        statistics: Statistics {
            compand_exponent: 0.65,
            bin_scale: vec![1.0; sizes.bins],
            decoded_gain: vec![1.0; sizes.bins],
            slot_mean: vec![0.0; sizes.channels],
            slot_deviation: vec![1.0; sizes.channels],
            latent_epsilon: 1e-3,
            context_noise_level: 0.02,
            reference_actions: vec![vec![(7, 1.0)]],
        },
        actions: (0..sizes.actions).map(|n| Action { label: format!("tone {n}"), usage: 0.1, measured: None }).collect(),
        instruments: instruments.to_vec(),
        graphs: Graph::ALL.into_iter().map(|name| (name, graph(name))).collect(),
        training: TrainingSummary {
            preset: "none".into(),
            seed: 0,
            data: "none".into(),
            corpus_hours: 0.0,
            training_bars: 0,
            steps: BTreeMap::new(),
            losses: BTreeMap::new(),
            parameters: BTreeMap::new(),
        },
    }
}

pub(crate) fn engine() -> (Engine, Calls) {
    engine_with(&[])
}

/// An engine whose set knows these instruments.
pub(crate) fn engine_with(instruments: &[Instrument]) -> (Engine, Calls) {
    let (calls, manifest) = (Calls::default(), manifest(instruments));
    let networks = networks(&manifest.sizes, &calls);
    (Engine::new(ModelSet::from_networks(manifest, networks, report()).unwrap()), calls)
}

/// An engine one of whose networks returns what is no number.
pub(crate) fn broken_engine(broken: Graph) -> Engine {
    let (calls, manifest) = (Calls::default(), manifest(&[]));
    let mut networks = networks(&manifest.sizes, &calls);
    let inner = fake(broken, &manifest.sizes, &calls);
    let (inputs, outputs) = (inner.inputs.clone(), inner.outputs.clone());
    networks.insert(broken, Box::new(BrokenNetwork { inner, inputs, outputs }));
    Engine::new(ModelSet::from_networks(manifest, networks, report()).unwrap())
}

fn report() -> RuntimeReport {
    RuntimeReport {
        runtime: "fake".into(),
        version: "1".into(),
        library: None,
        provider: "cpu".into(),
        threads: runtime::DEFAULT_THREADS,
        notes: Vec::new(),
    }
}

fn networks(sizes: &Sizes, calls: &Calls) -> BTreeMap<Graph, Box<dyn Network>> {
    let network = |graph: Graph| Box::new(fake(graph, sizes, calls)) as Box<dyn Network>;
    Graph::ALL.into_iter().map(|graph| (graph, network(graph))).collect()
}

fn fake(graph: Graph, sizes: &Sizes, calls: &Calls) -> FakeNetwork {
    let ports = |ports: Vec<Port>| ports.into_iter().map(port).collect();
    let (inputs, outputs) = (ports(graph.inputs(sizes)), ports(graph.outputs(sizes)));
    FakeNetwork { graph, sizes: *sizes, inputs, outputs, calls: calls.clone() }
}

fn port(port: Port) -> PortInfo {
    let axis = |axis| match axis {
        Axis::Fixed(length) => Dimension::Fixed(length),
        _ => Dimension::Free,
    };
    PortInfo { name: port.name, shape: Some(port.shape.into_iter().map(axis).collect()), is_f32: true }
}

struct FakeNetwork {
    graph: Graph,
    sizes: Sizes,
    inputs: Vec<PortInfo>,
    outputs: Vec<PortInfo>,
    calls: Calls,
}

impl Network for FakeNetwork {
    fn inputs(&self) -> &[PortInfo] {
        &self.inputs
    }

    fn outputs(&self) -> &[PortInfo] {
        &self.outputs
    }

    fn run(&self, inputs: &[(&str, TensorView<'_>)]) -> Result<Vec<Tensor>, RuntimeError> {
        let inputs: Vec<Tensor> =
            inputs.iter().map(|(_, view)| Tensor::new(view.shape().to_vec(), view.values().to_vec())).collect();
        for (input, port) in inputs.iter().zip(&self.inputs) {
            check(self.graph, input, port);
        }
        self.calls.lock().unwrap().push(FakeCall { graph: self.graph, inputs: inputs.clone() });
        let outputs = compute(self.graph, &inputs, &self.sizes);
        for (output, port) in outputs.iter().zip(&self.outputs) {
            check(self.graph, output, port);
        }
        Ok(outputs)
    }
}

struct BrokenNetwork {
    inner: FakeNetwork,
    inputs: Vec<PortInfo>,
    outputs: Vec<PortInfo>,
}

impl Network for BrokenNetwork {
    fn inputs(&self) -> &[PortInfo] {
        &self.inputs
    }

    fn outputs(&self) -> &[PortInfo] {
        &self.outputs
    }

    fn run(&self, inputs: &[(&str, TensorView<'_>)]) -> Result<Vec<Tensor>, RuntimeError> {
        let outputs = self.inner.run(inputs)?;
        let broken = |tensor: &Tensor| Tensor::new(tensor.shape().to_vec(), vec![f32::NAN; tensor.values().len()]);
        Ok(outputs.iter().map(broken).collect())
    }
}

fn check(graph: Graph, tensor: &Tensor, port: &PortInfo) {
    let shape = port.shape.as_ref().unwrap();
    let fits = shape.len() == tensor.shape().len()
        && shape.iter().zip(tensor.shape()).all(|(axis, &length)| match axis {
            Dimension::Fixed(expected) => *expected == length,
            Dimension::Free => length > 0,
        });
    assert!(fits, "{graph} {}: {:?} is not {shape:?}", port.name, tensor.shape());
}

fn compute(graph: Graph, inputs: &[Tensor], sizes: &Sizes) -> Vec<Tensor> {
    match graph {
        Graph::Encoder => vec![encoder(&inputs[0], sizes)],
        Graph::DecoderCondition => decoder_condition(&inputs[0], sizes),
        Graph::DecoderStep => vec![decoder_step(inputs, sizes)],
        Graph::AdapterEncoder | Graph::AdapterDecoder => vec![interpolated(&inputs[0], &inputs[1])],
        Graph::ActionEncoder => action_encoder(&inputs[0], sizes),
        Graph::ActionEmbedding => vec![action_embedding(inputs, sizes)],
        Graph::DynamicsContext => {
            let [batch, context] = [inputs[0].shape()[0], inputs[0].shape()[1]];
            let shape = vec![sizes.layers, batch, 1, context * sizes.slots / sizes.slots_per_patch, sizes.head_width];
            let length = shape.iter().product();
            vec![Tensor::new(shape.clone(), vec![1.0; length]), Tensor::new(shape, vec![2.0; length])]
        }
        Graph::DynamicsStep => vec![dynamics_step(inputs, sizes)],
    }
}

fn encoder(frames: &Tensor, sizes: &Sizes) -> Tensor {
    let mut values = Vec::new();
    for token in frames.values().chunks_exact(sizes.frames_per_token * 2 * sizes.bins) {
        for channel in 0..sizes.channels {
            let loudness = |row: &[f32]| row[bin(channel)].hypot(row[sizes.bins + bin(channel)]);
            values.push(token.chunks_exact(2 * sizes.bins).map(loudness).sum::<f32>() / sizes.frames_per_token as f32);
        }
    }
    turnaround_core::latents::normalise_tokens(&mut values, sizes.channels, 1e-3);
    Tensor::new(vec![1, frames.shape()[1] / sizes.frames_per_token, sizes.channels], values)
}

fn decoder_condition(latents: &Tensor, sizes: &Sizes) -> Vec<Tensor> {
    let tokens = latents.shape()[1];
    let repeated = |token: &[f32]| token.repeat(sizes.frames_per_token);
    let features = latents.values().chunks_exact(sizes.channels).flat_map(repeated).collect();
    let frames = sizes.frames_per_token * tokens;
    let mut scale = vec![HISS; frames * sizes.bins];
    for (row, token) in
        scale.chunks_exact_mut(sizes.frames_per_token * sizes.bins).zip(latents.values().chunks_exact(sizes.channels))
    {
        for frame in row.chunks_exact_mut(sizes.bins) {
            for (channel, value) in token.iter().enumerate() {
                frame[bin(channel)] = frame[bin(channel)].max(tone(*value) / std::f32::consts::SQRT_2);
            }
        }
    }
    let scale = Tensor::new(vec![1, frames, sizes.bins], scale);
    vec![Tensor::new(vec![1, frames, sizes.channels], features), scale]
}

/// Half as loud as it should be, like the mean of all that a network thinks possible; the sampler raises it by as much.
fn decoder_step(inputs: &[Tensor], sizes: &Sizes) -> Tensor {
    let mut clean: Vec<f32> = inputs[0].values().iter().map(|x| 0.02 * x).collect();
    let rows = clean.chunks_exact_mut(2 * sizes.bins);
    let conditions = inputs[2].values().chunks_exact(sizes.channels).zip(inputs[3].values().chunks_exact(sizes.bins));
    for (row, (token, scale)) in rows.zip(conditions) {
        for (channel, value) in token.iter().enumerate() {
            row[bin(channel)] += 0.5 * tone(*value) / scale[bin(channel)];
        }
    }
    Tensor::new(inputs[0].shape().to_vec(), clean)
}

/// The matrix times the latents.
fn interpolated(latents: &Tensor, matrix: &Tensor) -> Tensor {
    let (channels, from) = (latents.shape()[2], latents.shape()[1]);
    let mut values = Vec::new();
    for row in matrix.values().chunks_exact(from) {
        for channel in 0..channels {
            values.push(row.iter().enumerate().map(|(n, weight)| weight * latents.values()[n * channels + channel]).sum());
        }
    }
    Tensor::new(vec![1, matrix.shape()[0], channels], values)
}

/// The score of an action is the loudness of its tone; an instrument whose tone is heard plays.
fn action_encoder(slots: &Tensor, sizes: &Sizes) -> Vec<Tensor> {
    let mut loudness = vec![0.0; sizes.channels];
    for slot in slots.values().chunks_exact(sizes.channels) {
        loudness.iter_mut().zip(slot).for_each(|(sum, value)| *sum += value);
    }
    let scores = Tensor::new(vec![1, sizes.actions], loudness[..sizes.actions].to_vec());
    let plays = |place: usize| f32::from(u8::from(loudness[channel_of_player(place)] > 0.0));
    let players =
        (sizes.instruments > 0).then(|| Tensor::new(vec![1, sizes.instruments], (0..sizes.instruments).map(plays).collect()));
    [scores].into_iter().chain(players).collect()
}

/// The weights themselves, then the null flag, then a one, then the players.
fn action_embedding(inputs: &[Tensor], sizes: &Sizes) -> Tensor {
    let players = inputs.get(2).map_or(&[][..], Tensor::values);
    let values =
        inputs[0].values().iter().chain(inputs[1].values()).copied().chain([1.0]).chain(players.iter().copied()).collect();
    Tensor::new(vec![1, sizes.action_width], values)
}

/// Each action's weight on its own channel in every slot, and each player on his.
fn dynamics_step(inputs: &[Tensor], sizes: &Sizes) -> Tensor {
    let mut values = Vec::new();
    for action in inputs[2].values().chunks_exact(sizes.action_width) {
        let mut slot = action[..sizes.actions].to_vec();
        slot.extend_from_slice(&action[sizes.action_width - sizes.instruments..]);
        slot.resize(sizes.channels, 0.0);
        values.extend(slot.repeat(sizes.slots));
    }
    Tensor::new(inputs[0].shape().to_vec(), values)
}
