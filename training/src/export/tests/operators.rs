//! Each operation against the network it came from.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose1d, ConvTranspose1dConfig};
use burn::nn::{Embedding, EmbeddingConfig, LayerNormConfig, Linear, LinearConfig, PaddingConfig1d, PaddingConfig2d};
use burn::tensor::activation::{gelu, gelu_approximate, leaky_relu, log_softmax, relu, sigmoid, silu, softmax, softplus};
use burn::tensor::module::{attention, layer_norm};
use burn::tensor::ops::{AttentionModuleOptions, PadMode};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData, s};

use turnaround_core::contract::Axis;

use super::super::Outputs;
use super::{BATCH, TOKENS, agrees, fixed, function, nothing, pointwise, ports};

const DOUBLE: Axis = Axis::Tokens(2);

#[test]
fn arithmetic_of_tensors_agrees() {
    pointwise(|x| x.clone() + x.clone() * x.clone());
    pointwise(|x| -x.clone() - x.clone() / (x.abs() + 1.0));
}

#[test]
fn arithmetic_with_scalars_agrees() {
    pointwise(|x| (x + 1.5) * 0.25);
    pointwise(|x| (x - 0.125) / 3.0);
}

#[test]
fn powers_and_roots_agree() {
    pointwise(|x| x.powf_scalar(2.0));
    pointwise(|x| x.powf_scalar(3.0));
    pointwise(|x| x.abs().powf_scalar(0.65));
    pointwise(|x| x.abs().powf_scalar(0.5));
    pointwise(|x| x.powi_scalar(3));
    pointwise(|x| (x.clone().abs() + 0.1).powf(x));
    pointwise(|x| x.abs().sqrt());
    pointwise(|x| (x + 3.0).recip());
}

#[test]
fn exponentials_and_logarithms_agree() {
    pointwise(|x| x.exp());
    pointwise(|x| (x.abs() + 0.01).log());
    pointwise(|x| x.abs().log1p());
}

#[test]
fn circular_functions_agree() {
    pointwise(|x| (x.clone() * 9.0).cos() + (x * 5.0).sin());
    pointwise(|x| x.tanh());
    pointwise(|x| x.erf());
}

#[test]
fn rounding_and_signs_agree() {
    pointwise(|x| x.round());
    pointwise(|x| x.floor());
    pointwise(|x| x.ceil());
    pointwise(|x| x.sign());
    pointwise(|x| x.abs());
}

#[test]
fn clamping_agrees() {
    pointwise(|x| x.clamp(-0.5, 1.0));
    pointwise(|x| x.clamp_min(0.25));
    pointwise(|x| x.clamp_max(0.25));
}

#[test]
fn comparisons_agree() {
    let other = |x: &Tensor<3>| x.clone().round();
    pointwise(|x| x.clone().greater(other(&x)).float());
    pointwise(|x| x.clone().greater_equal(other(&x)).float());
    pointwise(|x| x.clone().lower(other(&x)).float());
    pointwise(|x| x.clone().lower_equal(other(&x)).float());
    pointwise(|x| x.round().greater_elem(1.0).float());
    pointwise(|x| x.round().greater_equal_elem(1.0).float());
    pointwise(|x| x.round().lower_elem(1.0).float());
    pointwise(|x| x.round().lower_equal_elem(1.0).float());
    pointwise(|x| x.clone().round().equal(x.floor()).float());
    pointwise(|x| x.clone().round().not_equal(x.floor()).float());
    pointwise(|x| x.round().equal_elem(1.0).float());
    pointwise(|x| x.round().not_equal_elem(1.0).float());
}

#[test]
fn truth_values_agree() {
    let positive = |x: &Tensor<3>| x.clone().greater_elem(0.0);
    let large = |x: &Tensor<3>| x.clone().abs().greater_elem(1.0);
    pointwise(|x| positive(&x).bool_and(large(&x)).float());
    pointwise(|x| positive(&x).bool_or(large(&x)).float());
    pointwise(|x| positive(&x).bool_xor(large(&x)).float());
    pointwise(|x| positive(&x).bool_not().float());
    pointwise(|x| positive(&x).int().float());
}

#[test]
fn choices_by_mask_agree() {
    pointwise(|x| x.clone().mask_where(x.clone().greater_elem(0.5), x * 3.0));
    pointwise(|x| x.clone().mask_fill(x.greater_elem(0.5), -7.0));
}

#[test]
fn activations_agree() {
    pointwise(|x| relu(x - 0.5));
    pointwise(|x| leaky_relu(x, 0.1));
    pointwise(sigmoid);
    pointwise(silu);
    pointwise(gelu_approximate);
    pointwise(|x| softplus(x * 20.0, 1.0));
}

#[test]
fn exact_gelu_is_the_pattern_runtimes_fuse() {
    let model = pointwise(gelu);
    assert_eq!(model.operators().into_iter().collect::<Vec<_>>(), ["Add", "Div", "Erf", "Mul"]);
}

#[test]
fn softmax_agrees_along_any_axis() {
    for axis in 0..3 {
        pointwise(|x| softmax(x, axis));
        pointwise(|x| log_softmax(x, axis));
    }
}

#[test]
fn reductions_agree() {
    for axis in 0..3 {
        pointwise(|x| x.clone() - x.mean_dim(axis));
        pointwise(|x| x.clone() - x.sum_dim(axis));
        pointwise(|x| x.clone() - x.max_dim(axis));
        pointwise(|x| x.clone() - x.min_dim(axis));
    }
    pointwise(|x| x.clone() - x.mean().unsqueeze());
    pointwise(|x| x.clone() - x.sum().unsqueeze());
    pointwise(|x| x.clone() - x.max().unsqueeze());
    pointwise(|x| x.clone() - x.min().unsqueeze());
    pointwise(|x| x.clone() - x.sum_dims(&[1, 2]));
}

#[test]
fn running_sums_agree_along_a_symbolic_axis() {
    pointwise(|x| x.cumsum(1));
    pointwise(|x| x.cumsum(2));
}

#[test]
fn an_affine_free_norm_written_by_hand_agrees() {
    pointwise(|x| {
        let mean = x.clone().mean_dim(2);
        let centred = x - mean;
        let variance = (centred.clone() * centred.clone()).mean_dim(2);
        centred / (variance + 1e-3).sqrt()
    });
    pointwise(|x| {
        let (variance, mean) = x.clone().var_mean_bias(2);
        (x - mean) / (variance + 1e-3).sqrt()
    });
}

#[test]
fn an_affine_free_norm_is_one_node() {
    let model = pointwise(|x| {
        let ones = Tensor::<1>::from_data(TensorData::new(vec![1f32; 8], [8]), &x.device());
        layer_norm(x, ones, None, 1e-3)
    });
    assert_eq!(model.operators().into_iter().collect::<Vec<_>>(), ["LayerNormalization"]);
    assert_eq!(model.parameter_count(), 0);
}

#[test]
fn a_learned_norm_agrees() {
    let mut norm = LayerNormConfig::new(8).init(&Device::flex());
    norm.gamma = norm.gamma.map(|gamma| gamma * 1.5);
    let shape = [BATCH, TOKENS, fixed(8)];
    agrees(&norm, &ports(&[("x", &shape)], &[("y", &shape)]), |norm, inputs| {
        Outputs::new().with("y", norm.forward(inputs.get::<3>("x")))
    });
}

#[derive(Module, Debug)]
struct Linears {
    with_bias: Linear,
    without_bias: Linear,
}

impl Linears {
    fn new(width: usize) -> Self {
        let device = Device::flex();
        Self {
            with_bias: LinearConfig::new(8, width).init(&device),
            without_bias: LinearConfig::new(width, 8).with_bias(false).init(&device),
        }
    }

    fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        self.without_bias.forward(self.with_bias.forward(x))
    }
}

#[test]
fn linear_layers_are_whole_however_they_were_computed() {
    // burn folds batches into rows or not, by the lengths at hand; these widths fall on both sides at either tracing.
    for width in [1, 5, 64, 160, 192, 512] {
        let layers = Linears::new(width);
        let of_rows = ["Gemm", "MatMul", "Reshape"];
        for (middle, operators) in [(TOKENS, &["Add", "MatMul"][..]), (fixed(5), &of_rows), (fixed(32), &of_rows)] {
            let shape = [BATCH, middle, fixed(8)];
            let model = agrees(&layers, &ports(&[("x", &shape)], &[("y", &shape)]), |layers, inputs| {
                Outputs::new().with("y", layers.forward(inputs.get::<3>("x")))
            });
            assert_eq!(model.operators().into_iter().collect::<Vec<_>>(), operators, "width {width}");
            assert_eq!(model.parameter_count(), 8 * width + width + width * 8);
        }
    }
}

#[test]
fn a_linear_layer_of_rows_is_one_node() {
    let layers = Linears::new(5);
    let shape = [BATCH, fixed(8)];
    let model = agrees(&layers, &ports(&[("x", &shape)], &[("y", &shape)]), |layers, inputs| {
        Outputs::new().with("y", layers.forward(inputs.get::<2>("x")))
    });
    assert_eq!(model.operators().into_iter().collect::<Vec<_>>(), ["Gemm", "MatMul"]);
}

#[test]
fn a_row_that_is_computed_joins_the_product_as_a_bias_would() {
    let layers = Linears::new(5);
    let ports =
        ports(&[("x", &[TOKENS, fixed(3), fixed(5)]), ("row", &[fixed(1), fixed(8)])], &[("y", &[TOKENS, fixed(3), fixed(8)])]);
    let model = agrees(&layers, &ports, |layers, inputs| {
        let row = inputs.get::<2>("row").exp().unsqueeze::<3>();
        Outputs::new().with("y", layers.without_bias.forward(inputs.get::<3>("x")) + row)
    });
    assert_eq!(model.operators().into_iter().collect::<Vec<_>>(), ["Exp", "Gemm", "Reshape", "Unsqueeze"]);
}

#[test]
fn what_only_looks_like_a_linear_layer_stays_what_it_is() {
    let layers = Linears::new(8);
    // A row added that widens the result; rows folded and parted otherwise than they were.
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(3)], |x| {
        let column = Tensor::<3>::full([1, 8, 1], 0.25, &x.device());
        let row = Tensor::<1>::from_data([1.0, 2.0, 3.0], &x.device());
        x.matmul(column) + row.unsqueeze::<3>()
    });
    let parted = ports(&[("x", &[BATCH, TOKENS, fixed(8)])], &[("y", &[BATCH, TOKENS, fixed(2), fixed(4)])]);
    agrees(&layers, &parted, |layers, inputs| {
        let x = inputs.get::<3>("x");
        let [batch, tokens, _] = x.dims();
        let rows = layers.with_bias.forward(x.reshape([batch * tokens, 8]));
        Outputs::new().with("y", rows.reshape([batch, tokens, 2, 4]))
    });
}

#[test]
fn matrix_products_agree() {
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, TOKENS], |x| x.clone().matmul(x.swap_dims(1, 2)));
    let shape = [BATCH, TOKENS, fixed(8)];
    let by_matrix = ports(&[("x", &shape), ("weights", &[fixed(32), TOKENS])], &[("y", &[BATCH, fixed(32), fixed(8)])]);
    agrees(&nothing(), &by_matrix, |_, inputs| {
        Outputs::new().with("y", inputs.get::<2>("weights").unsqueeze::<3>().matmul(inputs.get::<3>("x")))
    });
}

#[derive(Module, Debug)]
struct Convolutions {
    strided: Conv1d,
    dilated: Conv1d,
    depthwise: Conv1d,
    plane: Conv2d,
    transposed: ConvTranspose1d,
}

impl Convolutions {
    fn new(device: &Device) -> Self {
        let pad = |n| PaddingConfig1d::Explicit(n, n);
        Self {
            strided: Conv1dConfig::new(8, 6, 4).with_stride(2).with_padding(pad(1)).init(device),
            dilated: Conv1dConfig::new(6, 8, 3).with_dilation(2).with_padding(pad(2)).with_bias(false).init(device),
            depthwise: Conv1dConfig::new(8, 8, 7).with_groups(8).with_padding(pad(3)).init(device),
            plane: Conv2dConfig::new([8, 8], [1, 7])
                .with_groups(8)
                .with_padding(PaddingConfig2d::Explicit(0, 3, 0, 3))
                .init(device),
            transposed: ConvTranspose1dConfig::new([8, 4], 4).with_stride(2).with_padding(1).init(device),
        }
    }
}

#[test]
fn convolutions_agree() {
    let layers = Convolutions::new(&Device::flex());
    let long = [BATCH, fixed(8), DOUBLE];
    let halved = [BATCH, fixed(8), TOKENS];
    agrees(&layers, &ports(&[("x", &long)], &[("y", &halved)]), |layers, inputs| {
        Outputs::new().with("y", layers.dilated.forward(layers.strided.forward(inputs.get::<3>("x"))))
    });
    agrees(&layers, &ports(&[("x", &halved)], &[("y", &halved)]), |layers, inputs| {
        Outputs::new().with("y", layers.depthwise.forward(inputs.get::<3>("x")))
    });
    agrees(&layers, &ports(&[("x", &halved)], &[("y", &halved)]), |layers, inputs| {
        let plane = layers.plane.forward(inputs.get::<3>("x").unsqueeze_dim::<4>(2));
        Outputs::new().with("y", plane.squeeze_dim::<3>(2))
    });
    let doubled = [BATCH, fixed(4), DOUBLE];
    agrees(&layers, &ports(&[("x", &halved)], &[("y", &doubled)]), |layers, inputs| {
        Outputs::new().with("y", layers.transposed.forward(inputs.get::<3>("x")))
    });
}

#[test]
fn permutations_agree() {
    function(&[BATCH, TOKENS, fixed(8)], &[fixed(8), BATCH, TOKENS], |x| x.permute([2, 0, 1]));
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, fixed(8), TOKENS], |x| x.swap_dims(1, 2));
}

#[test]
fn joining_and_stacking_agree() {
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(16)], |x| Tensor::cat(vec![x.clone(), x * 2.0], 2));
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, DOUBLE, fixed(8)], |x| Tensor::cat(vec![x.clone(), x * 2.0], 1));
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, fixed(2), TOKENS, fixed(8)], |x| {
        Tensor::stack::<4>(vec![x.clone(), x * 2.0], 1)
    });
}

#[test]
fn slices_agree() {
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(3)], |x| x.narrow(2, 2, 3));
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, fixed(5), fixed(8)], |x| x.narrow(1, 1, 5));
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(3)], |x| x.slice_dim(2, s![1..7;2]));
}

#[test]
fn repeating_and_broadcasting_agree() {
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(24)], |x| x.repeat_dim(2, 3));
    function(&[BATCH, TOKENS, fixed(1)], &[BATCH, TOKENS, fixed(6)], |x| {
        let [batch, tokens, _] = x.dims();
        x.expand([batch, tokens, 6])
    });
}

#[test]
fn fixed_constants_agree() {
    pointwise(|x| x.clone() + Tensor::<3>::zeros([1, 1, 8], &x.device()));
    pointwise(|x| x.clone() * Tensor::<3>::ones([1, 1, 8], &x.device()));
    pointwise(|x| x.clone() + Tensor::<3>::full([1, 1, 8], 2.5, &x.device()));
    pointwise(|x| {
        let ramp = Tensor::<1, Int>::arange(0..8, &x.device()).float();
        x * ramp.unsqueeze::<3>()
    });
}

#[test]
fn counting_along_a_symbolic_axis_agrees() {
    let model = function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(8)], |x| {
        let count = Tensor::<1, Int>::arange(0..x.dims()[1] as i64, &x.device());
        x.select(1, count.clone()) * count.float().unsqueeze_dim::<2>(1).unsqueeze::<3>()
    });
    assert!(model.operators().contains("Range"));
}

#[test]
fn the_largest_agree() {
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(3)], |x| x.topk(3, 2));
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(3)], |x| x.topk_with_indices(3, 2).1.float());
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(3)], |x| {
        let (largest, indices) = x.topk_with_indices(3, 2);
        largest + indices.float()
    });
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(1)], |x| x.argmax(2).float());
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(1)], |x| x.argmin(2).float());
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(1)], |x| {
        let (largest, index) = x.max_dim_with_indices(2);
        largest + index.float()
    });
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(1)], |x| {
        let (smallest, index) = x.min_dim_with_indices(2);
        smallest + index.float()
    });
}

#[test]
fn sorting_agrees() {
    pointwise(|x| x.sort(2));
    pointwise(|x| x.sort_descending(2));
    pointwise(|x| x.sort_with_indices(2).1.float());
}

#[test]
fn choosing_by_index_agrees() {
    let chosen = |device: &Device| Tensor::<1, Int>::from_data([5, 0, 2], device);
    function(&[BATCH, TOKENS, fixed(8)], &[BATCH, TOKENS, fixed(3)], |x| {
        let indices = chosen(&x.device());
        x.select(2, indices)
    });
    pointwise(|x| x.clone().gather(2, x.sort_with_indices(2).1));
}

#[derive(Module, Debug)]
struct Table {
    embedding: Embedding,
    order: Param<Tensor<2, Int>>,
}

#[test]
fn integer_parameters_and_embeddings_agree() {
    let device = Device::flex();
    let table = Table {
        embedding: EmbeddingConfig::new(10, 8).init(&device),
        order: Param::initialized(burn::module::ParamId::new(), Tensor::from_data([[7, 1, 1, 0]], &device)),
    };
    let shapes = ports(&[("x", &[BATCH, fixed(4), fixed(8)])], &[("y", &[BATCH, fixed(4), fixed(8)])]);
    agrees(&table, &shapes, |table, inputs| {
        Outputs::new().with("y", inputs.get::<3>("x") + table.embedding.forward(table.order.val()))
    });
}

#[test]
fn padding_agrees() {
    let padded = [BATCH, fixed(3), fixed(13)];
    for mode in [PadMode::Constant(-1.5), PadMode::Reflect, PadMode::Edge] {
        function(&[BATCH, fixed(3), fixed(8)], &padded, |x| x.pad([(0, 0), (2, 3)], mode));
    }
}

/// Query, key and value of two heads from one input `[batch, token, 8]`.
fn heads(x: Tensor<3>, scale: f64) -> Tensor<4> {
    let [batch, tokens, _] = x.dims();
    (x * scale).reshape([batch, tokens, 2, 4]).swap_dims(1, 2)
}

fn attended(x: Tensor<3>, mask: Option<Tensor<4, Bool>>, bias: Option<Tensor<4>>, options: AttentionModuleOptions) -> Tensor<3> {
    let [batch, tokens, _] = x.dims();
    let mixed = attention(heads(x.clone(), 1.0), heads(x.clone(), 0.7), heads(x, -0.4), mask, bias, options);
    mixed.swap_dims(1, 2).reshape([batch, tokens, 8])
}

/// `[batch, 1, token, token]` scores that differ per pair.
fn pairs(x: &Tensor<3>) -> Tensor<4> {
    let column = x.clone().narrow(2, 0, 1);
    (column.clone() - column.swap_dims(1, 2) * 0.5).unsqueeze_dim::<4>(1)
}

/// A mask for every head.
fn hidden(x: &Tensor<3>) -> Tensor<4, Bool> {
    let pairs = pairs(x);
    Tensor::cat(vec![pairs.clone(), pairs], 1).greater_elem(0.8)
}

#[test]
fn attention_agrees() {
    pointwise(|x| attended(x, None, None, AttentionModuleOptions::default()));
    pointwise(|x| attended(x, None, None, AttentionModuleOptions { scale: Some(0.3), ..Default::default() }));
    pointwise(|x| {
        let bias = Tensor::cat(vec![pairs(&x), pairs(&x)], 1);
        attended(x, None, Some(bias), AttentionModuleOptions::default())
    });
    pointwise(|x| {
        let mask = hidden(&x);
        attended(x, Some(mask), None, AttentionModuleOptions::default())
    });
}

#[test]
fn a_query_that_may_see_nothing_gets_zeros() {
    let all_hidden = |x: &Tensor<3>| {
        let never = pairs(x).abs().greater_equal_elem(0.0);
        Tensor::cat(vec![never.clone().float(), never.float()], 1).greater_elem(0.5)
    };
    pointwise(|x| {
        let mask = all_hidden(&x);
        attended(x, Some(mask), None, AttentionModuleOptions::default())
    });
    let device = Device::flex();
    let x = Tensor::<3>::ones([1, 3, 8], &device);
    let mask = all_hidden(&x);
    let zeros = attended(x, Some(mask), None, AttentionModuleOptions::default());
    assert_eq!(zeros.abs().sum().into_scalar::<f32>(), 0.0);
}
