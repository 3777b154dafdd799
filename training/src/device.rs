//! Which library computes, and where. The one place that names back ends.

use anyhow::{Result, bail};
use burn::tensor::Device;
use clap::ValueEnum;

/// A place to train.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeviceChoice {
    /// PyTorch on the CPU where this binary has it, else pure Rust.
    Auto,
    /// Pure Rust on the CPU.
    Flex,
    /// PyTorch's kernels on the CPU.
    Torch,
    /// PyTorch's kernels on the first NVIDIA GPU.
    TorchCuda,
}

impl DeviceChoice {
    /// The device, differentiation off.
    ///
    /// # Errors
    /// When this binary was built without that back end, or the machine lacks it.
    pub fn open(self) -> Result<Device> {
        match self {
            DeviceChoice::Auto if cfg!(feature = "tch") => torch(),
            DeviceChoice::Auto | DeviceChoice::Flex => flex(),
            DeviceChoice::Torch => torch(),
            DeviceChoice::TorchCuda => torch_cuda(),
        }
    }
}

/// Whether products of 16-bit numbers take less time on a device than those of 32-bit ones. In pure Rust they take about twice as long
/// (`experiments/0016-what-a-step-is-spent-on.md`).
#[cfg(feature = "flex")]
pub fn gains_by_half(device: &Device) -> bool {
    *device != Device::flex()
}

#[cfg(not(feature = "flex"))]
pub fn gains_by_half(_: &Device) -> bool {
    true
}

#[cfg(feature = "flex")]
fn flex() -> Result<Device> {
    Ok(Device::flex())
}

#[cfg(not(feature = "flex"))]
fn flex() -> Result<Device> {
    bail!("this binary was built without the pure-Rust back end: build it with --features flex")
}

#[cfg(feature = "tch")]
#[allow(deprecated)] // The library marks its PyTorch back end so; nothing else it has is as fast on a CPU yet.
fn torch() -> Result<Device> {
    keep_freed_memory();
    Ok(Device::libtorch())
}

/// Has the C library keep what tensors leave behind.
///
/// A training step frees and asks for tens of megabytes hundreds of times. As the library comes, the large ones go back to the system each
/// time, which clears every page of theirs when it is touched again
/// (`experiments/0016-what-a-step-is-spent-on.md`).
#[cfg(all(feature = "tch", target_os = "linux", target_env = "gnu"))]
fn keep_freed_memory() {
    // SAFETY: the call sets a number of the allocator, under its own lock. One that it refuses stays as it was.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
    }
}

#[cfg(all(feature = "tch", not(all(target_os = "linux", target_env = "gnu"))))]
fn keep_freed_memory() {}

#[cfg(feature = "tch")]
#[allow(deprecated)]
fn torch_cuda() -> Result<Device> {
    // Without a driver the library panics rather than saying so; the panic is the only probe it offers.
    let device = Device::libtorch_cuda(0);
    let probe = std::panic::catch_unwind(|| {
        burn::tensor::Tensor::<1>::zeros([1], &device).into_data();
        device
    });
    match probe {
        Ok(device) => Ok(device),
        Err(_) => bail!("PyTorch finds no NVIDIA GPU here: use --device torch"),
    }
}

#[cfg(not(feature = "tch"))]
fn torch() -> Result<Device> {
    bail!("this binary was built without PyTorch: build it with --features tch, or use --device flex")
}

#[cfg(not(feature = "tch"))]
fn torch_cuda() -> Result<Device> {
    torch()
}
