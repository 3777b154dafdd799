//! Convolution with a long response, in blocks in the frequency domain.

use realfft::RealFftPlanner;

/// `audio` convolved with `response`, cut to the length of `audio`.
pub fn convolve(audio: &[f32], response: &[f32]) -> Vec<f32> {
    let block = (4 * response.len()).next_power_of_two();
    let step = block - response.len() + 1;
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(block), planner.plan_fft_inverse(block));
    let mut padded = forward.make_input_vec();
    padded[..response.len()].copy_from_slice(response);
    let mut factors = forward.make_output_vec();
    forward.process(&mut padded, &mut factors).expect("buffers come from the plan");
    let mut spectrum = forward.make_output_vec();
    let mut output = vec![0.0; audio.len() + response.len()];
    for start in (0..audio.len()).step_by(step) {
        let piece = &audio[start..audio.len().min(start + step)];
        padded[..piece.len()].copy_from_slice(piece);
        padded[piece.len()..].fill(0.0);
        forward.process(&mut padded, &mut spectrum).expect("buffers come from the plan");
        spectrum.iter_mut().zip(&factors).for_each(|(value, factor)| *value *= factor / block as f32);
        // Rounding may leave an imaginary part where a real signal has none.
        let last = spectrum.len() - 1;
        (spectrum[0].im, spectrum[last].im) = (0.0, 0.0);
        inverse.process(&mut spectrum, &mut padded).expect("buffers come from the plan");
        output[start..].iter_mut().zip(&padded).for_each(|(sum, value)| *sum += value);
    }
    output.truncate(audio.len());
    output
}
