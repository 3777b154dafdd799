//! All parameters of a network as one row of numbers.
//!
//! An optimiser that goes from parameter to parameter starts some twenty small operations for each. On a GPU starting them is what takes the
//! time: of 171 ms a step, measured on an H200 with batches of 128, about 100 did not shrink with the batch. Over one row there are twenty
//! in all.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

/// What linear layers call the matrix that weight decay is meant for.
const MATRIX: &str = "weight";

/// Every float parameter in the order the module is visited, not differentiating. `[parameter]`.
pub fn weights<M: Module>(module: &M) -> Tensor<1> {
    let mut found = Weights(Vec::new());
    module.visit(&mut found);
    Tensor::cat(found.0, 0)
}

struct Weights(Vec<Tensor<1>>);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        let count: usize = value.dims().iter().product();
        self.0.push(value.reshape([count]));
    }
}

/// The module with its parameters taken from a row, as [`weights`] lays them.
pub fn put<M: Module>(module: M, row: &Tensor<1>) -> M {
    module.map(&mut Put { row, start: 0 })
}

struct Put<'a> {
    row: &'a Tensor<1>,
    start: usize,
}

impl ModuleMapper for Put<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|old| {
            let shape = old.dims();
            let count: usize = shape.iter().product();
            let new = self.row.clone().narrow(0, self.start, count).reshape(shape);
            self.start += count;
            match (old.is_autodiff(), old.is_require_grad()) {
                (true, true) => new.autodiff().require_grad(),
                (true, false) => new.autodiff(),
                (false, _) => new,
            }
        })
    }
}

/// The gradient of every parameter, zero where a step did not reach. `[parameter]`.
pub fn gradients<M: Module>(module: &M, gradients: GradientsParams) -> Tensor<1> {
    let mut found = Gradients { from: gradients, rows: Vec::new() };
    module.visit(&mut found);
    Tensor::cat(found.rows, 0)
}

struct Gradients {
    from: GradientsParams,
    rows: Vec<Tensor<1>>,
}

impl ModuleVisitor for Gradients {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        let count: usize = value.dims().iter().product();
        self.rows.push(match self.from.remove::<D>(param.id) {
            Some(gradient) => gradient.reshape([count]),
            None => Tensor::zeros([count], &value.device()),
        });
    }
}

/// One for every number of a linear layer's matrix, zero for norms, biases, places and tables, which are left to be as large as they
/// will. `[parameter]`.
pub fn decaying<M: Module>(module: &M, device: &Device) -> Tensor<1> {
    let mut found = Decaying { path: Vec::new(), row: Vec::new() };
    module.visit(&mut found);
    let count = found.row.len();
    Tensor::from_data(TensorData::new(found.row, [count]), device)
}

struct Decaying {
    path: Vec<String>,
    row: Vec<f32>,
}

impl ModuleVisitor for Decaying {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let is_matrix = self.path.last().is_some_and(|name| name == MATRIX);
        let count: usize = param.lazy_shape().as_slice().iter().product();
        self.row.extend(std::iter::repeat_n(f32::from(u8::from(is_matrix)), count));
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Distribution;

    use super::*;

    #[derive(Module, Debug)]
    struct Network {
        first: Linear,
        place: Param<Tensor<2>>,
        second: Linear,
    }

    fn network(device: &Device) -> Network {
        Network {
            first: LinearConfig::new(3, 4).init(device),
            place: Param::from_tensor(Tensor::random([2, 4], Distribution::Normal(0.0, 1.0), device)),
            second: LinearConfig::new(4, 1).init(device),
        }
    }

    #[test]
    fn a_row_put_back_is_the_network_it_came_from() {
        let device = Device::flex();
        let own = network(&device);
        let row = weights(&own);
        assert_eq!(row.dims(), [3 * 4 + 4 + 2 * 4 + 4 + 1]);
        let other = put(network(&device), &row);
        assert_eq!(weights(&other).into_data(), row.into_data());
        assert_eq!(other.place.val().into_data(), own.place.val().into_data());
    }

    #[test]
    fn only_matrices_of_linear_layers_decay() {
        let device = Device::flex();
        let row: Vec<f32> = decaying(&network(&device), &device).into_data().try_into_vec().expect("floats");
        let expected = [vec![1.0; 12], vec![0.0; 4], vec![0.0; 8], vec![1.0; 4], vec![0.0]].concat();
        assert_eq!(row, expected);
    }

    #[test]
    fn parameters_that_a_loss_does_not_reach_have_no_gradient() {
        let device = Device::flex().autodiff();
        let network = network(&device).train();
        let loss = network.second.forward(Tensor::<2>::ones([1, 4], &device)).sum();
        let row = gradients(&network, GradientsParams::from_grads(loss.backward(), &network));
        let row: Vec<f32> = row.into_data().try_into_vec().expect("floats");
        assert_eq!(row, [vec![0.0; 24], vec![1.0; 5]].concat());
    }
}
