//! What single denoising calls know, noise level by noise level: the monitor that shows a decoder which ignores its latents.

use std::fmt::Write;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use turnaround_core::noise::{GaussianNoise, blend};

use super::probe::{Bar, Probe};

/// Noise levels that are probed: the middles of ten equal parts.
const LEVELS: [f32; 10] = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95];

/// One noise level.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NoiseLevel {
    /// From 0, clean, to 1, only noise.
    pub level: f32,
    /// Mean squared error of velocity, (clean frames as found − as they are) / level, in units of the expected scale: what training
    /// weighs before it clamps. 2 is an answer of nothing.
    pub velocity_loss: f64,
    /// Squared error of companded frames over that of the linear filter that would be ideal for data of unit variance, in percent. Below
    /// 100 the network knows something.
    pub percent_of_linear_filter: f64,
}

/// Sums at one level.
#[derive(Clone, Copy, Default)]
struct Errors {
    network: f64,
    linear: f64,
    velocity: f64,
    count: f64,
}

/// Probes every level on every bar, with one noise each.
pub(super) fn monitor(probe: &Probe, bars: &[Bar], seed: u64) -> Result<Vec<NoiseLevel>> {
    let mut errors = [Errors::default(); LEVELS.len()];
    for (index, bar) in bars.iter().enumerate() {
        let condition = probe.condition(&bar.latents)?;
        let scale: Vec<f32> = condition[1].values().chunks_exact(probe.sizes.bins).flat_map(|row| row.repeat(2)).collect();
        let clean: Vec<f32> = bar.frames.iter().zip(&scale).map(|(x, scale)| x / scale).collect();
        let mut noise = vec![0.0; clean.len()];
        GaussianNoise::new(seed + index as u64).fill(&mut noise);
        for (level, errors) in LEVELS.into_iter().zip(&mut errors) {
            let noisy = blend(&clean, &noise, level);
            let denoised = probe.denoised(&noisy, level, &condition)?;
            let share = (1.0 - level) / ((1.0 - level).powi(2) + level.powi(2));
            for (((clean, noisy), denoised), scale) in clean.iter().zip(&noisy).zip(&denoised).zip(&scale) {
                errors.network += f64::from((denoised - clean) * scale).powi(2);
                errors.linear += f64::from((share * noisy - clean) * scale).powi(2);
                errors.velocity += f64::from((denoised - clean) / level).powi(2);
            }
            errors.count += clean.len() as f64;
        }
    }
    let found = |(level, errors): (f32, &Errors)| NoiseLevel {
        level,
        velocity_loss: errors.velocity / errors.count,
        percent_of_linear_filter: 100.0 * errors.network / errors.linear,
    };
    Ok(LEVELS.into_iter().zip(&errors).map(found).collect())
}

/// The card's table.
pub(super) fn describe(levels: &[NoiseLevel], text: &mut String) -> std::fmt::Result {
    let row = |name: &str, cells: Vec<String>| format!("| {name} | {} |", cells.join(" | "));
    writeln!(text, "{}", row("noise level", levels.iter().map(|level| format!("{:.2}", level.level)).collect()))?;
    writeln!(text, "|{}", "---|".repeat(levels.len() + 1))?;
    writeln!(text, "{}", row("velocity loss", levels.iter().map(|level| format!("{:.2}", level.velocity_loss)).collect()))?;
    let percent = levels.iter().map(|level| format!("{:.0} %", level.percent_of_linear_filter)).collect();
    writeln!(text, "{}\n", row("of a linear filter's error", percent))
}
