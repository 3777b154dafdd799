//! What would be wrong at another length, or cannot be said in ONNX, is refused with a reason.

use burn::module::{Module, Param};
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Device, Distribution, Tensor, TensorData, s};

use super::super::{ExportError, Outputs, Symbols, trace};
use super::{BATCH, TOKENS, fixed, nothing, ports, refusal};

#[test]
fn a_tensor_made_with_a_symbolic_axis_is_refused() {
    let shape = [BATCH, fixed(8)];
    let refused = |error: ExportError, name: &str| match error {
        ExportError::LiveConstant { operation, shape } => {
            assert_eq!((operation.as_str(), shape.as_str()), (name, "[13|29, 8]"));
        }
        other => panic!("{name} should be refused as a constant, not by: {other}"),
    };
    refused(refusal(&shape, &shape, |x| x.clone() + Tensor::<2>::zeros(x.dims(), &x.device())), "zeros");
    refused(refusal(&shape, &shape, |x| x.clone() + Tensor::<2>::ones(x.dims(), &x.device())), "ones");
    refused(refusal(&shape, &shape, |x| x.clone() + Tensor::<2>::full(x.dims(), 2.5, &x.device())), "full");
    let from_data = |x: Tensor<2>| {
        let count = x.dims()[0] * 8;
        x.clone() + Tensor::<2>::from_data(TensorData::new(vec![1f32; count], x.dims()), &x.device())
    };
    refused(refusal(&shape, &shape, from_data), "from_data");
}

#[test]
fn repeating_to_a_symbolic_length_is_refused() {
    let error = refusal(&[BATCH, fixed(8)], &[BATCH, fixed(8)], |x| {
        let rows = x.dims()[0];
        x.narrow(0, 0, 1).repeat_dim(0, rows)
    });
    assert!(matches!(&error, ExportError::FrozenSetting { operation, .. } if operation == "RepeatDim"), "{error}");
}

#[test]
fn a_number_computed_from_a_symbolic_length_is_refused() {
    let error = refusal(&[BATCH, fixed(8)], &[BATCH, fixed(8)], |x| {
        let rows = x.dims()[0] as f64;
        x / rows
    });
    assert!(matches!(&error, ExportError::FrozenSetting { operation, .. } if operation == "DivScalar"), "{error}");
}

#[test]
fn a_constant_whose_values_follow_a_symbolic_length_is_refused() {
    let error = refusal(&[BATCH, fixed(1)], &[BATCH, fixed(1)], |x| {
        let rows = x.dims()[0] as f32;
        x.clone() + Tensor::<2>::from_data([[rows]], &x.device())
    });
    assert!(matches!(error, ExportError::FrozenValue { .. }), "{error}");
}

#[test]
fn expanding_to_a_symbolic_length_is_refused() {
    let error = refusal(&[BATCH, fixed(8)], &[BATCH, fixed(8)], |x| {
        let dims = x.dims();
        x.narrow(0, 0, 1).expand(dims)
    });
    assert!(matches!(error, ExportError::Expand { .. }), "{error}");
}

#[test]
fn a_reshape_to_lengths_no_input_tells_is_refused() {
    let error = refusal(&[BATCH, TOKENS, fixed(4)], &[BATCH, TOKENS, fixed(4)], |x| {
        let [batch, tokens, width] = x.dims();
        let longer = Tensor::cat(vec![x.clone().narrow(1, 0, 1), x], 1); // [batch, tokens + 1, width]
        let larger = Tensor::cat(vec![longer.clone().narrow(0, 0, 1), longer], 0); // [batch + 1, tokens + 1, width]
        larger.reshape([width, batch + 1, tokens + 1]).narrow(1, 0, batch).narrow(2, 0, tokens).permute([1, 2, 0])
    });
    assert!(matches!(error, ExportError::Reshape { .. }), "{error}");
}

#[test]
fn a_slice_in_the_middle_of_a_symbolic_axis_is_refused() {
    let error = refusal(&[BATCH, TOKENS, fixed(4)], &[BATCH, fixed(1), fixed(4)], |x| {
        let tokens = x.dims()[1];
        x.narrow(1, tokens / 2, 1)
    });
    assert!(matches!(error, ExportError::Slice { axis: 1, .. }), "{error}");
}

#[test]
fn another_path_at_another_length_is_refused() {
    let error = refusal(&[BATCH, fixed(4)], &[BATCH, fixed(4)], |x| if x.dims()[0] > 20 { x.exp() } else { x.sin() });
    assert!(matches!(&error, ExportError::Diverged { first, second } if first == "Sin" && second == "Exp"), "{error}");
    let error = refusal(&[BATCH, fixed(4)], &[BATCH, fixed(4)], |x| {
        let layers = x.dims()[0] / 10;
        (0..layers).fold(x, |x, _| x.exp())
    });
    assert!(matches!(error, ExportError::Diverged { .. }), "{error}");
}

#[test]
fn sorting_along_a_symbolic_axis_is_refused() {
    let error = refusal(&[BATCH, TOKENS], &[BATCH, TOKENS], |x| x.sort(1));
    assert!(matches!(error, ExportError::OpenAxis { axis: 1, .. }), "{error}");
}

#[test]
fn causal_and_capped_attention_are_refused() {
    for options in [
        AttentionModuleOptions { is_causal: true, ..Default::default() },
        AttentionModuleOptions { softcap: Some(20.0), ..Default::default() },
    ] {
        let shape = [BATCH, fixed(2), TOKENS, fixed(4)];
        let error = refusal(&shape, &shape, |x| attention(x.clone(), x.clone(), x, None, None, options));
        assert!(matches!(error, ExportError::Unsupported { .. }), "{error}");
    }
}

#[test]
fn chance_and_backward_steps_are_refused() {
    let shape = [BATCH, fixed(8)];
    let error = refusal(&shape, &shape, |x| x.clone() + Tensor::random([1, 8], Distribution::Default, &x.device()));
    assert_eq!(error.to_string(), "Random cannot be exported: pass noise as an input");
    let error = refusal(&shape, &shape, |x| x.slice_dim(1, s![0..8;-1]));
    assert!(matches!(error, ExportError::Unsupported { .. }), "{error}");
    let error = refusal(&shape, &shape, |x| x.flip([1]));
    assert_eq!(error.to_string(), "Flip cannot be exported");
}

#[test]
fn other_outputs_than_promised_are_refused() {
    let shape = [BATCH, fixed(8)];
    let error = refusal(&shape, &[BATCH, fixed(7)], |x| x + 1.0);
    assert!(matches!(&error, ExportError::OutputShape { name, .. } if name == "y"), "{error}");
    let ports = ports(&[("x", &shape)], &[("y", &shape)]);
    let error = trace(&nothing(), &ports, &Symbols::PAIR, |_, inputs| Outputs::new().with("z", inputs.get::<2>("x") + 1.0))
        .expect_err("z is not promised");
    assert!(matches!(error, ExportError::Outputs { .. }), "{error}");
}

#[test]
fn an_output_that_is_fixed_where_its_port_is_symbolic_is_refused() {
    let error = refusal(&[BATCH, fixed(8)], &[BATCH, fixed(8)], |x| x.narrow(0, 0, 13));
    assert!(matches!(error, ExportError::OutputShape { .. }), "{error}");
}

#[test]
fn tracings_that_cannot_tell_a_symbol_are_refused() {
    let shape = [BATCH, fixed(8)];
    let ports = ports(&[("x", &shape)], &[("y", &shape)]);
    let [first, second] = Symbols::PAIR;
    for pair in [[first, first], [first, Symbols { batch: 1, ..second }], [first, Symbols { tokens: 37, ..second }]] {
        let error = trace(&nothing(), &ports, &pair, |_, inputs| Outputs::new().with("y", inputs.get::<2>("x") + 1.0))
            .expect_err("the lengths must differ");
        assert!(matches!(error, ExportError::Symbols { .. }), "{error}");
    }
}

#[derive(Module, Debug)]
struct Clash {
    x: Param<Tensor<1>>,
}

#[test]
fn a_parameter_named_as_an_input_is_refused() {
    let clash = Clash { x: Param::from_data([1.0, 2.0], &Device::flex()) };
    let shape = [BATCH, fixed(2)];
    let error = trace(&clash, &ports(&[("x", &shape)], &[("y", &shape)]), &Symbols::PAIR, |clash, inputs| {
        Outputs::new().with("y", inputs.get::<2>("x") * clash.x.val().unsqueeze())
    })
    .expect_err("the name stands for two tensors");
    assert!(matches!(&error, ExportError::NameTaken(name) if name == "x"), "{error}");
}
