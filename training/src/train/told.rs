//! What the dynamics is told of every unit of a corpus: one action vector each, however it was made, and where they are known, vectors of
//! its heaviest actions alone.

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
    /// Of the heaviest action of a unit, of its two heaviest, … of all but the lightest: `[unit][kept − 1][width]`. Empty where vectors are
    /// not made of actions that could be told apart.
    of_heaviest: Vec<Vec<Vec<f32>>>,
    width: usize,
}

impl ActionVectors {
    /// Vectors of `width`, `[unit][width]`.
    pub fn new(of_unit: Vec<Vec<f32>>, width: usize) -> Self {
        debug_assert!(of_unit.iter().all(|vector| vector.len() == width));
        Self { of_unit, of_heaviest: Vec::new(), width }
    }

    /// The same with vectors of the heaviest actions of each unit, `[unit][kept − 1][width]`.
    pub fn with_heaviest(self, of_heaviest: Vec<Vec<Vec<f32>>>) -> Self {
        debug_assert_eq!(of_heaviest.len(), self.of_unit.len());
        Self { of_heaviest, ..self }
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
        Self::new(of_unit, width)
    }

    /// Each vector as a map makes it.
    pub fn mapped(&self, map: &ActionMap, device: &Device) -> Self {
        let mapped = |vectors: &[Vec<f32>]| -> Vec<Vec<f32>> {
            let group = |group: &[Vec<f32>]| {
                let mapped = map.forward(Tensor::from_data(TensorData::new(group.concat(), [group.len(), self.width]), device));
                numbers(mapped).chunks_exact(self.width).map(<[f32]>::to_vec).collect::<Vec<_>>()
            };
            vectors.chunks(BATCH).flat_map(group).collect()
        };
        let of_heaviest = self.of_heaviest.iter().map(|parts| mapped(parts)).collect();
        Self { of_unit: mapped(&self.of_unit), of_heaviest, width: self.width }
    }

    /// The most actions that a unit may be told: one where they cannot be told apart.
    pub fn most(&self) -> usize {
        1 + self.of_heaviest.iter().map(Vec::len).max().unwrap_or(0)
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

    /// The same where `kept` says of each window and bar how many of its heaviest actions are told; all if it says nothing.
    pub fn in_part(&self, windows: &[&Vec<usize>], kept: impl Fn(usize, usize) -> Option<usize>, device: &Device) -> Tensor<3> {
        let mut values = Vec::new();
        for (number, window) in windows.iter().enumerate() {
            for (bar, &unit) in window.iter().enumerate() {
                let part = kept(number, bar).and_then(|kept| self.of_heaviest.get(unit)?.get(kept.checked_sub(1)?));
                values.extend_from_slice(part.unwrap_or(&self.of_unit[unit]));
            }
        }
        Tensor::from_data(TensorData::new(values, [windows.len(), windows[0].len(), self.width]), device)
    }
}
