//! What a VST3 plugin asks of its host: here only whether it wants to be activated anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vst3::Class;
use vst3::Steinberg::Vst::RestartFlags_ as Restart;
use vst3::Steinberg::Vst::{IComponentHandler, IComponentHandlerTrait, ParamID, ParamValue};
use vst3::Steinberg::{int32, kResultOk, tresult};

/// Notes requests for a restart.
pub struct Handler(pub Arc<AtomicBool>);

impl Class for Handler {
    type Interfaces = (IComponentHandler,);
}

impl IComponentHandlerTrait for Handler {
    unsafe fn beginEdit(&self, _parameter: ParamID) -> tresult {
        kResultOk
    }

    unsafe fn performEdit(&self, _parameter: ParamID, _value: ParamValue) -> tresult {
        kResultOk
    }

    unsafe fn endEdit(&self, _parameter: ParamID) -> tresult {
        kResultOk
    }

    unsafe fn restartComponent(&self, flags: int32) -> tresult {
        let wanting = Restart::kReloadComponent | Restart::kIoChanged | Restart::kLatencyChanged;
        if flags & wanting != 0 {
            self.0.store(true, Ordering::SeqCst);
        }
        kResultOk
    }
}
