//! The place of the editor. There is none yet: hosts show their own list of the parameters, and nothing here sends
//! [commands](crate::view::Command).

use std::sync::Arc;

use crate::parameters::Parameters;
use crate::worker::Shared;

/// The framework's word for a plugin without an editor.
pub type Editor = ();

/// None.
pub fn create(_: Arc<Parameters>, _: Arc<Shared>) -> Option<Editor> {
    None
}
