//! A block's parameter changes as VST3 wants them: a queue of points for each parameter.

use std::ptr::null_mut;

use vst3::Steinberg::Vst::{
    IParamValueQueue, IParamValueQueueTrait, IParameterChanges, IParameterChangesTrait, ParamID, ParamValue,
};
use vst3::Steinberg::{int32, kResultFalse, kResultOk, tresult};
use vst3::{Class, ComPtr, ComWrapper};

use crate::host::Event;

struct Queue {
    parameter: ParamID,
    points: Vec<(i32, f64)>,
}

impl Class for Queue {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Queue {
    unsafe fn getParameterId(&self) -> ParamID {
        self.parameter
    }

    unsafe fn getPointCount(&self) -> int32 {
        self.points.len() as i32
    }

    unsafe fn getPoint(&self, index: int32, offset: *mut int32, value: *mut ParamValue) -> tresult {
        let Some(point) = usize::try_from(index).ok().and_then(|index| self.points.get(index)) else { return kResultFalse };
        // SAFETY: the caller gives places to write to.
        unsafe { (*offset, *value) = *point };
        kResultOk
    }

    unsafe fn addPoint(&self, _offset: int32, _value: ParamValue, _index: *mut int32) -> tresult {
        kResultFalse
    }
}

/// All queues of a block.
pub struct Changes(Vec<ComPtr<IParamValueQueue>>);

impl Changes {
    /// From events in the order of time.
    pub fn from_events(events: &[Event]) -> ComPtr<IParameterChanges> {
        let mut queues: Vec<Queue> = Vec::new();
        for event in events {
            let point = (event.offset as i32, event.value);
            match queues.iter_mut().find(|queue| queue.parameter == event.parameter) {
                Some(queue) => queue.points.push(point),
                None => queues.push(Queue { parameter: event.parameter, points: vec![point] }),
            }
        }
        let queues = queues.into_iter().map(|queue| ComWrapper::new(queue).to_com_ptr().expect("a queue is one")).collect();
        ComWrapper::new(Self(queues)).to_com_ptr().expect("changes are such")
    }
}

impl Class for Changes {
    type Interfaces = (IParameterChanges,);
}

impl IParameterChangesTrait for Changes {
    unsafe fn getParameterCount(&self) -> int32 {
        self.0.len() as i32
    }

    unsafe fn getParameterData(&self, index: int32) -> *mut IParamValueQueue {
        usize::try_from(index).ok().and_then(|index| self.0.get(index)).map_or(null_mut(), ComPtr::as_ptr)
    }

    unsafe fn addParameterData(&self, _id: *const ParamID, _index: *mut int32) -> *mut IParamValueQueue {
        null_mut()
    }
}
