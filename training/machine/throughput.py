"""How long PyTorch takes for one training step of the tokenizer: the yardstick for `turnaround-training train`.

Writes the preset's networks down a second time, in eager PyTorch with fused AdamW, which is what most people would train with, and times
steps on random frames. Nothing here is trained or kept; the networks that are live in training/src/networks.

    python3 throughput.py --preset small.toml --batch 128 --device cuda
"""

import argparse
import time
import tomllib

import torch
import torch.nn.functional as F
from torch import nn

LEVEL = 64


def norm(x, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], eps=eps)


def zero(layer):
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class PlainBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.mix = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.wide, self.narrow = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.scale, self.shift = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.layer_scale = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x):
        h = norm(self.mix(x.transpose(1, 2)).transpose(1, 2)) * self.scale + self.shift
        return x + self.narrow(F.gelu(self.wide(h))) * self.layer_scale


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.all, self.out, self.heads = nn.Linear(width, 3 * width), zero(nn.Linear(width, width)), heads

    def forward(self, x):
        batch, time, width = x.shape
        q, k, v = self.all(norm(x)).view(batch, time, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v)
        return x + self.out(mixed.transpose(1, 2).reshape(batch, time, width))


class BandBlock(nn.Module):
    def __init__(self, width, features, reach):
        super().__init__()
        self.wide, self.narrow = nn.Linear(5 * width, 2 * width), nn.Linear(2 * width, width)
        self.features, self.level, self.reach = zero(nn.Linear(features, 3 * width)), zero(nn.Linear(LEVEL, 3 * width)), reach

    def forward(self, x, features, level):
        told = self.features(F.silu(features)) + self.level(F.silu(level))
        shift, scale, gate = told.chunk(3, -1)
        h = norm(x) * (1 + scale) + shift
        time, bands, reach = h.shape[1], h.shape[2], self.reach
        late, high = F.pad(h, (0, 0, 0, 0, reach, reach)), F.pad(h, (0, 0, 1, 1))
        near = [h, late[:, :time], late[:, 2 * reach :], high[:, :, :bands], high[:, :, 2:]]
        return x + self.narrow(F.gelu(self.wide(torch.cat(near, -1)))) * gate


class Tokenizer(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        if any(rate["stride"] != 1 for rate in sizes["encoder"] + sizes["condition"]):
            raise SystemExit("only presets with one token a frame are written down here")
        den = sizes["denoiser"]
        self.bands, self.taps, self.bins = den["bands"], den["taps"], sizes["bins"]
        enc, cond = sizes["encoder"][0], sizes["condition"][0]
        numbers, widths, features = 2 * self.bins // self.bands, den["widths"], den["features"]
        self.e_in = nn.Linear(self.bins, enc["width"])
        self.e_blocks = nn.Sequential(*[PlainBlock(enc["width"]) for _ in range(enc["blocks"])])
        self.e_attention = Attention(enc["width"], sizes["heads"])
        self.e_out = nn.Linear(enc["width"], sizes["channels"])
        self.c_in = nn.Linear(3 * sizes["channels"], cond["width"])
        self.c_attention = Attention(cond["width"], sizes["heads"])
        self.c_blocks = nn.Sequential(*[PlainBlock(cond["width"]) for _ in range(cond["blocks"])])
        self.c_variance, self.c_features = nn.Linear(cond["width"], self.bins), nn.Linear(cond["width"], self.bands * features)
        self.level = nn.Sequential(nn.Linear(LEVEL, LEVEL), nn.SiLU(), nn.Linear(LEVEL, LEVEL))
        self.d_in = nn.Linear(numbers + numbers // 2 + features, widths[0])
        self.place = nn.Parameter(0.1 * torch.randn(self.bands, widths[0]))
        reaches = iter([1, 2, 4] * 20)
        stack = lambda i: nn.ModuleList(BandBlock(widths[i], features << i, next(reaches)) for _ in range(den["blocks"][i]))
        last = len(widths) - 1
        self.inward, self.middle = nn.ModuleList(stack(i) for i in range(last)), stack(last)
        self.outward = nn.ModuleList(stack(i) for i in range(last))
        self.down = nn.ModuleList(nn.Linear(2 * widths[i], widths[i + 1]) for i in range(last))
        self.up = nn.ModuleList(nn.Linear(widths[i + 1], 2 * widths[i]) for i in range(last))
        self.filter, self.output = zero(nn.Linear(widths[0], numbers * self.taps)), zero(nn.Linear(widths[0], numbers))

    def encode(self, frames):
        re, im = frames.chunk(2, -1)
        h = self.e_blocks(self.e_in(((re * re + im * im + 1e-4).log() + 2) / 2.5))
        return norm(self.e_out(self.e_attention(h)), 1e-3)

    def condition(self, latents):
        time, padded = latents.shape[1], F.pad(latents, (0, 0, 1, 1))
        h = self.c_attention(self.c_in(torch.cat([padded[:, :time], latents, padded[:, 2:]], -1)))
        h = norm(self.c_blocks(h))
        return self.c_features(h), (self.c_variance(h).float().clamp_max(6).exp() + 1e-4).sqrt()

    def split(self, frames):
        batch, time, width = frames.shape
        return frames.view(batch, time, 2, self.bands, -1).transpose(2, 3).reshape(batch, time, self.bands, -1)

    def denoise(self, noisy, level, features, scale):
        batch, time, _ = noisy.shape
        noisy = self.split(noisy)
        features = features.view(batch, time, self.bands, -1)
        rates = torch.exp(-torch.arange(LEVEL // 2, device=noisy.device) * 9.21 / (LEVEL // 2))
        angle = level[:, None] * 1000 * rates
        level_features = self.level(torch.cat([angle.cos(), angle.sin()], -1))[:, None, None]
        h = self.d_in(torch.cat([noisy, scale.log().view(batch, time, self.bands, -1), features], -1)) + self.place
        left, near = [], features
        for blocks, down in zip(self.inward, self.down):
            for block in blocks:
                h = block(h, near, level_features)
            left.append((h, near))
            folded = h.reshape(batch, time, h.shape[2] // 2, -1)
            group = folded.shape[-1] // down.out_features
            h = down(folded) + folded.view(*folded.shape[:-1], down.out_features, group).mean(-1)
            near = near.reshape(batch, time, near.shape[2] // 2, -1)
        for block in self.middle:
            h = block(h, near, level_features)
        for blocks, up, (skip, near) in zip(reversed(self.outward), reversed(self.up), reversed(left)):
            wide = up(h) + h.repeat_interleave(up.out_features // h.shape[-1], -1)
            h = wide.reshape(batch, time, 2 * h.shape[2], -1) + skip
            for block in blocks:
                h = block(h, near, level_features)
        h = norm(h)
        taps, half = self.filter(h).float(), self.taps // 2
        padded = F.pad(noisy, (0, 0, 0, 0, half, half))
        found = 0
        for k, (a, b) in enumerate(zip(*[iter(taps.chunk(2 * self.taps, -1))] * 2)):
            re, im = padded[:, k : k + time].chunk(2, -1)
            found = found + torch.cat([a * re - b * im, a * im + b * re], -1)
        t = level[:, None, None, None]
        q = (1 - t) ** 2 + t**2
        return (noisy + found) * (1 - t) / q + self.output(h).float() * t / q.sqrt()


def loss(model, frames, autocast):
    with autocast:
        features, scale = model.condition(model.encode(frames))
    re, im = frames.chunk(2, -1)
    variance = scale * scale
    likelihood = 0.5 * (variance.log() + ((re * re + im * im) / 2 + 1e-4) / variance).mean()
    wide = torch.cat([scale, scale], -1).detach()
    clean, level = frames / wide, torch.rand(frames.shape[0], device=frames.device)
    spread = level[:, None, None]
    noisy = clean * (1 - spread) + torch.randn_like(clean) * spread
    with autocast:
        predicted = model.denoise(noisy, level, features, scale.detach())
    error = (predicted.float() - model.split(clean)) * model.split(wide) / spread[..., None].clamp_min(0.3)
    return error.square().mean() + likelihood


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--steps", type=int, default=30)
    arguments = parser.parse_args()
    with open(arguments.preset, "rb") as file:
        preset = tomllib.load(file)
    sizes = preset["tokenizer"]["network"]
    for half in (False, True):
        torch.manual_seed(1)
        model = Tokenizer(sizes).to(arguments.device)
        optimiser = torch.optim.AdamW(model.parameters(), 1e-3, (0.9, 0.99), fused=arguments.device == "cuda")
        autocast = torch.autocast(arguments.device, torch.bfloat16, enabled=half)
        frames = torch.randn(arguments.batch, preset["stretch_frames"], 2 * sizes["bins"], device=arguments.device)
        times = []
        for _ in range(arguments.steps):
            began = time.perf_counter()
            optimiser.zero_grad(set_to_none=True)
            total = loss(model, frames, autocast)
            total.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            if arguments.device == "cuda":
                torch.cuda.synchronize()
            times.append(time.perf_counter() - began)
        later = sorted(times[len(times) // 3 :])
        kind = "bf16" if half else "fp32"
        median = later[len(later) // 2]
        print(f"PyTorch {torch.__version__} {kind}, batch {arguments.batch}: {1e3 * median:.1f} ms a step, loss {total.item():.3f}", flush=True)


if __name__ == "__main__":
    main()
