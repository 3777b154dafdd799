//! What the dynamics is told of every unit of a corpus: one action vector each, however it was made, and where they are known, vectors of
//! its heaviest actions, or first codes, alone.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

use super::codes::Windows;
use super::latents::{Slots, numbers};
use crate::networks::action_map::ActionMap;
use crate::networks::actions::ActionModel;
use crate::networks::codes::{CodeConfig, CodeModel};

/// Units embedded at once.
const BATCH: usize = 64;

/// One action vector for every unit.
#[derive(Clone)]
pub struct ActionVectors {
    /// `[unit][width]`.
    of_unit: Vec<Vec<f32>>,
    /// Of the heaviest action of a unit, of its two heaviest, … of all but the lightest; or of its first code, its first two, … of all but
    /// the last: `[unit][kept − 1][width]`. Empty where vectors are not made of parts that could be told apart.
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

    /// What a model of codes tells of every unit. One that has none before it in its piece, and so no change, is told no code.
    pub fn coded(model: &CodeModel, config: &CodeConfig, slots: &Slots, device: &Device) -> Self {
        let stages = config.quantiser.stages;
        let mut by_length: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
        for piece in slots.pieces.values().flatten() {
            for end in 2..=piece.len() {
                let window = &piece[end.saturating_sub(config.bars)..end];
                by_length.entry(window.len()).or_default().push(window.to_vec());
            }
        }
        let silent = numbers(model.quantiser.embed(Tensor::zeros([1, stages, config.quantiser.levels.len()], device), &[0]));
        let mut told = vec![vec![silent.clone(); stages]; slots.of_unit.len()];
        for group in by_length.values().flat_map(|windows| windows.chunks(BATCH)) {
            let Windows { bars, timing } = Windows::new(slots, &group.iter().collect::<Vec<_>>(), device);
            let changes = bars.dims()[1] - 1;
            let levels = model.codes(bars, timing).levels; // [window · change, stage, number]
            let last: Vec<i32> = (1..=group.len()).map(|window| (window * changes - 1) as i32).collect();
            let levels = levels.select(0, Tensor::from_data(TensorData::new(last, [group.len()]), device));
            for kept in 1..=stages {
                let vectors = numbers(model.quantiser.embed(levels.clone(), &vec![kept; group.len()]));
                for (window, vector) in group.iter().zip(vectors.chunks_exact(silent.len())) {
                    told[window[window.len() - 1]][kept - 1] = vector.to_vec();
                }
            }
        }
        let of_unit = told.iter_mut().map(|parts| parts.pop().expect("a code model has a stage")).collect();
        Self::new(of_unit, silent.len()).with_heaviest(told)
    }

    /// The same where only the first `kept` parts are told, of units that have more.
    pub fn only(&self, kept: usize) -> Self {
        let of = |(whole, parts): (&Vec<f32>, &Vec<Vec<f32>>)| parts.get(kept - 1).unwrap_or(whole).clone();
        match self.of_heaviest.is_empty() {
            true => self.clone(),
            false => Self::new(self.of_unit.iter().zip(&self.of_heaviest).map(of).collect(), self.width),
        }
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

    /// The most actions, or codes, that a unit may be told: one where they cannot be told apart.
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

    /// The same where `kept` says of each window and bar how many of its heaviest actions, or first codes, are told; all if it says nothing.
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

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::corpus::Split;

    #[test]
    fn codes_are_told_of_every_unit_with_one_before_it_and_fewer_of_them_say_less() {
        let (slots, device) = (Slots::of_patterns(4, 4), Device::flex());
        let config = CodeConfig::for_tests(4, 4);
        let model = CodeModel::new(&config, &device);
        let told = ActionVectors::coded(&model, &config, &slots, &device);
        assert_eq!((told.width(), told.most()), (16, 2));
        let none = Tensor::zeros([1, 2, 2], &device);
        let silent = numbers(model.quantiser.embed(none, &[0]));
        let of = |units: &[usize]| {
            let Windows { bars, timing } = Windows::new(&slots, &[&units.to_vec()], &device);
            let changes = units.len() - 1;
            let levels = model.codes(bars, timing).levels.narrow(0, changes - 1, 1);
            [1, 2].map(|kept| numbers(model.quantiser.embed(levels.clone(), &[kept])))
        };
        let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        for piece in slots.pieces[&Split::Train].iter().chain(&slots.pieces[&Split::Validation]) {
            assert!(near(told.of(piece[0]), &silent) && near(told.only(1).of(piece[0]), &silent));
            for (unit, heard) in [(piece[1], &piece[..2]), (piece[2], &piece[..3]), (piece[7], &piece[5..8])] {
                let [one, two] = of(heard);
                assert!(near(told.of(unit), &two) && near(told.only(1).of(unit), &one), "unit {unit}");
                assert!(!near(&one, &two) && near(told.only(2).of(unit), &two), "unit {unit}");
            }
        }
    }
}
