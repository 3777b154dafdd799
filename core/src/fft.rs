//! Plans of Fourier transforms of real signals, made once a thread: planning a long one takes as long as running it several times.

use std::cell::RefCell;
use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

thread_local! {
    static PLANNER: RefCell<RealFftPlanner<f32>> = RefCell::new(RealFftPlanner::new());
}

/// From `length` samples to `length / 2 + 1` bins.
pub(crate) fn forward(length: usize) -> Arc<dyn RealToComplex<f32>> {
    PLANNER.with_borrow_mut(|planner| planner.plan_fft_forward(length))
}

/// From `length / 2 + 1` bins to `length` samples, `length` times as loud.
pub(crate) fn inverse(length: usize) -> Arc<dyn ComplexToReal<f32>> {
    PLANNER.with_borrow_mut(|planner| planner.plan_fft_inverse(length))
}
