"""Numbers for the test of musicnn's front end, from the definition alone: `python3 training/scripts/musicnn_mel.py`, with numpy."""

import numpy as np

RATE, WINDOW, HOP, BANDS = 16_000, 512, 256, 96


def mel_from_hz(hz):
    return np.where(hz < 1000.0, hz * 3.0 / 200.0, 15.0 + 27.0 * np.log(np.maximum(hz, 1.0) / 1000.0) / np.log(6.4))


def hz_from_mel(mel):
    return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * np.exp(np.log(6.4) * (mel - 15.0) / 27.0))


def filterbank():
    edges = hz_from_mel(np.linspace(0.0, mel_from_hz(np.array(RATE / 2.0)), BANDS + 2))
    bins = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    bank = np.zeros((BANDS, len(bins)))
    for band in range(BANDS):
        low, centre, high = edges[band : band + 3]
        rise, fall = (bins - low) / (centre - low), (high - bins) / (high - centre)
        bank[band] = np.maximum(0.0, np.minimum(rise, fall)) * 2.0 / (high - low)
    return bank


def log_mel(sound):
    padded = np.pad(sound, WINDOW // 2)
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)
    starts = range(0, len(padded) - WINDOW + 1, HOP)
    power = np.array([np.abs(np.fft.rfft(window * padded[s : s + WINDOW])) ** 2 for s in starts])
    return np.log10(10_000.0 * power @ filterbank().T + 1.0)


def sound():
    """A rising tone that fades in, over a steady one: 2,048 samples, eight hops."""
    i = np.arange(2048)
    return 0.3 * i / 2048 * np.sin(2 * np.pi * (0.01 * i + 4e-5 * i * i)) + 0.1 * np.sin(2 * np.pi * 440.0 * i / RATE)


if __name__ == "__main__":
    mel = log_mel(sound())
    print("shape", mel.shape)
    for frame, band in [(0, 5), (1, 10), (3, 20), (4, 21), (5, 40), (6, 57), (7, 70), (8, 95), (8, 0)]:
        print(f"({frame}, {band}, {mel[frame, band]:.5f}),")
    print("mean", round(mel.mean(), 5))
