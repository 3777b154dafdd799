//! Attention with rotary positions (RoFormer, Su et al., arXiv 2104.09864), written out so that every backend computes the same.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

use super::layers::{layer_norm, linear, zero_linear};

/// Rotation angles of queries and keys: cosines and sines, each `[1, 1, token, head_width / 2]`.
#[derive(Clone, Debug)]
pub struct Rotation {
    cosine: Tensor<4>,
    sine: Tensor<4>,
}

impl Rotation {
    /// Angles `[token, head_width / 2]` in radians.
    pub fn from_angles(angles: Tensor<2>) -> Self {
        let angles = angles.unsqueeze::<4>();
        Self { cosine: angles.clone().cos(), sine: angles.sin() }
    }

    /// Positions 0, 1, 2 … of a stretch of any length. The count is read off `x` `[batch, token, _]`, so that an exported graph
    /// follows the length it is given.
    pub fn along(x: &Tensor<3>, head_width: usize) -> Self {
        let ones = x.clone().narrow(0, 0, 1).narrow(2, 0, 1).mul_scalar(0.0) + 1.0; // [1, token, 1]
        let position = ones.cumsum(1).squeeze_dim::<2>(0); // [token, 1]
        let rates = frequencies(head_width / 2, 100.0);
        let rates = Tensor::<2>::from_data(TensorData::new(rates, [1, head_width / 2]), &x.device());
        Self::from_angles(position * rates)
    }

    /// Rotates pairs (first half, second half) of each head's channels. `[batch, head, token, head_width]`.
    pub fn apply(&self, x: Tensor<4>) -> Tensor<4> {
        let half = x.dims()[3] / 2;
        let first = x.clone().narrow(3, 0, half);
        let second = x.narrow(3, half, half);
        Tensor::cat(
            vec![
                first.clone() * self.cosine.clone() - second.clone() * self.sine.clone(),
                first * self.sine.clone() + second * self.cosine.clone(),
            ],
            3,
        )
    }
}

/// Geometric rotation rates from 1 down to `1/longest`, in radians per position.
pub fn frequencies(count: usize, longest: f32) -> Vec<f32> {
    (0..count).map(|i| longest.powf(-(i as f32) / count as f32)).collect()
}

/// `softmax(q kᵀ / √width + bias) v`. Shapes `[batch, head, token, head_width]`; `bias` is `[batch, 1, query, key]`.
pub fn attend(query: Tensor<4>, key: Tensor<4>, value: Tensor<4>, bias: Option<&Tensor<4>>) -> Tensor<4> {
    let scale = (query.dims()[3] as f64).powf(-0.5);
    let mut scores = query.mul_scalar(scale).matmul(key.swap_dims(2, 3));
    if let Some(bias) = bias {
        scores = scores + bias.clone();
    }
    softmax(scores, 3).matmul(value)
}

/// `[batch, token, heads · head_width]` to `[batch, head, token, head_width]`.
pub fn split_heads(x: Tensor<3>, heads: usize) -> Tensor<4> {
    let [batch, token, width] = x.dims();
    x.reshape([batch, token, heads, width / heads]).swap_dims(1, 2)
}

/// The inverse of [`split_heads`].
pub fn join_heads(x: Tensor<4>) -> Tensor<3> {
    let [batch, heads, token, head_width] = x.dims();
    x.swap_dims(1, 2).reshape([batch, token, heads * head_width])
}

/// Self-attention over a whole stretch, added to its input; it starts as the identity.
#[derive(Module, Debug)]
pub struct SelfAttention {
    query_key_value: Linear,
    out: Linear,
    heads: usize,
}

impl SelfAttention {
    /// A fresh layer.
    pub fn new(width: usize, heads: usize, device: &Device) -> Self {
        Self { query_key_value: linear(width, 3 * width, device), out: zero_linear(width, width, device), heads }
    }

    /// `[batch, token, width]` to the same shape, the input included. With `rotation`, positions matter.
    pub fn forward(&self, x: Tensor<3>, rotation: Option<&Rotation>) -> Tensor<3> {
        let width = x.dims()[2];
        let all = self.query_key_value.forward(layer_norm(x.clone(), 1e-5));
        let part = |i: usize| split_heads(all.clone().narrow(2, i * width, width), self.heads);
        let rotate = |h: Tensor<4>| match rotation {
            Some(rotation) => rotation.apply(h),
            None => h,
        };
        let mixed = attend(rotate(part(0)), rotate(part(1)), part(2), None);
        x + self.out.forward(join_heads(mixed))
    }

    /// Rotations for a stretch like `x`.
    pub fn rotation(&self, x: &Tensor<3>) -> Rotation {
        Rotation::along(x, x.dims()[2] / self.heads)
    }
}

/// Attention of one sequence to another, added to the first.
#[derive(Module, Debug)]
pub struct CrossAttention {
    query: Linear,
    key_value: Linear,
    out: Linear,
    heads: usize,
}

impl CrossAttention {
    /// A fresh layer; it does not start as the identity, for what it reads may be all there is.
    pub fn new(width: usize, heads: usize, device: &Device) -> Self {
        Self {
            query: linear(width, width, device),
            key_value: linear(width, 2 * width, device),
            out: linear(width, width, device),
            heads,
        }
    }

    /// `x` `[batch, reader, width]` reads `y` `[batch, read, width]`; to the shape of `x`, which is included.
    pub fn forward(&self, x: Tensor<3>, y: Tensor<3>) -> Tensor<3> {
        let width = x.dims()[2];
        let both = self.key_value.forward(layer_norm(y, 1e-5));
        let part = |i: usize| split_heads(both.clone().narrow(2, i * width, width), self.heads);
        let query = split_heads(self.query.forward(layer_norm(x.clone(), 1e-5)), self.heads);
        x + self.out.forward(join_heads(attend(query, part(0), part(1), None)))
    }
}

/// A pre-norm transformer block without condition.
#[derive(Module, Debug)]
pub struct TransformerBlock {
    attention: SelfAttention,
    feed_forward: super::layers::FeedForward,
}

impl TransformerBlock {
    /// A fresh block; it starts as the identity.
    pub fn new(width: usize, heads: usize, device: &Device) -> Self {
        Self {
            attention: SelfAttention::new(width, heads, device),
            feed_forward: super::layers::FeedForward::new(width, true, device),
        }
    }

    /// `[batch, token, width]` to the same shape.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.attention.forward(x, None);
        x.clone() + self.feed_forward.forward(layer_norm(x, 1e-5))
    }
}
