//! Energy, decibels, and noise added at a given distance below the music.

/// The root of the mean square; 0 of nothing.
pub fn rms(audio: &[f32]) -> f64 {
    let energy: f64 = audio.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (energy / audio.len().max(1) as f64).sqrt()
}

/// The largest magnitude.
pub fn peak(audio: &[f32]) -> f32 {
    audio.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

/// A ratio of amplitudes in decibels.
pub fn decibels(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

/// Decibels as a ratio of amplitudes.
pub fn ratio(decibels: f64) -> f64 {
    10.0_f64.powf(decibels / 20.0)
}

/// Adds `noise` so that the music's energy lies `snr_db` above the noise's. Silence stays silent, and so does silent noise.
pub fn add_at_snr(audio: &mut [f32], noise: &[f32], snr_db: f64) {
    let loudness = rms(noise);
    if loudness == 0.0 {
        return;
    }
    let gain = (rms(audio) / loudness / ratio(snr_db)) as f32;
    audio.iter_mut().zip(noise).for_each(|(sample, noise)| *sample += gain * noise);
}

/// Where a value lies between what is harmless (0) and what is worst (1).
pub fn severity(value: f64, harmless: f64, worst: f64) -> f64 {
    ((value - harmless) / (worst - harmless)).clamp(0.0, 1.0)
}
