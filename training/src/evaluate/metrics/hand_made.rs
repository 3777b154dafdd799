//! Sounds whose measures are known, for tests.

use turnaround_core::noise::GaussianNoise;

/// Gaussian noise at −20 dB.
pub fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut values = vec![0.0; count];
    GaussianNoise::new(seed).fill(&mut values);
    scaled(&values, 0.1)
}

/// A sine at −9 dB and 16 kHz.
pub fn tone(hz: f64, count: usize) -> Vec<f32> {
    (0..count).map(|i| 0.5 * (std::f64::consts::TAU * hz * i as f64 / 16_000.0).sin() as f32).collect()
}

/// The same sound louder.
pub fn scaled(sound: &[f32], gain: f32) -> Vec<f32> {
    sound.iter().map(|x| gain * x).collect()
}

/// Notes struck at these seconds, at 16 kHz: eight falling partials of rising pitch.
pub fn plucks(seconds: &[f64], count: usize) -> Vec<f32> {
    let mut sound = vec![0.0; count];
    for (index, at) in seconds.iter().enumerate() {
        let (start, hz) = ((at * 16_000.0) as usize, 220.0 * 1.26f64.powi(index as i32 % 7));
        for (i, out) in sound.iter_mut().enumerate().skip(start) {
            let time = (i - start) as f64 / 16_000.0;
            let partial = |k: f64| (std::f64::consts::TAU * k * hz * time).sin() / k;
            *out += (0.2 * (-time / 0.15).exp() * (1..=8).map(|k| partial(f64::from(k))).sum::<f64>()) as f32;
        }
    }
    sound
}
