//! State in memory, as a VST3 stream.

use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard};

use vst3::Class;
use vst3::Steinberg::IBStream_::IStreamSeekMode_ as Seek;
use vst3::Steinberg::{IBStream, IBStreamTrait, int32, int64, kInvalidArgument, kResultOk, tresult};

/// Bytes and a place in them.
pub struct Stream(Mutex<(Vec<u8>, usize)>);

impl Stream {
    /// At the start of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Mutex::new((bytes, 0)))
    }

    /// All bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().0.clone()
    }

    fn lock(&self) -> MutexGuard<'_, (Vec<u8>, usize)> {
        self.0.lock().expect("nothing panics while it is held")
    }
}

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, buffer: *mut c_void, count: int32, read: *mut int32) -> tresult {
        let Ok(count) = usize::try_from(count) else { return kInvalidArgument };
        let (bytes, at) = &mut *self.lock();
        let count = count.min(bytes.len() - *at);
        // SAFETY: the caller gives room for what it asks for, and may give a place for the number.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes[*at..].as_ptr(), buffer.cast(), count);
            if let Some(read) = read.as_mut() {
                *read = count as i32;
            }
        }
        *at += count;
        kResultOk
    }

    unsafe fn write(&self, buffer: *mut c_void, count: int32, written: *mut int32) -> tresult {
        let Ok(length) = usize::try_from(count) else { return kInvalidArgument };
        let (bytes, at) = &mut *self.lock();
        // SAFETY: as in `read`.
        let from = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), length) };
        bytes.truncate(*at);
        bytes.extend_from_slice(from);
        *at += length;
        // SAFETY: as in `read`.
        if let Some(written) = unsafe { written.as_mut() } {
            *written = count;
        }
        kResultOk
    }

    unsafe fn seek(&self, by: int64, mode: int32, result: *mut int64) -> tresult {
        let (bytes, at) = &mut *self.lock();
        let from = match mode as u32 {
            Seek::kIBSeekSet => 0,
            Seek::kIBSeekCur => *at as i64,
            Seek::kIBSeekEnd => bytes.len() as i64,
            _ => return kInvalidArgument,
        };
        let Some(place) = usize::try_from(from + by).ok().filter(|place| *place <= bytes.len()) else { return kInvalidArgument };
        *at = place;
        // SAFETY: as in `read`.
        if let Some(result) = unsafe { result.as_mut() } {
            *result = place as i64;
        }
        kResultOk
    }

    unsafe fn tell(&self, place: *mut int64) -> tresult {
        // SAFETY: as in `read`.
        match unsafe { place.as_mut() } {
            Some(place) => *place = self.lock().1 as i64,
            None => return kInvalidArgument,
        }
        kResultOk
    }
}
