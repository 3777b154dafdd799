//! What networks are told of the players of training bars: the truth, what is heard as in use, or nothing.

use burn::tensor::activation::softplus;
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use turnaround_core::instruments::{Instrument, Players};

/// Share of bars of which nothing is told where no schedule says otherwise.
pub const UNSAID: f64 = 0.1;

/// Share of bars of known players that are told as they are heard: in use nobody knows better, and a musician's wish is as sure as the
/// truth.
const AS_HEARD: f64 = 0.5;

/// A row a bar, `[bar, instrument]`, flat: for each nothing, the truth, or what is `heard`, which also stands in for a truth that nobody
/// knows. Nothing is told of a share of `unsaid(bar)`.
pub fn drawn(
    random: &mut ChaCha8Rng,
    known: &[Option<Players>],
    heard: &[f32],
    instruments: &[Instrument],
    unsaid: impl Fn(usize) -> f64,
) -> Vec<f32> {
    let count = instruments.len();
    let row = |(bar, (known, heard)): (usize, (&Option<Players>, &[f32]))| {
        let (is_unsaid, is_as_heard) = (random.random_bool(unsaid(bar)), random.random_bool(AS_HEARD));
        match known {
            _ if is_unsaid => vec![0.0; count],
            Some(players) if !is_as_heard => players.row(instruments),
            _ => heard.to_vec(),
        }
    };
    known.iter().zip(heard.chunks_exact(count)).enumerate().flat_map(row).collect()
}

/// The mean binary cross-entropy of `[bar, instrument]` log odds over the bars whose players are known; nothing where none is.
pub fn hearing_loss(log_odds: Tensor<2>, known: &[Option<Players>], instruments: &[Instrument], device: &Device) -> Tensor<1> {
    let (count, bars) = (instruments.len(), known.len());
    let truth: Vec<f32> = known.iter().flat_map(|players| players.unwrap_or_default().row(instruments)).collect();
    let counted: Vec<f32> = known.iter().map(|players| f32::from(u8::from(players.is_some()))).collect();
    let all = counted.iter().sum::<f32>().max(1.0) * count as f32;
    let truth = Tensor::<2>::from_data(TensorData::new(truth, [bars, count]), device);
    let counted = Tensor::<2>::from_data(TensorData::new(counted, [bars, 1]), device);
    ((softplus(log_odds.clone(), 1.0) - log_odds * truth) * counted).sum().div_scalar(all)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const TWO: [Instrument; 2] = [Instrument::Piano, Instrument::Drums];

    fn drums() -> Option<Players> {
        Some([Instrument::Drums].into_iter().collect())
    }

    #[test]
    fn known_players_are_told_as_they_are_or_as_heard_and_unknown_ones_as_heard_or_not_at_all() {
        let known: Vec<Option<Players>> = (0..1000).map(|bar| if bar % 2 == 0 { drums() } else { None }).collect();
        let heard = [0.25, 0.75].repeat(1000);
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let rows = drawn(&mut random, &known, &heard, &TWO, |bar| if bar < 10 { 1.0 } else { 0.2 });
        let count =
            |odd: usize, row: [f32; 2]| rows.chunks_exact(2).skip(10 + odd).step_by(2).filter(|found| **found == row).count();
        assert!(rows[..20].iter().all(|x| *x == 0.0));
        let near = |found: usize, expected: usize| found.abs_diff(expected) < 40;
        assert!(near(count(0, [0.0; 2]), 99) && near(count(0, [0.0, 1.0]), 198) && near(count(0, [0.25, 0.75]), 198));
        assert!(near(count(1, [0.0; 2]), 99) && near(count(1, [0.25, 0.75]), 396));
    }

    #[test]
    fn a_bar_of_unknown_players_teaches_nothing_about_hearing_them() {
        let device = Device::flex();
        let loss = |log_odds: [[f32; 2]; 2], known: [Option<Players>; 2]| -> f32 {
            hearing_loss(Tensor::from_data(log_odds, &device), &known, &TWO, &device).into_scalar()
        };
        let sure = [[-9.0, 9.0], [5.0, 5.0]];
        assert!(loss(sure, [drums(), None]) < 1e-3);
        assert!(loss(sure, [drums(), drums()]) > 1.0);
        assert_eq!(loss(sure, [None, None]), 0.0);
        assert!((loss([[0.0; 2]; 2], [drums(), drums()]) - 2f32.ln()).abs() < 1e-6, "no idea costs one bit an instrument");
    }
}
