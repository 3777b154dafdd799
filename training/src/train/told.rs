//! What the dynamics is told of every unit of a corpus: one action vector each, however it was made.

use burn::tensor::{Device, Tensor, TensorData};

use super::latents::{Slots, numbers};
use crate::networks::action_map::ActionMap;
use crate::networks::actions::ActionModel;

/// Units embedded at once.
const BATCH: usize = 64;

/// One action vector for every unit.
#[derive(Clone)]
pub struct ActionVectors {
    /// `[unit][width]`.
    of_unit: Vec<Vec<f32>>,
    width: usize,
}

impl ActionVectors {
    /// Vectors of `width`, `[unit][width]`.
    pub fn new(of_unit: Vec<Vec<f32>>, width: usize) -> Self {
        debug_assert!(of_unit.iter().all(|vector| vector.len() == width));
        Self { of_unit, width }
    }

    /// What a model of any sizes tells of every unit, `active` actions at a choice. It must hear one bar alone, for the first unit of a piece
    /// has none before it.
    pub fn chosen(model: &ActionModel, active: usize, slots: &Slots, device: &Device) -> Self {
        let all: Vec<usize> = (0..slots.of_unit.len()).collect();
        let (mut of_unit, mut width) = (Vec::new(), 0);
        for group in all.chunks(BATCH) {
            let bars = slots.batch(group, device);
            let choice = model.choose(bars.clone(), bars, slots.timing(group, device), active, 0.0);
            let vectors = model.table.embed_by_head(choice.weights); // [unit, width]
            width = vectors.dims()[1];
            of_unit.extend(numbers(vectors).chunks_exact(width).map(<[f32]>::to_vec));
        }
        Self { of_unit, width }
    }

    /// Each vector as a map makes it.
    pub fn mapped(&self, map: &ActionMap, device: &Device) -> Self {
        let all: Vec<usize> = (0..self.of_unit.len()).collect();
        let mapped = |group: &[usize]| numbers(map.forward(self.batch(group, device)));
        let of_unit =
            all.chunks(BATCH).flat_map(|group| mapped(group).chunks_exact(self.width).map(<[f32]>::to_vec).collect::<Vec<_>>());
        Self { of_unit: of_unit.collect(), width: self.width }
    }

    /// Numbers in a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The vector of a unit.
    pub fn of(&self, unit: usize) -> &[f32] {
        &self.of_unit[unit]
    }

    /// Vectors of some units, `[unit, width]`.
    pub fn batch(&self, units: &[usize], device: &Device) -> Tensor<2> {
        let values: Vec<f32> = units.iter().flat_map(|&unit| self.of(unit).iter().copied()).collect();
        Tensor::from_data(TensorData::new(values, [units.len(), self.width]), device)
    }

    /// Vectors of every unit of some windows, `[window, bar, width]`.
    pub fn windows(&self, windows: &[&Vec<usize>], device: &Device) -> Tensor<3> {
        let units: Vec<usize> = windows.iter().flat_map(|window| window.iter().copied()).collect();
        self.batch(&units, device).reshape([windows.len(), windows[0].len(), self.width])
    }
}
