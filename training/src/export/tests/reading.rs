//! Weights out to a graph and back.

use burn::module::{Module, ModuleMapper, Param};
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig, PaddingConfig1d};
use burn::tensor::activation::gelu;
use burn::tensor::{Device, Tensor, TensorData};
use half::f16;

use super::super::{Inputs, OnnxModel, Outputs, Ports, ReadError, Symbols, WeightPrecision, Weights, load_into, trace};
use super::{BATCH, TOKENS, compare, fixed, ports};

#[derive(Module, Debug)]
struct Network {
    stem: Conv1d,
    blocks: Vec<Block>,
    scale: Param<Tensor<1>>,
}

#[derive(Module, Debug)]
struct Block {
    norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
}

const WIDTH: usize = 16;

impl Network {
    fn new(blocks: usize, device: &Device) -> Self {
        let block = |_| Block {
            norm: LayerNormConfig::new(WIDTH).init(device),
            wide: LinearConfig::new(WIDTH, 2 * WIDTH).init(device),
            narrow: LinearConfig::new(2 * WIDTH, WIDTH).init(device),
        };
        Self {
            stem: Conv1dConfig::new(8, WIDTH, 3).with_padding(PaddingConfig1d::Explicit(1, 1)).init(device),
            blocks: (0..blocks).map(block).collect(),
            scale: Param::from_tensor(Tensor::full([WIDTH], 0.5, device)),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.stem.forward(x).swap_dims(1, 2);
        let step =
            |x: Tensor<3>, block: &Block| x.clone() + block.narrow.forward(gelu(block.wide.forward(block.norm.forward(x))));
        self.blocks.iter().fold(x, step) * self.scale.val().unsqueeze::<3>()
    }
}

fn network_ports() -> Ports {
    ports(&[("x", &[BATCH, fixed(8), TOKENS])], &[("y", &[BATCH, TOKENS, fixed(WIDTH)])])
}

fn forward(network: &Network, inputs: &Inputs) -> Outputs {
    Outputs::new().with("y", network.forward(inputs.get("x")))
}

fn export(network: &Network) -> OnnxModel {
    trace(network, &network_ports(), &Symbols::PAIR, forward).expect("the network exports")
}

/// Changes every parameter, the same way each time, so that no initial value (zeros, ones) hides a mistake.
fn shaken(network: Network) -> Network {
    struct Shake(usize);
    impl ModuleMapper for Shake {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            self.0 += 1;
            let seed = self.0;
            param.map(|tensor| {
                let dims = tensor.dims().to_vec();
                let values: Vec<f32> = super::values(&dims, seed).iter().map(|x| x * 0.2).collect();
                Tensor::from_data(TensorData::new(values, dims), &tensor.device())
            })
        }
    }
    network.map(&mut Shake(0))
}

fn weights(network: &Network) -> Weights {
    Weights::read(&export(network).to_bytes(WeightPrecision::F32)).expect("our own file")
}

#[test]
fn exact_weights_come_back_exactly() {
    let device = Device::flex();
    let network = shaken(Network::new(2, &device));
    let file = export(&network).to_bytes(WeightPrecision::F32);
    let loaded = load_into(Network::new(2, &device), &file).expect("the same network");
    assert_eq!(weights(&loaded), weights(&network));
    let read = Weights::read(&file).expect("our own file");
    let stem = read.get("stem.weight").expect("named by its path");
    assert_eq!(stem.shape, [WIDTH, 8, 3]);
    assert_eq!(stem.values, network.stem.weight.val().to_data().iter::<f32>().collect::<Vec<_>>());
    assert!(read.get("blocks.1.narrow.bias").is_some());
    assert!(read.iter().all(|(path, _)| !path.contains(':')), "constants are not weights");
}

#[test]
fn narrowed_weights_come_back_rounded_once() {
    let device = Device::flex();
    let network = shaken(Network::new(2, &device));
    let exact = weights(&network);
    let narrowed = Weights::read(&export(&network).to_bytes(WeightPrecision::F16)).expect("our own file");
    let mut rounded_tensors = 0;
    for ((path, exact), (narrowed_path, narrowed)) in exact.iter().zip(narrowed.iter()) {
        assert_eq!((path, &exact.shape), (narrowed_path, &narrowed.shape));
        let rounded: Vec<f32> = exact.values.iter().map(|&x| f16::from_f32(x).to_f32()).collect();
        let is_small = exact.values.len() < 256;
        assert_eq!(narrowed.values, if is_small { exact.values.clone() } else { rounded }, "{path}");
        rounded_tensors += usize::from(!is_small);
    }
    assert_eq!(rounded_tensors, 5, "the stem and two layers of two blocks");
}

#[test]
fn narrowed_graphs_take_less_room_and_compute_nearly_the_same() {
    let network = shaken(Network::new(2, &Device::flex()));
    let model = export(&network);
    compare(&model, WeightPrecision::F32, &network, &network_ports(), forward, super::TOLERANCE);
    // Weights of at most 0.4 are rounded by at most 2e-4, and errors of some hundred of them add up at random.
    compare(&model, WeightPrecision::F16, &network, &network_ports(), forward, 4e-3);
    let sizes = [WeightPrecision::F32, WeightPrecision::F16].map(|precision| model.to_bytes(precision).len());
    assert!(sizes[1] < sizes[0] * 3 / 4, "{sizes:?}");
}

#[test]
fn weights_beyond_16_bits_stay_exact() {
    let mut network = shaken(Network::new(1, &Device::flex()));
    network.blocks[0].wide.weight = network.blocks[0].wide.weight.clone().map(|weight| weight * 1e6);
    let narrowed = Weights::read(&export(&network).to_bytes(WeightPrecision::F16)).expect("our own file");
    assert_eq!(narrowed.get("blocks.0.wide.weight"), weights(&network).get("blocks.0.wide.weight"));
}

#[test]
fn loading_keeps_device_and_gradients() {
    let device = Device::flex();
    let file = export(&shaken(Network::new(1, &device))).to_bytes(WeightPrecision::F32);
    let training = load_into(Network::new(1, &device.clone().autodiff()), &file).expect("the same network");
    assert!(training.stem.weight.val().is_require_grad());
    let loss = training.forward(Tensor::ones([1, 8, 4], &device.clone().autodiff())).sum();
    let gradients = loss.backward();
    assert!(training.stem.weight.val().grad(&gradients).is_some());
}

#[test]
fn a_network_of_several_graphs_is_put_together_again() {
    let device = Device::flex();
    let network = shaken(Network::new(2, &device));
    let stem_ports = ports(&[("x", &[BATCH, fixed(8), TOKENS])], &[("y", &[BATCH, fixed(WIDTH), TOKENS])]);
    let stem = trace(&network, &stem_ports, &Symbols::PAIR, |network, inputs| {
        Outputs::new().with("y", network.stem.forward(inputs.get("x")))
    })
    .expect("the stem exports");
    let rest_ports = ports(&[("x", &[BATCH, TOKENS, fixed(WIDTH)])], &[("y", &[BATCH, TOKENS, fixed(WIDTH)])]);
    let rest = trace(&network, &rest_ports, &Symbols::PAIR, |network, inputs| {
        let mut x = inputs.get::<3>("x");
        for block in &network.blocks {
            x = block.narrow.forward(block.wide.forward(block.norm.forward(x)));
        }
        Outputs::new().with("y", x * network.scale.val().unsqueeze::<3>())
    })
    .expect("the rest exports");
    let [stem, rest] = [stem, rest].map(|model| Weights::read(&model.to_bytes(WeightPrecision::F32)).expect("our own file"));
    assert!(matches!(stem.load_into(Network::new(2, &device)), Err(ReadError::Missing(_))));
    let all = stem.merged(rest).expect("one training");
    let loaded = all.load_into(Network::new(2, &device)).expect("the same network");
    assert_eq!(weights(&loaded), weights(&network));
}

#[test]
fn graphs_of_two_trainings_do_not_merge() {
    let device = Device::flex();
    let (shaken, other) = (weights(&shaken(Network::new(1, &device))), weights(&Network::new(1, &device)));
    assert!(matches!(shaken.merged(other), Err(ReadError::Conflict(_))));
}

#[test]
fn another_network_is_refused() {
    let device = Device::flex();
    let weights = weights(&Network::new(2, &device));
    assert!(matches!(weights.load_into(Network::new(3, &device)), Err(ReadError::Missing(path)) if path.starts_with("blocks.2")));
    assert!(matches!(weights.load_into(Network::new(1, &device)), Err(ReadError::Unknown(paths)) if paths.len() == 6));
    let mut other = Network::new(2, &device);
    other.blocks[0].wide = LinearConfig::new(WIDTH, WIDTH).init(&device);
    assert!(matches!(weights.load_into(other), Err(ReadError::Shape { name, .. }) if name.starts_with("blocks.0.wide")));
}

#[test]
fn other_files_are_refused() {
    let file = export(&Network::new(1, &Device::flex())).to_bytes(WeightPrecision::F32);
    assert!(matches!(Weights::read(&file[..file.len() / 2]), Err(ReadError::Malformed(_))));
    assert!(matches!(Weights::read(b"a text, not a graph"), Err(ReadError::Malformed(_))));
}
