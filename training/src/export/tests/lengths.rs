//! Symbolic lengths: traced at primes, run at others.

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use turnaround_core::contract::Axis;

use super::super::{Outputs, Symbols, WeightPrecision, trace};
use super::{BATCH, TOKENS, agrees, fixed, function, nothing, pointwise, ports, run, values};

const HORIZON: Axis = Axis::Horizon;
const CONTEXT: Axis = Axis::Context;

#[test]
fn rows_of_a_batch_do_not_depend_on_its_size() {
    let shape = [BATCH, TOKENS, fixed(8)];
    let ports = ports(&[("x", &shape)], &[("y", &shape)]);
    let model = trace(&nothing(), &ports, &Symbols::PAIR, |_, inputs| {
        let x = inputs.get::<3>("x");
        let weights = softmax(x.clone().matmul(x.clone().swap_dims(1, 2)), 2);
        Outputs::new().with("y", weights.matmul(x))
    })
    .expect("the network exports");
    let file = model.to_bytes(WeightPrecision::F32);
    let all = values(&[3, 22, 8], 0);
    let at = |rows: usize, floats: &[f32]| {
        let inputs = [("x".to_owned(), TensorData::new(floats.to_vec(), [rows, 22, 8]))];
        run(&file, &ports, &inputs)[0].iter::<f32>().collect::<Vec<_>>()
    };
    let together = at(3, &all);
    let alone: Vec<f32> = all.chunks(22 * 8).flat_map(|row| at(1, row)).collect();
    super::close("rows", &together, &alone, super::TOLERANCE);
}

#[test]
fn merged_and_split_axes_follow_their_length() {
    // Heads split off and joined again.
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, fixed(2), TOKENS, fixed(4)], |x| {
        let [batch, tokens, _] = x.dims();
        x.reshape([batch, tokens, 2, 4]).swap_dims(1, 2)
    });
    // Two symbolic axes become one.
    function(&[BATCH, HORIZON, fixed(8)], &[BATCH, HORIZON, fixed(8)], |x| {
        let [batch, horizon, width] = x.dims();
        let rows = x.clone().reshape([batch * horizon, width]);
        let scale = (rows.clone() * rows).mean_dim(1).mean();
        x * scale.unsqueeze()
    });
    // Time halves into channels and back.
    function(&[fixed(1), Axis::Tokens(4), fixed(6)], &[fixed(1), Axis::Tokens(2), fixed(12)], |x| {
        let [batch, time, width] = x.dims();
        x.reshape([batch, time / 2, 2 * width])
    });
    // Bars become tokens and bars again.
    function(&[BATCH, HORIZON, fixed(4), fixed(6)], &[BATCH, HORIZON, fixed(4), fixed(6)], |x| {
        let [batch, horizon, slots, width] = x.dims();
        let tokens = x.reshape([batch, horizon * slots / 2, 2 * width]) * 2.0;
        tokens.reshape([batch, horizon, slots, width])
    });
}

#[test]
fn an_axis_merged_into_another_is_read_from_an_input_when_they_part() {
    let shape = [BATCH, HORIZON, fixed(8)];
    let model = function(&shape, &shape, |x| {
        let [batch, horizon, width] = x.dims();
        let rows = x.reshape([batch * horizon, width]) * 2.0;
        rows.reshape([batch, horizon, width])
    });
    assert!(model.operators().contains("Shape"));
    // A length that only a multiple of itself tells.
    function(&[BATCH, Axis::Tokens(4), fixed(6)], &[BATCH, Axis::Tokens(2), fixed(12)], |x| {
        let [batch, time, width] = x.dims();
        let rows = x.reshape([batch * time / 2, 2 * width]) * 2.0;
        rows.reshape([batch, time / 2, 2 * width])
    });
}

#[test]
fn axes_of_length_one_come_and_go_around_symbolic_ones() {
    function(&[TOKENS, fixed(16)], &[fixed(1), TOKENS, fixed(1), fixed(16)], |x| x.unsqueeze_dim::<3>(0).unsqueeze_dim::<4>(2));
    function(&[fixed(1), BATCH, fixed(1), HORIZON], &[BATCH, HORIZON], |x| x.squeeze_dims::<2>(&[0, 2]));
    function(&[BATCH, HORIZON], &[BATCH, HORIZON], |x| x.unsqueeze::<5>().squeeze_dims::<2>(&[0, 1, 2]));
}

#[test]
fn axes_of_two_symbols_join_and_part_by_their_ends() {
    let both = ports(
        &[("context", &[BATCH, CONTEXT, fixed(8)]), ("target", &[BATCH, HORIZON, fixed(8)])],
        &[("y", &[BATCH, HORIZON, fixed(8)])],
    );
    agrees(&nothing(), &both, |_, inputs| {
        let (context, target) = (inputs.get::<3>("context"), inputs.get::<3>("target"));
        let all = Tensor::cat(vec![context, target.clone()], 1);
        let scores = target.matmul(all.clone().swap_dims(1, 2));
        Outputs::new().with("y", softmax(scores, 2).matmul(all))
    });
}

#[test]
fn slices_count_from_the_end_they_follow() {
    let shape = [BATCH, TOKENS, fixed(8)];
    // Margins cut off at both ends and put back, as the tokenizer does.
    function(&shape, &shape, |x| {
        let tokens = x.dims()[1];
        let inner = x.clone().narrow(1, 2, tokens - 4);
        let (head, tail) = (x.clone().narrow(1, 0, 2), x.narrow(1, tokens - 2, 2));
        Tensor::cat(vec![head, inner * 3.0, tail], 1)
    });
    function(&shape, &[BATCH, fixed(1), fixed(8)], |x| {
        let tokens = x.dims()[1];
        x.narrow(1, tokens - 1, 1)
    });
    pointwise(|x| {
        let whole = x.dims()[1];
        x.narrow(1, 0, whole)
    });
}

#[test]
fn positions_counted_from_an_input_follow_its_length() {
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(8)], |x| {
        let ones = x.clone().narrow(0, 0, 1).narrow(2, 0, 1) * 0.0 + 1.0;
        x * (ones.cumsum(1) * 0.1).cos()
    });
}

#[test]
fn tensors_of_one_to_five_axes_go_in_and_come_out() {
    let shapes = ports(
        &[
            ("one", &[BATCH]),
            ("two", &[BATCH, HORIZON]),
            ("four", &[BATCH, HORIZON, fixed(4), fixed(2)]),
            ("five", &[fixed(2), BATCH, fixed(3), Axis::ContextTokens(4), fixed(2)]),
        ],
        &[
            ("sum", &[BATCH, HORIZON]),
            ("scaled", &[fixed(2), BATCH, fixed(3), Axis::ContextTokens(4), fixed(2)]),
            ("mean", &[BATCH]),
        ],
    );
    agrees(&nothing(), &shapes, |_, inputs| {
        let one = inputs.get::<1>("one");
        let (two, four) = (inputs.get::<2>("two"), inputs.get::<4>("four"));
        let sum = two + four.mean_dim(3).mean_dim(2).squeeze_dims::<2>(&[2, 3]) + one.clone().unsqueeze_dim::<2>(1);
        let scaled = inputs.get::<5>("five") * one.reshape([1, -1, 1, 1, 1]);
        let mean = sum.clone().mean_dim(1).squeeze_dim::<1>(1);
        Outputs::new().with("sum", sum).with("scaled", scaled).with("mean", mean)
    });
}

#[test]
fn an_input_or_a_constant_may_be_an_output_and_an_input_may_be_ignored() {
    let shapes =
        ports(&[("x", &[BATCH, fixed(3)]), ("ignored", &[BATCH])], &[("copy", &[BATCH, fixed(3)]), ("table", &[fixed(4)])]);
    agrees(&nothing(), &shapes, |_, inputs| {
        let x = inputs.get::<2>("x");
        let table = Tensor::<1>::from_data([1.0, 2.0, 3.0, 4.0], &x.device());
        Outputs::new().with("copy", x).with("table", table)
    });
}

#[test]
fn gradients_and_unread_parameters_do_not_hinder() {
    let layer = burn::nn::LinearConfig::new(8, 8).init(&Device::flex().autodiff());
    let shape = [BATCH, fixed(8)];
    let ports = ports(&[("x", &shape)], &[("y", &shape)]);
    let forward =
        |layer: &burn::nn::Linear, inputs: &super::super::Inputs| Outputs::new().with("y", layer.forward(inputs.get::<2>("x")));
    let model = trace(&layer, &ports, &Symbols::PAIR, forward).expect("the network exports");
    let layer = burn::module::Module::valid(&layer);
    super::compare(&model, WeightPrecision::F32, &layer, &ports, forward, super::TOLERANCE);
}

#[test]
fn the_same_network_gives_the_same_bytes() {
    let layer = burn::nn::LinearConfig::new(8, 8).init(&Device::flex());
    let shape = [BATCH, fixed(8)];
    let export = || {
        trace(&layer, &ports(&[("x", &shape)], &[("y", &shape)]), &Symbols::PAIR, |layer, inputs| {
            Outputs::new().with("y", layer.forward(inputs.get::<2>("x")))
        })
        .expect("the network exports")
        .with_metadata("preset", "tiny")
        .to_bytes(WeightPrecision::F16)
    };
    assert_eq!(export(), export());
}
