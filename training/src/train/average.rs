//! Exponential moving average of a network's weights: what is evaluated and exported.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// The average after this many steps keeps `min(0.995, (1 + step) / (10 + step))` of itself, so that early steps wash out fast.
pub fn decay(step: u64) -> f64 {
    let step = step as f64;
    ((1.0 + step) / (10.0 + step)).min(0.995)
}

/// Moves `average` towards `live`, which may be on an autodiff device. Both must come from the same module (same parameter ids).
pub fn update<M: Module>(average: M, live: &M, decay: f64) -> M {
    let mut collect = Collect(GradientsParams::new());
    live.visit(&mut collect);
    average.map(&mut Blend { live: collect.0, decay })
}

/// Gathers parameters by id. The optimiser's container for gradients is the type-erased map the library offers.
struct Collect(GradientsParams);

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.register(param.id, param.val().inner());
    }
}

struct Blend {
    live: GradientsParams,
    decay: f64,
}

impl ModuleMapper for Blend {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let live = self.live.remove::<D>(param.id).expect("the average has the parameters of the network it follows");
        let decay = self.decay;
        param.map(|average| average.mul_scalar(decay) + live.mul_scalar(1.0 - decay))
    }
}
